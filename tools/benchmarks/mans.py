"""MANs' three TARMs as one batch against three separate ones (``tests/reference/mans.py``): equal results first.

    python tools/benchmarks/mans.py [--threads 1] [--rounds 30]

16 clips, 50 frames, 50 columns, H = 64, no dropout. Both run in turn within one process.
"""
import argparse
import sys
from functools import partial
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'tests'))

from measure import compare, forward  # noqa: E402  (beside this file)
from reference.mans import PlainTARMs  # noqa: E402

import mmskel  # noqa: E402,F401
from mmskel.models.backbones.mans import TARM  # noqa: E402


def step(model, x):
    """Forward and backward pass."""
    model.zero_grad()
    model(x).square().mean().backward()


def alike(plain, ours):
    """Fills ours with the weights of the separate modules."""
    with torch.no_grad():
        for i, one in enumerate(plain.tarm):
            layers = dict(embed=one.embed, proj=one.proj, squeeze=one.att[0], excite=one.att[2])
            for name, layer in layers.items():
                ours.get_submodule(name).weight[i] = layer.weight
                ours.get_submodule(name).bias[i] = layer.bias
            for direction, suffix in enumerate(('', '_reverse')):
                for name in ('weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'):
                    getattr(ours.gru, name)[i, direction] = getattr(one.gru, f'{name}_l0{suffix}')


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--rounds', type=int, default=30)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    plain, ours = PlainTARMs(50, 50, 64), TARM(3, 50, 50, 64, 'torch', 0., True)
    alike(plain, ours)
    x = torch.randn(16, 3, 50, 50)
    with torch.no_grad():
        error = ((ours.double()(x.double()) - plain.double()(x.double())).abs().max()).item()
    assert error < 1e-9, f'results differ by {error:.1e}'
    print(f'equal within {error:.0e} (float64)')
    models = plain.float(), ours.float()
    print(f'{args.threads} threads, PyTorch {torch.__version__}, {args.rounds} rounds; median [quartiles] in ms')
    for name, run in (('forward (eval)', forward), ('forward + backward (train)', step)):
        compare(name, dict(separate=partial(run, plain, x), batched=partial(run, ours, x)), models, args.rounds)


if __name__ == '__main__':
    main()
