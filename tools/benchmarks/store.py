"""The columnar store at the size of Kinetics-skeleton, against the pickle in memory and against one file per clip.

    python tools/benchmarks/store.py [--clips 260000] [--frames 300] [--folder DIR] [--numbers float16]

Made-up clips of 18 joints and x, y, score, ragged up to ``--frames`` frames, one or two persons. Every figure is of
a process of its own: time to open, resident memory beyond the interpreter with the same imports (private, and with the
pages of mapped files), random reads (median and 99th percentile) from a warm page cache, and the clips per second of a
training's loader with 0, 1, 2 and 4 workers.
"""
from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

READS, MOST_PICKLED = 3000, 20000


def made_clips(count: int, frames: int):
    """Ragged clips in pixels, always the same."""
    from mmskel.skeleton import Clip
    rng = np.random.default_rng(0)
    noise = rng.uniform(0, 340, (2, frames, 18, 2)).astype(np.float32)
    score = rng.uniform(.3, 1, (2, frames, 18)).astype(np.float32)
    for i in range(count):
        persons, length = 1 + i % 2, int(rng.integers(max(frames // 5, 1), frames + 1))
        yield Clip(f'video_{i:06d}', noise[:persons, :length] + i % 7, score[:persons, :length], layout='openpose18',
                   image_size=(256, 340), fps=30., label=i % 400)


def resident() -> float:
    """Resident memory of this process that no file backs, and all of it, MB."""
    fields = dict(line.split(':')[:2] for line in Path('/proc/self/status').read_text().splitlines() if ':' in line)
    return tuple(int(fields[key].split()[0]) / 1024 for key in ('RssAnon', 'VmRSS'))


class ClipFiles:
    """One ``.npz`` per clip, as a store; columns come from a list beside the folder."""
    in_memory, split, meta, class_names = False, {}, {}, ()

    def __init__(self, path: str):
        self.path, self.layout = path, 'openpose18'
        known = np.load(f'{path}.npy')
        self.shapes, self.labels = known[:, :4], known[:, 4]
        self.ids = [f'video_{i:06d}' for i in range(len(known))]
        self.scored = np.ones(len(known), bool)

    def __len__(self) -> int:
        return len(self.ids)

    def clip(self, row: int):
        from mmskel.skeleton import Clip
        with np.load(f'{self.path}/{self.ids[row]}.npz') as file:
            return Clip(self.ids[row], file['keypoint'], file['score'], layout=self.layout, image_size=(256, 340),
                        fps=30., label=int(self.labels[row]))


def measure(what: str, path: str) -> dict:
    """One figure or more of one kind of data; runs in a process of its own."""
    import torch
    from mmengine.registry import init_default_scope

    import mmskel  # noqa: F401
    from mmskel.data.dataset import SkeletonDataset
    from mmskel.data.store import KINDS, open_store
    from mmskel.data.transforms import PackSkeleton, ResampleFrames, SetPersons
    init_default_scope('mmaction')
    torch.set_num_threads(1)
    if what == 'files':
        KINDS.insert(0, (lambda place: place.is_dir() and place.name == 'files', ClipFiles))
    before = resident()
    start = time.perf_counter()
    store = open_store(path)
    store.ids, store.labels, store.shapes
    opened = time.perf_counter() - start
    rows = np.random.default_rng(1).integers(0, len(store), READS)
    for row in rows:
        store.clip(row)
    took = []
    for row in rows:
        start = time.perf_counter()
        store.clip(row)
        took.append(time.perf_counter() - start)
    after = resident()
    found = dict(open_s=opened, read_us=[float(np.percentile(took, q) * 1e6) for q in (50, 99)],
                 private_mb=after[0] - before[0], resident_mb=after[1] - before[1])
    start = time.perf_counter()
    dataset = SkeletonDataset(path, [SetPersons(2), ResampleFrames(64, random=True), PackSkeleton()])
    found['dataset_s'] = time.perf_counter() - start
    found['loader'] = {}
    from mmskel.data.batching import stack_clips
    for workers in (0, 1, 2, 4):
        loader = torch.utils.data.DataLoader(dataset, 32, shuffle=True, num_workers=workers, collate_fn=stack_clips,
                                             generator=torch.Generator().manual_seed(0))
        batches = iter(loader)
        next(batches)
        start, count = time.perf_counter(), 0
        for batch in batches:
            count += len(batch['data_samples'])
            if count >= READS:
                break
        found['loader'][workers] = count / (time.perf_counter() - start)
        del batches
    return found


def in_process(what: str, path: Path) -> dict:
    done = subprocess.run([sys.executable, __file__, '--measure', what, str(path)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--clips', type=int, default=260_000)
    parser.add_argument('--frames', type=int, default=300)
    parser.add_argument('--numbers', default='float16')
    parser.add_argument('--folder', help='folder for the data; default: a temporary one')
    parser.add_argument('--check', action='store_true', help='also run `mmskel check` and report its peak memory')
    parser.add_argument('--measure', nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        print(json.dumps(measure(*args.measure)))
        return
    from mmskel.data import save_annotation_file
    from mmskel.data.store import StoreWriter, open_store
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        path, pickled, files = Path(folder) / 's.mmsk', Path(folder) / 'p.pkl', Path(folder) / 'files'
        start = time.perf_counter()
        with StoreWriter(path, numbers=args.numbers) as writer:
            for clip in made_clips(args.clips, args.frames):
                writer.add(clip)
        size = sum(file.stat().st_size for file in path.iterdir()) / 2**20
        print(f'store: {args.clips} clips, built in {time.perf_counter() - start:.0f} s, {size:.0f} MiB')
        few = min(args.clips, MOST_PICKLED)
        save_annotation_file(pickled, list(made_clips(few, args.frames)), {}, dict(layout='openpose18'))
        files.mkdir()
        known = []
        for clip in made_clips(few, args.frames):
            known.append((*clip.keypoint.shape, clip.label))
            np.savez(files / clip.id, keypoint=clip.keypoint.astype(np.float16), score=clip.score.astype(np.float16))
        np.save(f'{files}.npy', np.array(known))
        store, last = open_store(path), None
        for last in made_clips(few, args.frames):
            pass
        off = np.abs(store.clip(few - 1).keypoint - last.keypoint).max()
        assert off <= (.13 if args.numbers == 'float16' else .01), off  # the same clips, as exact as they are kept
        for name, what, where in (('store', 'store', path), (f'pickle of {few}', 'store', pickled),
                                  (f'one file per clip, {few}', 'files', files)):
            print(f'{name}: ' + json.dumps(in_process(what, where)))
        if args.check:
            start = time.perf_counter()
            code = ('import resource; from mmskel.data.checking.file import check_file; '
                    f'check_file({str(path)!r}); print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)')
            done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
            print(f'check: {time.perf_counter() - start:.0f} s, peak {float(done.stdout.split()[-1]):.0f} MiB resident')


if __name__ == '__main__':
    main()
