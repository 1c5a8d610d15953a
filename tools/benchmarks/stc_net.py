"""STC-Net against its plain form (``tests/reference/stc_net.py``): equal results first, then time and memory.

    python tools/benchmarks/stc_net.py [--threads 2] [--rounds 15]

NTU shape: N = 2, M = 2, T = 64, V = 25, 60 classes. Both run in turn within one process; per round one pass of each, so
that whatever else the machine does hits both. Memory: what autograd and the pass itself hold at the most, from
PyTorch's own record of allocations, parameters not counted.
"""
import argparse
import sys
from functools import partial
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'tests'))

from measure import compare, forward, step  # noqa: E402  (beside this file)
from reference.stc_net import STCNetReference  # noqa: E402

import mmskel  # noqa: E402,F401
from mmskel.interop import build_published  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--rounds', type=int, default=15)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    plain = STCNetReference('ntu25', 60, 2)
    for module in plain.modules():  # the gain of 1e-6 at the start would hide the spatial modules from the check
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
    ours = build_published('stc_net', dict(graph='nturgbd', num_class=60), plain.state_dict())
    x = torch.randn(2, 3, 64, 25, 2)
    models = plain, ours
    for name, model in (('evaluation', lambda m: m.double().eval()), ('training', lambda m: m.double().train())):
        expected, found = (model(m)(x.double()).detach() for m in models)
        error = ((found - expected).abs().max() / expected.abs().max()).item()
        assert error < 1e-9, f'{name}: results differ by {error:.1e}'
        print(f'{name}: logits equal within {error:.0e} (float64)')
    for model in models:
        model.float()
    print(f'{args.threads} threads, PyTorch {torch.__version__}, {args.rounds} rounds; median [quartiles] in ms')
    for name, run, mode in (('forward (eval)', forward, False),
                            ('forward + backward (train)', partial(step, label=torch.tensor([3, 30])), True)):
        for model in models:
            model.train(mode)
        compare(name, dict(plain=partial(run, plain, x), ours=partial(run, ours, x)), models, args.rounds)


if __name__ == '__main__':
    main()
