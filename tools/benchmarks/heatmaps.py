"""Heatmap volumes against MMAction2's ``GeneratePoseTarget``: equal values first, then time and bytes.

    python tools/benchmarks/heatmaps.py [--rounds 5] [--persons 1 2 10]

One process, one thread, 48 frames of 17 joints (COCO), a moving figure per person that fills most of the image. Joints
must agree to the last bit, limbs within 3e-6 (see docs/posec3d.md). Both run in turn; times are the median and the best
of the rounds, ratios those of the medians. Every volume has to be zeroed, which neither can avoid: ``zeros`` says what
that alone takes. Bytes: what a clip sends to the device, as joints and as volumes.
"""
import argparse
import statistics

import numpy as np
import torch
from measure import race  # beside this file

import mmskel  # noqa: F401  (repairs the stack before MMAction2 is imported)

from mmaction.datasets.transforms import GeneratePoseTarget  # isort: skip
from mmskel.models.encoders import heatmap_volume
from mmskel.skeleton import get_layout

FRAMES, SIZES = 48, (56, 64)
LIMBS = get_layout('coco17').limbs
# a standing figure, x from the middle and y from the top, in tenths of its height
FIGURE = np.array([(0, 0), (.3, -.3), (-.3, -.3), (.6, -.1), (-.6, -.1), (1.4, 1.3), (-1.4, 1.3), (1.9, 2.8),
                   (-1.9, 2.8), (2.1, 4.1), (-2.1, 4.1), (1, 5), (-1, 5), (1.1, 7.5), (-1.1, 7.5),
                   (1.2, 10), (-1.2, 10)]) / 10


def make_clip(persons, size):
    """(keypoint (M, T, V, 2), score (M, T, V)): figures that sway."""
    rng = np.random.default_rng(0)
    phase = rng.uniform(0, 6, (persons, 1)) + np.linspace(0, 6, FRAMES)
    shift = np.stack([0.5 + 0.05 * np.sin(phase), 0.1 + 0.03 * np.cos(phase)], -1)[:, :, None]
    keypoint = (FIGURE * 0.8 + shift) * size + rng.normal(0, 0.5, (persons, FRAMES, 17, 2))
    return keypoint.astype(np.float32), rng.uniform(0.3, 1, keypoint.shape[:3]).astype(np.float32)


def compare(persons, size, limbs, rounds):
    """Checks and times one kind of volume; returns the ratio of the medians."""
    keypoint, score = make_clip(persons, size)
    published = GeneratePoseTarget(with_kp=not limbs, with_limb=limbs, skeletons=LIMBS)
    sample = dict(keypoint=keypoint, keypoint_score=score, img_shape=(size, size))
    joints, scores = torch.from_numpy(keypoint)[None], torch.from_numpy(score)[None]

    def theirs():
        return published.gen_an_aug(dict(sample))

    def ours():
        return heatmap_volume(joints, scores, (size, size), joints=not limbs, limbs=LIMBS if limbs else ())

    def zeros():
        return torch.zeros(17 * FRAMES * size * size)

    error = float(np.abs(theirs() - ours()[0].transpose(0, 1).numpy()).max())
    assert error <= (3e-6 if limbs else 0), f'volumes differ by {error:.1e}'
    times = race((theirs, ours, zeros), rounds)
    (slow, slow_best), (fast, fast_best), (floor, _) = ((statistics.median(t), min(t)) for t in times)
    print(f'{"limbs " if limbs else "joints"} {FRAMES}x17x{size}x{size} M={persons:<3} differ by {error:.0e}   '
          f'MMAction2 {slow:7.1f} ({slow_best:.1f}) ms   ours {fast:6.2f} ({fast_best:.2f}) ms   '
          f'zeros {floor:5.2f} ms   {slow / fast:5.1f}x')


def print_bytes(persons, size):
    """Joints, scores and frame numbers of a clip against its volume, in training and at test."""
    for label, clips, views in (('training, 1 view', 1, 1), ('test, 20 views', 10, 20)):
        joints = clips * FRAMES * (persons * 17 * 3 * 4 + (8 if views > 1 else 0))
        volume = views * 17 * FRAMES * size * size * 4
        print(f'bytes to the device, {label:16s} {size}x{size} M={persons:<3} joints {joints:9,}   '
              f'volume {volume:13,}   {volume / joints:7.0f}x fewer')


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--persons', type=int, nargs='+', default=[1, 2, 10])
    args = parser.parse_args()
    torch.set_num_threads(1)
    print(f'PyTorch {torch.__version__}, NumPy {np.__version__}, 1 thread, {args.rounds} rounds; median (best)')
    for size in SIZES:
        for persons in args.persons:
            for limbs in (False, True):
                compare(persons, size, limbs, args.rounds)
    for persons in args.persons:
        print_bytes(persons, 56)


if __name__ == '__main__':
    main()
