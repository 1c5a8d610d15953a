"""MP-GCN's card. Figures: the paper, and counts of the official code."""
from mmskel.cards.card import ANY_LAYOUT, NOT_STATED, ModelCard, Official, Paper, Published, Reference

MP_GCN = ModelCard(
    name='mp_gcn',
    title='MP-GCN',
    summary='Group activities from all persons and their objects as one panoramic graph; four streams fused early.',
    paper=Paper(
        title='Skeleton-based Group Activity Recognition via Spatial-Temporal Panoramic Graph',
        authors='Z. Li, X. Chang, Y. Li, J. Su', venue='ECCV', year=2024, arxiv='2407.19497'),
    official=Official(
        repository='https://github.com/mgiant/MP-GCN', code_licence=NOT_STATED, weights_licence=NOT_STATED,
        weights=("Volleyball, fully supervised: linked in the authors' answer to an issue", ),
        convert='mmskel convert mp_gcn CHECKPOINT mp_gcn_volleyball.pth'),
    backbone='MPGCN',
    reference=Reference(
        arguments=dict(layout='coco17', num_person=12, objects=('ball', ), in_channels=2, streams=4, extended=True,
                       inter_link='pairwise', hop=1, dilation=2, labeling='intra-inter', reduction=2),
        num_classes=8, input_shape=(12, 20, 18, 16), parameters=1_697_040, gmacs=2.05,
        gmacs_of='convolutions, and graph products where links are; official code: 5.66, dense products and norms'),
    layouts=ANY_LAYOUT,
    published_layouts=('coco17', 'openpose25'),
    config='mpgcn/mpgcn_volleyball.py',
    notes='The official code counts 4,204,584 parameters: its edge masks hold a number for every pair of nodes, and '
          'all but 11,880 of them multiply a zero; ours keeps only those. The number of persons is fixed in the '
          'weights. Its four streams are branches of one network.',
    published=(
        Published('Volleyball', 'test', 'ball', 96.2, 'paper, persons and ball, best epoch on the test clips'),
        Published('Volleyball', 'test', 'ball', 94.76,
                  'a user who ran it again, issue 2 of the official repository')))
