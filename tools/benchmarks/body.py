"""SKEL against a plain transcription (``tests/reference/skel.py``): joints, skin, the fit; equal results first.

    python tools/benchmarks/body.py [--threads 1] [--rounds 5] [--no-fit]

Made-up body of the parity files (414 vertices): 1,000 frames of one person, and the alignment of 4 frames to SMPL,
once. CPU seconds of this process, so that other processes do not count.
"""
import argparse
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'tests'))

from parity import load  # noqa: E402
from reference.skel import dense_model, plain_fit, skel_forward  # noqa: E402

from mmskel.body import SKEL, body_from_arrays  # noqa: E402
from mmskel.body.align import fit_skin  # noqa: E402


def seconds(run, rounds):
    """The least CPU seconds of a call, and its result."""
    best, result = float('inf'), None
    for _ in range(rounds):
        start = time.process_time()
        result = run()
        best = min(best, time.process_time() - start)
    return best, result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--no-fit', action='store_true')
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    arrays = load('skel_small')[1]
    model = dense_model(arrays)
    skel = SKEL(body_from_arrays({key[6:]: value for key, value in arrays.items() if key.startswith('model_')}))
    poses, betas, trans = torch.randn(1000, 46) * 0.3, torch.randn(1, 10), torch.randn(1000, 3)
    with torch.no_grad():
        plain, expected = seconds(lambda: skel_forward(model, poses, betas.expand(1000, -1), trans), args.rounds)
        joints, found = seconds(lambda: skel.joints(poses, betas, trans), args.rounds)
        assert (found - expected['joints']).abs().max() < 1e-4
        skin, found = seconds(lambda: skel(poses, betas, trans), args.rounds)
        assert (found.skin_verts - expected['skin_verts']).abs().max() < 1e-4
    print(f'1,000 frames, {args.threads} threads, PyTorch {torch.__version__}, CPU milliseconds')
    print(f'plain {plain * 1e3:.1f}; joints without skin {joints * 1e3:.1f} ({plain / joints:.1f}x); with skin '
          f'{skin * 1e3:.1f} ({plain / skin:.1f}x)')
    if args.no_fit:
        return
    align = {key: torch.from_numpy(value) for key, value in load('skel_align')[1].items()}
    inputs = [align[f'in_smpl_{key}'] for key in ('poses', 'betas', 'trans', 'vertices')]
    weights = align['model_smpl_lbs_weights']
    ours, fit = seconds(lambda: fit_skin(skel, weights, inputs[3], *inputs[:3]), 1)
    plain, (angles, moved, count) = seconds(lambda: plain_fit(model, weights, *inputs), 1)
    skin = skel_forward(model, angles, inputs[1].expand(4, -1), moved)['skin_verts']
    error = (skin - inputs[3]).norm(dim=-1).mean()
    assert fit.vertex_error.mean() <= 1.05 * error
    print(f'fit of 4 frames: plain {plain:.1f} CPU seconds ({count} evaluations, {error * 1e3:.2f} mm); ours '
          f'{ours:.1f} ({fit.vertex_error.mean() * 1e3:.2f} mm): {plain / ours:.1f}x')


if __name__ == '__main__':
    main()
