"""SkateFormer's card. Figures: the paper and the official repository."""
from mmskel.cards.card import ANY_LAYOUT, Measured, ModelCard, Official, Paper, Published, Reference

PAPER, CARD = 'paper', "authors' model card"
# (data, split) -> streams -> top-1
REACHED = {
    ('NTU60', 'X-Sub'): {'4: joint, bone and their motions': 93.5, '2: joint and bone': 93.0, 'joint': 92.6,
                         'bone': 92.1, 'joint motion': 89.8, 'bone motion': 89.0},
    ('NTU60', 'X-View'): {'4: joint, bone and their motions': 97.8, '2: joint and bone': 97.4, 'joint': 97.0,
                          'bone': 96.5, 'joint motion': 95.8, 'bone motion': 94.7},
    ('NTU120', 'X-Sub'): {'4: joint, bone and their motions': 89.8, '2: joint and bone': 89.4, 'joint': 87.7,
                          'bone': 88.2},
    ('NTU120', 'X-Set'): {'4: joint, bone and their motions': 91.4, '2: joint and bone': 91.0, 'joint': 89.3},
    ('N-UCLA', 'views 1 and 2 -> 3'): {'streams not stated': 98.3},
    ('NTU60, interactions', 'X-Sub'): {'joint': 97.1}, ('NTU60, interactions', 'X-View'): {'joint': 99.3},
    ('NTU120, interactions', 'X-Sub'): {'joint': 92.3}, ('NTU120, interactions', 'X-Set'): {'joint': 93.2}}

SKATEFORMER = ModelCard(
    name='skateformer',
    title='SkateFormer',
    summary='A transformer that attends to near or far joints crossed with near or far frames; both persons are tokens '
            'of one map.',
    paper=Paper(
        title='SkateFormer: Skeletal-Temporal Transformer for Human Action Recognition', authors='J. Do, M. Kim',
        venue='ECCV', year=2024, arxiv='2403.09508'),
    official=Official(
        repository='https://github.com/KAIST-VICLab/SkateFormer', code_licence='research and education only',
        weights_licence='research and education only; the later hub packaging says MIT',
        weights=('joint and bone of NTU60, NTU120 and N-UCLA, joint of the interaction subsets: SkateFormer_j.pt, '
                 'SkateFormer_b.pt', ),
        convert='mmskel convert skateformer SkateFormer_j.pt skateformer_ntu.pth'),
    backbone='SkateFormer',
    reference=Reference(
        arguments=dict(layout='ntu25', in_channels=3, num_person=2), num_classes=60, input_shape=(2, 64, 25, 3),
        parameters=3_616_083, gmacs=3.46,
        gmacs_of='linear layers, convolutions, G-Conv, attention products and embedding'),
    layouts=ANY_LAYOUT,
    published_layouts=('ntu25', 'kinect20'),
    config='custom/skateformer_custom.py',
    notes="The paper's 2.03 M parameters and 3.62 GFLOPs are not the released models', which have 3.62 M. The "
          'published bias of types 1 and 3 is tiled by mistake; corrected_bias=True is as intended, but does not fit '
          'the official weights.',
    published=tuple(
        Published(data, split, streams, top1, CARD if (data, streams) == ('NTU120', 'bone') else PAPER)
        for (data, split), accuracies in REACHED.items() for streams, top1 in accuracies.items()),
    ours=(Measured('skateformer/skateformer_nwucla_short.py', 'N-UCLA', 'views 1 and 2 -> 3', 'joint', 90.52, 88.08,
                   '14 of 5 passes', 0, '2 CPU cores (AMD EPYC), bfloat16', '2026-11-30'), ))
