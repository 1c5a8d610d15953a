"""MP-GCN against its plain form (``tests/reference/mp_gcn.py``): equal results first, then time and memory.

    python tools/benchmarks/mp_gcn.py [--data volleyball] [--threads 2] [--rounds 15]

The published graphs and clip lengths, two clips (NBA: one). Both run in turn within one process; per round one pass of
each, so that whatever else the machine does hits both. Memory as in ``tools/benchmarks/measure.py``.
"""
import argparse
import sys
from functools import partial
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'tests'))

from measure import compare, forward, step  # noqa: E402  (beside this file)
from reference.mp_gcn import MPGCNReference  # noqa: E402

import mmskel  # noqa: E402,F401
from mmskel.interop import build_published  # noqa: E402
from mmskel.skeleton import panoramic_graph  # noqa: E402

COUPLES = dict(inter_link='pairwise', hop=1, dilation=2)
# clips, channels of a stream, frames, classes, published graph, our objects and parts, reduction of the attention
DATA = {
    'volleyball': (2, 4, 20, 8, dict(graph='coco_ball-12', labeling='intra-inter', part='body', **COUPLES),
                   ('ball', ), 2),
    'weak': (2, 4, 41, 8, dict(graph='coco_ball-12', labeling='intra-inter', part='person', **COUPLES), ('ball', ), 1),
    'nba': (1, 6, 72, 9, dict(graph='coco_ball_net-12', labeling='intra-inter', part='person', **COUPLES),
            ('ball', 'net'), 1),
}


def twins(clips, channels, frames, classes, graph, objects, reduction):
    """The plain model with masks as after a training, ours from its state dict, an input."""
    whole = panoramic_graph('coco17', 12, objects, parts=graph['part'], **COUPLES)
    plain = MPGCNReference(4, channels, classes, whole.partitions(keep=3), whole.part_of_node, 3, reduction)
    for key, parameter in plain.named_parameters():
        if key.endswith('.edge'):
            torch.nn.init.normal_(parameter, 1, 0.2)
        elif key == 'fcn.weight':  # the published one hides nearly everything
            torch.nn.init.normal_(parameter, 0, 0.1)
    arguments = dict(data_shape=[4, channels, frames, whole.num_nodes, 1], num_class=classes, graph=graph,
                     model_args=dict(kernel_size=[3, 2], reduct_ratio=reduction, use_att=True))
    x = torch.randn(clips, 4, channels, frames, whole.num_nodes, 1)
    return plain, build_published('mp_gcn', arguments, plain.state_dict()), x


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--data', choices=DATA, default='volleyball')
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--rounds', type=int, default=15)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    plain, ours, x = twins(*DATA[args.data])
    models = plain, ours
    for mode in (False, True):
        expected, found = (model.double().train(mode)(x.double()).detach() for model in models)
        error = ((found - expected).abs().max() / expected.abs().max()).item()
        assert error < 1e-9, f'results differ by {error:.1e}'
        print(f'{"training" if mode else "evaluation"}: logits equal within {error:.0e} (float64)')
    for model in models:
        model.float()
    numbers = [sum(p.numel() for p in model.parameters() if p.requires_grad) for model in models]
    print(f'{args.data}, {tuple(x.shape)}: {numbers[0]:,} -> {numbers[1]:,} parameters')
    print(f'{args.threads} threads, PyTorch {torch.__version__}, {args.rounds} rounds; median [quartiles] in ms')
    for name, run, mode in (('forward (eval)', forward, False),
                            ('forward + backward (train)', partial(step, label=torch.arange(len(x))), True)):
        for model in models:
            model.train(mode)
        compare(name, dict(plain=partial(run, plain, x), ours=partial(run, ours, x)), models, args.rounds)


if __name__ == '__main__':
    main()
