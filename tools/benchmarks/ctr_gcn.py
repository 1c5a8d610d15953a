"""CTR-GCN against its plain form (``tests/reference/ctr_gcn.py``): equal results first, then time and memory.

    python tools/benchmarks/ctr_gcn.py [--threads 2] [--rounds 15]

NTU shape: N = 2, M = 2, T = 64, V = 25, 60 classes. Both run in turn within one process; per round one pass of each, so
that whatever else the machine does hits both. Memory: what autograd and the pass itself hold at the most, from
PyTorch's own record of allocations, parameters not counted.
"""
import argparse
import copy
import sys
from functools import partial
from pathlib import Path

import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'tests'))

from measure import compare, forward, step  # noqa: E402  (beside this file)
from reference.ctr_gcn import CTRGCNReference  # noqa: E402

from mmskel.models import CTRGCN  # noqa: E402


class Recogniser(nn.Module):
    """A backbone, ours or written plainly on the same tensors, and a classifier."""

    def __init__(self, backbone, plain):
        super().__init__()
        self.backbone, self.plain, self.fc = backbone, plain, nn.Linear(256, 60)

    def forward(self, x):
        backbone = self.backbone
        if self.plain:
            state = {**dict(backbone.named_parameters()), **dict(backbone.named_buffers())}
            backbone = CTRGCNReference(state, training=self.training)
        return self.fc(backbone(x).mean((1, 3, 4)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--rounds', type=int, default=15)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    plain = Recogniser(CTRGCN('ntu25'), plain=True)
    for name, parameter in plain.named_parameters():  # gains of 1e-6 and strengths of 0 would hide the graphs
        if name.endswith(('bn.weight', 'alpha')):
            nn.init.uniform_(parameter, 0.5, 1.5)
    ours = copy.deepcopy(plain)
    ours.plain = False
    x = torch.randn(2, 2, 64, 25, 3)
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
