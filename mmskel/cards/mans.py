"""MANs' card; docs/published/mans.md."""
from mmskel.cards.card import ANY_LAYOUT, NOT_STATED, ModelCard, Official, Paper, Published, Reference

PAPER = 'paper, DenseNet-161'

MANS = ModelCard(
    name='mans',
    title='MANs',
    summary='The clip as an image of frames and joints, recalibrated by a gated memory of the whole clip, under a 2-D '
            'network.',
    paper=Paper(
        title='Memory Attention Networks for Skeleton-based Action Recognition',
        authors='C. Xie, C. Li, B. Zhang, C. Chen, J. Han, C. Zou, J. Liu', venue='IJCAI', year=2018,
        arxiv='1804.08254'),
    official=Official(
        repository='https://github.com/memory-attention-networks/MANs', code_licence=NOT_STATED,
        weights_licence=NOT_STATED, weights=('none', ), convert='mmskel convert mans WEIGHTS.h5 mans_ntu60.pth'),
    backbone='MANs',
    reference=Reference(
        arguments=dict(layout='ntu25', in_channels=3, num_person=2, network='densenet161', num_frames=224, columns=224,
                       hidden=128),
        num_classes=60, input_shape=(2, 224, 25, 3), parameters=27_391_590, gmacs=7.90,
        gmacs_of='convolutions, linear layers and GRUs, counted on this code; none are published'),
    layouts=ANY_LAYOUT,
    published_layouts=('ntu25', ),
    config='mans/mans_utkinect.py',
    notes='The configs train the published small network (MANs_9: 857,269 parameters, 0.19 G for 50 frames), of which '
          'no accuracy is known; mans_ntu60_3d_densenet161.py has the paper\'s. The published code multiplies the '
          'memory by a gate that is never trained; here it is (gate=\'untrained\' as published).',
    published=(
        Published('NTU60', 'X-Sub', 'joint', 82.67, PAPER), Published('NTU60', 'X-View', 'joint', 93.22, PAPER),
        Published('HDM05, 65 classes', 'ten folds', 'joint', 99.04, PAPER),
        Published('SYSU-3D', 'setting not certain', 'joint', 87.63, PAPER),
        Published('UT-Kinect', 'leave one recording out', 'joint', 100.0, PAPER),
        Published('ETRI-Activity3D', 'not stated', 'joint', 82.4, 'quoted by others')))
