"""SkateFormer against its plain form (``tests/reference/skateformer.py``): equal results first, then time and memory.

    python tools/benchmarks/skateformer.py [--threads 2] [--rounds 11] [--batches 2 8]

NTU shape: M = 2, T = 64, 24 joints, 60 classes, the published dropout and stochastic depth in training. Both run in
turn within one process; per round one pass of each, so that whatever else the machine does hits both. Memory: what
autograd and the pass itself hold at the most, from PyTorch's own record of allocations, parameters and their
gradients not counted.
"""
import argparse
import sys
from functools import partial
from pathlib import Path

import torch
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'tests'))

from measure import compare, forward, step  # noqa: E402  (beside this file)
from reference.skateformer import SkateFormerReference  # noqa: E402

import mmskel  # noqa: E402,F401
from mmskel.interop import build_published  # noqa: E402

SIZES = dict(type_1_size=(8, 8), type_2_size=(8, 12), type_3_size=(8, 8), type_4_size=(8, 12))


def models(**options):
    """The plain model and ours with the same weights."""
    arguments = dict(num_classes=60, num_people=2, num_points=24, **SIZES, **options)
    plain = SkateFormerReference(**arguments)
    for module in plain.modules():  # the published std of 0.02 would hide biases and G-Conv from the check
        for name, table in module.named_parameters(recurse=False):
            if 'table' in name or name in ('gconv', 'joint_person_embedding'):
                torch.nn.init.normal_(table, 0, 0.3)
    return plain, build_published('skateformer', arguments, plain.state_dict())


def batch(clips):
    """Coordinates, times and labels."""
    return torch.randn(clips, 3, 64, 24, 2), torch.rand(clips, 64).sort(1)[0] * 2 - 1, torch.randint(0, 60, (clips, ))


def check():
    """Logits and gradients in float64, without randomness."""
    plain, ours = (model.double() for model in models(attn_drop=0., drop_path=0.))
    x, time, label = batch(2)
    for mode in (False, True):
        found = []
        for model in (plain, ours):
            model.train(mode).zero_grad()
            logits = model(x.double(), time.double())
            functional.cross_entropy(logits, label).backward()
            found.append(logits.detach())
        gradients = ours.published_gradients()
        errors = [(found[1] - found[0]).abs().max() / found[0].abs().max()]
        errors += [(gradients[key] - p.grad).abs().max() / p.grad.abs().max().clamp(min=1e-3)
                   for key, p in plain.named_parameters()]
        assert max(errors) < 1e-9, f'results differ by {max(errors):.1e}'
        print(f'{"training" if mode else "evaluation"}: logits equal within {errors[0]:.0e}, gradients within '
              f'{max(errors[1:]):.0e} (float64)')


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--rounds', type=int, default=11)
    parser.add_argument('--batches', type=int, nargs='+', default=[2, 8])
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    check()
    plain, ours = pair = models()
    print(f'{args.threads} threads, PyTorch {torch.__version__}, {args.rounds} rounds; median [quartiles] in ms')
    for clips in args.batches:
        x, time, label = batch(clips)
        for name, run, mode in (('forward (eval)', forward, False),
                                ('step with dropout (train)', partial(step, label=label), True)):
            for model in pair:
                model.train(mode)
            compare(f'N = {clips}, {name}', dict(plain=partial(run, plain, x, time), ours=partial(run, ours, x, time)),
                    pair, args.rounds)


if __name__ == '__main__':
    main()
