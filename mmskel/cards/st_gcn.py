"""ST-GCN's card. Figures: paper and official repository; ours from ``docs/training.md``, "What was measured"."""
from mmskel.cards.card import ANY_LAYOUT, NOT_STATED, Measured, ModelCard, Official, Paper, Published, Reference

ST_GCN = ModelCard(
    name='st_gcn',
    title='ST-GCN',
    summary='Ten blocks of graph convolution over joints and 9-frame convolution over time; the baseline.',
    paper=Paper(
        title='Spatial Temporal Graph Convolutional Networks for Skeleton-Based Action Recognition',
        authors='S. Yan, Y. Xiong, D. Lin', venue='AAAI', year=2018, arxiv='1801.07455'),
    official=Official(
        repository='https://github.com/yysijie/st-gcn', code_licence='BSD-2-Clause', weights_licence=NOT_STATED,
        weights=('st_gcn.kinetics.pt', 'st_gcn.ntu-xview.pt', 'st_gcn.ntu-xsub.pt'),
        convert='mmskel convert st_gcn st_gcn.ntu-xsub.pt st_gcn_ntu.pth'),
    backbone='SkeletonSTGCN',
    reference=Reference(
        arguments=dict(layout='ntu25', partition='spatial', in_channels=3), num_classes=60,
        input_shape=(2, 300, 25, 3), parameters=3_098_832, gmacs=17.09,
        gmacs_of='convolutions and graph products, no norm layers'),
    layouts=ANY_LAYOUT,
    published_layouts=('openpose18', 'ntu25', 'ntu24'),
    config='stgcn/stgcn_nwucla.py',
    notes='The published spatial partition knows the distance to the centre only next to it; corrected=True does not '
          'have this flaw, but does not fit the official weights.',
    published=(
        Published('NTU60', 'X-Sub', 'joint', 81.6, 'released weights, official repository'),
        Published('NTU60', 'X-Sub', 'joint', 81.5, 'paper'),
        Published('NTU60', 'X-View', 'joint', 88.8, 'released weights, official repository'),
        Published('NTU60', 'X-View', 'joint', 88.3, 'paper'),
        Published('Kinetics-Skeleton', 'val', 'joint', 31.6, 'released weights, official repository'),
        Published('Kinetics-Skeleton', 'val', 'joint', 30.7, 'paper')),
    ours=(
        Measured('stgcn/stgcn_nwucla.py', 'N-UCLA', 'views 1 and 2 -> 3', 'joint', 91.59, 89.70, '26 of 5 passes', 0,
                 '2 CPU cores (AMD EPYC), bfloat16', '2026-11-20'),
        Measured('stgcn/stgcn_utkinect.py', 'UT-Kinect', 'half of the subjects', 'joint', 94.95, None,
                 '10 of 25 passes', 0, '1 CPU core, bfloat16', '2026-11-20')))
