"""CascadeFormer against its plain form (``tests/reference/cascadeformer.py``): equal results first, then time
and memory.

    python tools/benchmarks/cascadeformer.py [--threads 2] [--rounds 15] [--version 1.1]

N-UCLA's published size: N = 8, T = 64, V = 20, width 256, 8 heads, 4 layers. Both run in turn within one process; per
round one pass of each, so that whatever else the machine does hits both. Memory: what autograd and the pass itself hold
at the most, from PyTorch's own record of allocations, parameters not counted.
"""
import argparse
import sys
from functools import partial
from pathlib import Path

import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'tests'))

from measure import compare, forward, step  # noqa: E402  (beside this file)
from reference.cascadeformer import CascadeFormerReference, mask_in_a_loop, masked_loss  # noqa: E402

import mmskel  # noqa: E402,F401
from mmskel.interop import build_published  # noqa: E402
from mmskel.models.recognizers import draw_mask  # noqa: E402


class Logits(nn.Module):
    """Ours from joints in the published order to logits, without the other outputs of the published door."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        tokens = self.model.backbone.stages(x)[-1]
        return self.model.cls_head(tokens.transpose(1, 2)[:, None, :, :, None])


def pretrain_plain(model, x):
    model.zero_grad()
    hidden = mask_in_a_loop(*x.shape[:3], 0.3, None)
    found = model.reconstruction_head(model(x.masked_fill(hidden[..., None], 0)))
    masked_loss(found.view_as(x), x, hidden).backward()


def pretrain_ours(model, x):
    model.zero_grad()
    hidden = draw_mask(x.shape[:3], 0.3)
    model.criterion(model.reconstruct(x, hidden), x, hidden).backward()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--rounds', type=int, default=15)
    parser.add_argument('--version', default='1.1', choices=('1.0', '1.1', '1.2 penn'))
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    sizes = dict(num_joints=20, three_d=True, num_classes=10, d_model=256, nhead=8, num_layers=4)
    plain = CascadeFormerReference(args.version, 20, 3, 10)
    state = plain.state_dict()
    ours = Logits(build_published('cascadeformer', sizes, state).model)
    first = {key: value for key, value in state.items() if key.startswith('t1.')}
    pretraining = build_published('cascadeformer', sizes, first).model
    x = torch.rand(8, 64, 20, 3) * 2 - 1
    models = plain, ours
    with torch.no_grad():
        expected, found = (model.double().eval()(x.double()) for model in models)
    error = ((found - expected).abs().max() / expected.abs().max()).item()
    assert error < 1e-9, f'results differ by {error:.1e}'
    print(f'version {args.version}: logits equal within {error:.0e} (float64)')
    for model in models:
        model.float()
    print(f'{args.threads} threads, PyTorch {torch.__version__}, {args.rounds} rounds; median [quartiles] in ms')
    for name, run, mode in (('forward (eval)', forward, False),
                            ('forward + backward (train)', partial(step, label=torch.arange(8)), True)):
        for model in models:
            model.train(mode)
        compare(name, dict(plain=partial(run, plain, x), ours=partial(run, ours, x)), models, args.rounds)
    pair = plain.t1.train(), pretraining.train()
    runs = dict(plain=partial(pretrain_plain, pair[0], x), ours=partial(pretrain_ours, pair[1], x))
    compare('pretraining step', runs, pair, args.rounds)


if __name__ == '__main__':
    main()
