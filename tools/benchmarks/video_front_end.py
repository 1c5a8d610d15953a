"""The video front end against mmpose's ``MMPoseInferencer``: equal results first, then frames per second.

    python tools/benchmarks/video_front_end.py --weights FOLDER --video FILE [--rounds 5 | --jobs 8 | --memory 20000]

``--rounds``: frames/s of both, of ours with det_every 1 and 5; ``--jobs``: clips/s of ``mmskel extract`` with --jobs 1
and 2; ``--memory``: resident memory along a video of that many frames.

The models are RTMDet-nano (320 x 320 pixels) and PP-TinyPose (256 x 192), with the weights in ``--weights``; the video
is ``--video``.

Speed: both read the same file, in one process, on ``--threads`` threads of PyTorch, on the CPU. mmpose's generator is
consumed and nothing is drawn or written; ours makes the whole clip, tracking included. Thresholds are mmpose's own:
boxes of at least 0.3, of two that overlap by more than 0.3 the better one. Before timing, each frame must have the same
persons in both (paired by the overlap of their boxes, at least 0.5), boxes within 0.1 pixels, and joints too, but for
one in 500 that may differ by up to 0.5: where a heatmap is nearly flat, mmpose's refinement turns the last bits of the
network's output into tenths of a pixel of a Full-HD frame. After a warm-up the three run in turn, so that whatever else
the machine does hits all; medians, the range and the ratio per round are printed.

Jobs: a folder with that many copies of the video goes through ``mmskel extract`` as a command of its own; clips/s count
from when every job has finished its first clip, so start-up, loading and writing do not count. One job and two are
compared with the same --threads 1 per job; beside them stands one job that may use all cores.

Memory: a file of that many frames is made of the video, forwards and backwards in turn (so that nobody jumps), at most
340 pixels wide, and goes through ``SkeletonExtractor`` with det_every 5 and two persons at most. The pose network sees
the persons at half its size (96 x 128), which costs a quarter of the time and leaves the persons tracked.
"""
import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests'))

from pose_models import DETECTOR, TINYPOSE  # noqa: E402

import mmskel  # noqa: E402
from mmskel.pose.detection import PersonDetector  # noqa: E402
from mmskel.pose.estimation import PoseEstimator  # noqa: E402
from mmskel.pose.extraction import ExtractionOptions, SkeletonExtractor  # noqa: E402
from mmskel.pose.loading import find_model_config  # noqa: E402
from mmskel.pose.similarity import box_iou  # noqa: E402
from mmskel.video.reading import open_video  # noqa: E402

DET_WEIGHTS, POSE_WEIGHTS = 'rtmdet_nano_person_320.pth', 'pp_tinypose_256x192.pth'
THRESHOLD = 0.3  # of MMPoseInferencer, for scores and for overlaps
# what MMPoseInferencer wants in a config besides
FOR_INFERENCER = '''
data_mode, dataset_type = 'topdown', 'CocoDataset'
visualizer = dict(type='PoseLocalVisualizer', vis_backends=[], name='visualizer')
'''


def pose_config(folder, small=False):
    path = Path(folder) / 'tinypose.py'
    config = TINYPOSE
    if small:
        for size, half in (((192, 256), (96, 128)), ((48, 64), (24, 32))):
            assert str(size) in config
            config = config.replace(str(size), str(half))
    path.write_text(config + FOR_INFERENCER)
    return path


def our_models(folder, weights, small=False):
    detector = PersonDetector(DETECTOR, str(weights / DET_WEIGHTS), 'cpu', min_score=THRESHOLD, max_overlap=THRESHOLD)
    return detector, PoseEstimator(pose_config(folder, small), str(weights / POSE_WEIGHTS), 'cpu')


def their_model(folder, weights):
    from mmpose.apis import MMPoseInferencer
    det_config = Path(folder) / 'rtmdet_nano.py'
    find_model_config(DETECTOR, '').dump(det_config)
    return MMPoseInferencer(pose2d=str(pose_config(folder)), pose2d_weights=str(weights / POSE_WEIGHTS),
                            det_model=str(det_config), det_weights=str(weights / DET_WEIGHTS), det_cat_ids=[0],
                            device='cpu')


def assert_equal(theirs, ours):
    """Every frame's persons, theirs (dicts) and ours (Poses); returns the differences in pixels: boxes, joints."""
    assert len(theirs) == len(ours), f'{len(theirs)} frames of mmpose, {len(ours)} of ours'
    of_boxes, of_joints = [], []
    for t, (their, our) in enumerate(zip(theirs, ours)):
        boxes = np.array([p['bbox'][0] for p in their], np.float32).reshape(-1, 4)
        overlap = box_iou(boxes, our.boxes)
        rows, columns = linear_sum_assignment(-overlap)
        assert len(their) == len(our) == (overlap[rows, columns] >= 0.5).sum(), \
            f'frame {t}: {len(their)} persons of mmpose, {len(our)} of ours, overlaps {overlap.tolist()}'
        for i, j in zip(rows, columns):
            of_boxes.append(np.abs(boxes[i] - our.boxes[j]).max())
            of_joints.append(np.abs(their[i]['keypoints'] - our.keypoint[j]).max(-1))
    of_boxes, of_joints = np.array(of_boxes), np.array(of_joints)
    assert of_boxes.max() <= 0.1, f'boxes differ by {of_boxes.max():.3f} pixels'
    assert (of_joints > 0.1).mean() <= 1 / 500 and of_joints.max() <= 0.5, \
        f'{(of_joints > 0.1).sum()} of {of_joints.size} joints differ by more than 0.1 pixels, {of_joints.max():.3f}'
    return of_boxes, of_joints


def speed(args, folder):
    """Asserts equality, then times."""
    torch.set_num_threads(args.threads)
    video, models, inferencer = str(args.video), our_models(folder, args.weights), their_model(folder, args.weights)
    extract = {every: SkeletonExtractor(*models, ExtractionOptions(det_every=every)) for every in (1, 5)}
    runs = {'MMPoseInferencer': lambda: list(inferencer(video)),
            **{f'mmskel, det_every {every}': lambda every=every: extract[every](video) for every in (1, 5)}}
    theirs = [found['predictions'][0] for found in runs['MMPoseInferencer']()]
    with open_video(video) as frames:
        boxes, joints = assert_equal(theirs, list(extract[1].poses(frames)))
    print(f'{len(theirs)} frames with {len(boxes)} persons, the same in both; boxes differ by at most '
          f'{boxes.max():.4f} pixels, joints by {np.median(joints):.4f} (median), {np.percentile(joints, 99):.4f} '
          f'(99 %), {joints.max():.4f} (most; {(joints > 0.1).sum()} of {joints.size} by more than 0.1)')
    first, fifth = (run() for run in list(runs.values())[1:])
    assert first.num_frames == fifth.num_frames == len(theirs)
    if first.keypoint.shape == fifth.keypoint.shape:
        apart = np.linalg.norm(first.keypoint - fifth.keypoint, axis=-1)
        print(f'det_every 5 against 1: joints differ by {np.median(apart):.2f} pixels (median), '
              f'{np.percentile(apart, 95):.1f} (95 %)')
    rates = {name: [] for name in runs}
    for _ in range(args.rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            rates[name].append(len(theirs) / (time.perf_counter() - start))
    print(f'{args.threads} threads, PyTorch {torch.__version__}, {args.rounds} rounds; frames/s: median [range], and '
          'how many times as fast as MMPoseInferencer in the same round: median [range]')
    for name, values in rates.items():
        ratio = [ours / theirs for ours, theirs in zip(values, rates['MMPoseInferencer'])]
        print(f'{name:22s} {statistics.median(values):6.1f} [{min(values):.1f}, {max(values):.1f}]   '
              f'{statistics.median(ratio):.2f}x [{min(ratio):.2f}, {max(ratio):.2f}]')


def clips_per_second(clips, jobs, threads, args, folder):
    """Of ``mmskel extract`` with so many copies of the video, from when every job has finished its first."""
    videos, out = Path(folder) / 'clips', Path(folder) / 'out.pkl'
    if not videos.is_dir():
        videos.mkdir()
        for i in range(clips):
            shutil.copy(args.video, videos / f'clip_{i:03d}{args.video.suffix}')
    command = [sys.executable, '-m', 'mmskel', 'extract', str(videos), str(out),
               '--jobs', str(jobs), *(['--threads', str(threads)] if threads else []),
               '--device', 'cpu', '--det-config', DETECTOR,
               '--det-weights', str(args.weights / DET_WEIGHTS), '--pose-config', str(pose_config(folder)),
               '--pose-weights', str(args.weights / POSE_WEIGHTS)]
    process = subprocess.Popen(command, env=dict(os.environ, PYTHONPATH=str(ROOT)), stderr=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL)
    finished = []  # when each clip's record was there
    while process.poll() is None:
        records = len(list(out.with_name('out.pkl.journal').glob('[0-9a-f]*.pkl')))
        finished += [time.perf_counter()] * (records - len(finished))
        time.sleep(0.01)
    assert process.returncode == 0 and len(finished) >= clips - 1, f'{finished} of {clips} records were seen'
    return (len(finished) - jobs) / (finished[-1] - finished[jobs - 1])


def jobs(args, folder):
    """Clips per second of one job and of two."""
    rates, ways = {}, {'--jobs 1 --threads 1': (1, 1), '--jobs 2 --threads 1': (2, 1), '--jobs 1': (1, 0)}
    for _ in range(args.rounds):
        for name, (number, threads) in ways.items():
            rates.setdefault(name, []).append(clips_per_second(args.jobs, number, threads, args, folder))
    print(f'{os.cpu_count()} cores, {args.rounds} rounds of {args.jobs} clips; clips/s: median [range], and how many '
          'times as fast two jobs are')
    for name, values in rates.items():
        ratio = statistics.median(two / one for two, one in zip(rates['--jobs 2 --threads 1'], values))
        print(f'{name:22s} {statistics.median(values):6.3f} [{min(values):.3f}, {max(values):.3f}]   {ratio:.2f}x')


def looped(video, frames, path):
    """A file of so many frames: the video forwards and backwards in turn, at most 340 pixels wide."""
    import cv2
    with open_video(video) as opened:
        height, width = opened.size
        size = (340, round(height * 340 / width)) if width > 340 else (width, height)
        images = [cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA) for frame in opened]
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'mp4v'), opened.fps, size)
    there_and_back = images + images[-2:0:-1]
    for i in range(frames):
        writer.write(there_and_back[i % len(there_and_back)])
    writer.release()
    return size


def resident():
    """MiB of memory that this process holds (Linux)."""
    pages = int(Path('/proc/self/statm').read_text().split()[1])
    return pages * os.sysconf('SC_PAGE_SIZE') / 2**20


def memory(args, folder):
    """Resident memory along a long video."""
    path = Path(folder) / 'long.mp4'
    size = looped(args.video, args.memory, path)
    torch.set_num_threads(args.threads)
    extract = SkeletonExtractor(*our_models(folder, args.weights, small=True),
                                ExtractionOptions(det_every=5, max_persons=2))
    step, poses, held = max(1, args.memory // 10), extract.poses, {}

    def watched(video):
        for i, found in enumerate(poses(video), 1):
            if i == min(500, args.memory) or i % step == 0:
                held[i] = resident()
            yield found

    extract.poses = watched
    start = time.perf_counter()
    clip = extract(path)
    took = time.perf_counter() - start
    end, mib = resident(), (clip.keypoint.nbytes + clip.score.nbytes) / 2**20
    assert clip.num_frames == args.memory
    print(f'{args.memory} frames of {size[0]} x {size[1]}, {len(clip.keypoint)} persons, {args.memory / took:.1f} '
          'frames/s; resident memory in MiB')
    for i, value in held.items():
        print(f'{f"after frame {i}":22s} {value:7.0f}')
    print(f'{"clip done":22s} {end:7.0f}   ({end - held[min(500, args.memory)]:+.0f} since frame '
          f'{min(500, args.memory)}; the clip itself is {mib:.1f})')


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--weights', type=Path, required=True, metavar='FOLDER',
                        help=f'holds {DET_WEIGHTS} and {POSE_WEIGHTS}')
    parser.add_argument('--video', type=Path, required=True, metavar='FILE')
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--rounds', type=int, default=5)
    what = parser.add_mutually_exclusive_group()
    what.add_argument('--jobs', type=int, metavar='CLIPS', help='compare --jobs 1 and 2 on so many clips, at least 4')
    what.add_argument('--memory', type=int, metavar='FRAMES', help='follow the memory along a video of so many frames')
    args = parser.parse_args()
    print(f'mmskel {mmskel.__version__}, {args.video.name}')
    with tempfile.TemporaryDirectory() as folder:
        (jobs if args.jobs else memory if args.memory else speed)(args, folder)


if __name__ == '__main__':
    main()
