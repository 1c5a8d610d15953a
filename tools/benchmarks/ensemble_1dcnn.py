"""Ensem-NN's base network against its plain form (``tests/reference/ensemble_1dcnn.py``): equal results first.

    python tools/benchmarks/ensemble_1dcnn.py [--threads 1] [--rounds 15]

16 clips of NTU: 300 frames, 150 features, 60 classes. Both run in turn within one process.
"""
import argparse
import sys
from functools import partial
from pathlib import Path

import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'tests'))

from measure import compare, forward, step  # noqa: E402  (beside this file)
from reference.ensemble_1dcnn import BaseReference  # noqa: E402

import mmskel  # noqa: E402,F401
from mmskel.interop import build_published  # noqa: E402


class Scores(nn.Module):
    """Ours behind the published input, its raw scores alone."""

    def __init__(self, model):
        super().__init__()
        self.model = model.model

    def forward(self, x):
        """(N, T, D) -> (N, K)."""
        return self.model.cls_head(self.model.backbone.series_features(x.transpose(1, 2)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--rounds', type=int, default=15)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    plain = BaseReference()
    ours = Scores(build_published('ensemble_1dcnn', {}, plain.state_dict()))
    x, models = torch.randn(16, 300, 150), (plain, ours)
    for mode in (False, True):
        with torch.no_grad():
            expected, found = (m.double().train(mode)(x.double()) for m in models)
        error = ((found - expected).abs().max() / expected.abs().max()).item()
        assert error < 1e-9, f'results differ by {error:.1e}'
    print(f'equal within {error:.0e} (float64)')
    for model in models:
        model.float()
    print(f'{args.threads} threads, PyTorch {torch.__version__}, {args.rounds} rounds; median [quartiles] in ms')
    for name, run, mode in (('forward (eval)', forward, False),
                            ('forward + backward (train)', partial(step, label=torch.arange(16)), True)):
        for model in models:
            model.train(mode)
        compare(name, dict(plain=partial(run, plain, x), ours=partial(run, ours, x)), models, args.rounds)


if __name__ == '__main__':
    main()
