"""The data path of ST-GCN, one loader worker: clips per second of MMAction2's pipeline and of ours, same clips.

    python tools/benchmarks/data_path.py [--data FILE.pkl] [--rounds 7]

Without ``--data`` the clips are made up: NTU's joints, one or two persons, 40 to 200 frames. Both pipelines sample 100
frames with the published fixed draw, so their tensors must be equal; that is asserted before anything is timed. Rounds
alternate between the two; medians and the spread are printed.
"""
from __future__ import annotations

import argparse
import pickle
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader

from mmskel.data.annotation_file import load_annotation_file, save_annotation_file
from mmskel.skeleton import Clip

CLIP_LEN = 100


def made_up_clips(path: Path, count: int = 400) -> None:
    """An annotation file of NTU-like clips: motion, sensor noise, a second person in every third clip."""
    rng = np.random.default_rng(0)
    clips = []
    for i in range(count):
        persons, frames = 1 + (i % 3 == 0), int(rng.integers(40, 200))
        walk = np.cumsum(rng.normal(scale=0.01, size=(persons, frames, 25, 3)), 1)
        body = rng.normal(scale=0.4, size=(persons, 1, 25, 3)) + (0, 0, 3)
        clips.append(Clip(f'c{i}', walk + body, layout='ntu25', label=i % 60))
    save_annotation_file(path, clips, dict(all=[c.id for c in clips]), dict(layout='ntu25'))


def datasets(path: Path, folder: Path):
    """(MMAction2's data set, ours), both with their test pipeline of one clip of 100 frames."""
    from mmaction.datasets import PoseDataset

    from mmskel.data.dataset import SkeletonDataset
    theirs = [dict(type='PreNormalize3D'), dict(type='GenSkeFeat', dataset='nturgb+d', feats=['j']),
              dict(type='UniformSampleFrames', clip_len=CLIP_LEN, num_clips=1, test_mode=True), dict(type='PoseDecode'),
              dict(type='FormatGCNInput', num_person=2), dict(type='PackActionInputs')]
    ours = [dict(type='AlignBody3D', layout='ntu25'), dict(type='SampleUniformly', clip_len=CLIP_LEN, test_mode=True),
            dict(type='SetPersons', num_person=2), dict(type='PackSkeleton')]
    plain = folder / 'annotations.pkl'  # without splits PoseDataset wants the bare list
    plain.write_bytes(pickle.dumps(load_annotation_file(path).annotations))
    return PoseDataset(str(plain), theirs, test_mode=True), SkeletonDataset(str(path), ours, test_mode=True)


def assert_equal(theirs, ours) -> None:
    """Every clip's tensor, ours against theirs."""
    for i in range(len(theirs)):
        a, b = theirs[i]['inputs'].float(), ours[i]['inputs']['keypoint']
        torch.testing.assert_close(b, a, rtol=1e-4, atol=1e-5, msg=lambda text, i=i: f'clip {i} differs: {text}')


def rate(dataset) -> float:
    """Clips per second through a loader with one worker, after the worker has started."""
    from mmengine.dataset import pseudo_collate
    loader = DataLoader(dataset, batch_size=16, num_workers=1, collate_fn=pseudo_collate, persistent_workers=True)
    for _ in loader:
        pass
    begin = time.perf_counter()
    for _ in loader:
        pass
    return len(dataset) / (time.perf_counter() - begin)


def main() -> None:
    """Asserts equality, then times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--data', help='annotation file of ntu25 clips')
    parser.add_argument('--rounds', type=int, default=7)
    args = parser.parse_args()
    from mmengine.registry import init_default_scope

    import mmskel  # noqa: F401  (repairs, registration)
    init_default_scope('mmaction')
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(args.data) if args.data else Path(folder) / 'clips.pkl'
        if not args.data:
            made_up_clips(path)
        frames = [item['total_frames'] for item in load_annotation_file(path).annotations]
        theirs, ours = datasets(path, Path(folder))
        assert_equal(theirs, ours)
        print(f'{len(theirs)} clips of {min(frames)} to {max(frames)} frames: all tensors equal (1e-5)')
        rates = dict(mmaction2=[], mmskel=[])
        for _ in range(args.rounds):
            rates['mmaction2'].append(rate(theirs))
            rates['mmskel'].append(rate(ours))
    for name, values in rates.items():
        print(f'{name:>10}: {statistics.median(values):7.0f} clips/s  (median of {len(values)}; {min(values):.0f} to '
              f'{max(values):.0f})')
    ratios = [b / a for a, b in zip(*rates.values())]
    print(f'{"ratio":>10}: {statistics.median(ratios):7.2f}  ({min(ratios):.2f} to {max(ratios):.2f})')


if __name__ == '__main__':
    main()
