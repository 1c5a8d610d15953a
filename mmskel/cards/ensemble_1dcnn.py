"""Ensem-NN's card; docs/published/ensemble_1dcnn.md."""
from mmskel.cards.card import ANY_LAYOUT, NOT_STATED, ModelCard, Official, Paper, Published, Reference

FOUR = '4: two-stream, body-part, attention, frame-difference'

ENSEMBLE_1DCNN = ModelCard(
    name='ensemble_1dcnn',
    title='Ensem-NN',
    summary='All coordinates of a frame as one vector; four residual networks of ten 1-D convolutions look at their '
            'series in different ways.',
    paper=Paper(
        title='Ensemble One-Dimensional Convolution Neural Networks for Skeleton-Based Action Recognition',
        authors='Y. Xu, J. Cheng, L. Wang, H. Xia, F. Liu, D. Tao', venue='SPL', year=2018,
        arxiv='1801.02475'),
    official=Official(
        repository='https://github.com/Qingyang-Xu/Ensem-NN', code_licence=NOT_STATED, weights_licence=NOT_STATED,
        weights=('none', ), convert='mmskel convert ensemble_1dcnn WEIGHTS.h5 ensem_nn_base.pth'),
    backbone='Ensemble1DCNN',
    reference=Reference(
        arguments=dict(layout='ntu25', in_channels=3, num_person=2, network='base'), num_classes=60,
        input_shape=(2, 300, 25, 3), parameters=1_874_876, gmacs=0.204,
        gmacs_of='convolutions and classifier of the base network'),
    layouts=ANY_LAYOUT,
    published_layouts=('ntu25', ),
    config='ensemnn/ensemnn_utkinect.py',
    notes='Parameters and MACs are those of the base network; the four together have 16.9 M and 1.7 G. The published '
          'frame attention is a softmax over one element and does nothing; frame_attention=\'time\' is as meant.',
    published=(
        Published('NTU60', 'X-Sub', FOUR, 85.1, 'paper, quoted by others'),
        Published('NTU60', 'X-View', FOUR, 91.3, 'paper, quoted by others'),
        Published('ETRI-Activity3D', 'not stated', FOUR, 83.0, 'run again by others')))
