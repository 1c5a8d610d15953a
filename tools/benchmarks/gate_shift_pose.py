"""Gate-Shift-Pose against its plain form (``tests/reference/gate_shift_pose.py``): equal results first, then time.

    python tools/benchmarks/gate_shift_pose.py [--threads 2] [--rounds 15]

Gate-Shift-Fuse alone on one clip of 8 frames at three sizes, and the whole early fusion (the released "ResNet18") on 8
frames of 112 x 112 with their heatmaps. Both run in turn within one process; per round one pass of each, so that
whatever else the machine does hits both.
"""
import argparse
import sys
from functools import partial
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'tests'))

from measure import compare, forward, step  # noqa: E402  (beside this file)
from reference.gate_shift_pose import GSF, EarlyFusion  # noqa: E402
from torch import nn  # noqa: E402

import mmskel  # noqa: E402,F401
from mmskel.interop import build_published  # noqa: E402

SIZES = ((64, 28), (256, 7), (256, 28))  # channels, height and width
FRAMES = 8


class Logits(nn.Module):
    """The logits alone of a published model, or a module as it is."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        found = self.model(x)
        return found.get('out_logits', found.get('out_y')) if isinstance(found, dict) else found


def pulled(model, x, upstream):
    """Forward and backward pass with a given gradient of the result."""
    model.zero_grad()
    model(x.detach().requires_grad_()).backward(upstream)


def check(name, models, x):
    """Asserts equal results in float64, in evaluation and in training."""
    for mode in (False, True):
        expected, found = (model.double().train(mode)(x.double()).detach() for model in models)
        error = ((found - expected).abs().max() / expected.abs().max()).item()
        assert error < 1e-9, f'{name}: results differ by {error:.1e}'
    for model in models:
        model.float()
    print(f'{name}: equal within {error:.0e} (float64)')


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--rounds', type=int, default=15)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    print(f'{args.threads} threads, PyTorch {torch.__version__}, {args.rounds} rounds; median [quartiles] in ms')
    for channels, side in SIZES:
        plain = GSF(channels, FRAMES)
        ours = build_published('gate_shift_pose', dict(kind='gsf', args=dict(fPlane=channels, num_segments=FRAMES)),
                               plain.state_dict())
        models, x = (plain, Logits(ours)), torch.randn(FRAMES, channels, side, side)
        check(f'GSF, {channels} channels, {side} x {side}', models, x)
        for name, mode in (('forward (eval)', False), ('forward + backward (train)', True)):
            run = partial(pulled, x=x, upstream=torch.randn_like(x)) if mode else (lambda model: forward(model, x))
            for model in models:
                model.train(mode)
            compare(name, dict(plain=partial(run, models[0]), ours=partial(run, models[1])), models, args.rounds)
    plain = EarlyFusion(segments=FRAMES)
    ours = build_published('gate_shift_pose', dict(kind='early', args=dict(dropout=0.)), plain.state_dict())
    models, x = (plain, Logits(ours)), torch.randn(1, FRAMES * 4, 112, 112)
    check('early fusion, 8 frames of 112 x 112', models, x)
    for name, run, mode in (('forward (eval)', forward, False),
                            ('forward + backward (train)', partial(step, label=torch.tensor([1])), True)):
        for model in models:
            model.train(mode)
        compare(name, dict(plain=partial(run, plain, x), ours=partial(run, models[1], x)), models, args.rounds)


if __name__ == '__main__':
    main()
