"""RGBPose-Conv3D's card. Figures: the paper, and MMAction2's table."""
from mmskel.cards.card import ANY_LAYOUT, NOT_STATED, ModelCard, Official, Published, Reference
from mmskel.cards.posec3d import PAPER

PYSKL, MMACTION = 'PYSKL, ten clips', 'MMAction2, ten clips'
REACHED = (('2 heads', 96.8), ('RGB head', 96.4), ('pose head', 96.2), ('2: RGB and pose, trained separately', 96.2),
           ('RGB alone', 95.4), ('pose alone', 93.5))

RGBPOSE = ModelCard(
    name='rgbpose',
    title='RGBPose-Conv3D',
    summary='Two 3-D ResNets side by side, one on images and one on heatmaps of joints, which exchange features at '
            'two places; two classifiers.',
    paper=PAPER,
    official=Official(
        repository='https://github.com/kennymckormick/pyskl', code_licence='Apache-2.0', weights_licence=NOT_STATED,
        weights=("NTU60 X-Sub, in PYSKL's and MMAction2's model zoos", ),
        convert='mmskel convert rgbpose CHECKPOINT rgbpose_ntu60_xsub.pth'),
    backbone='RGBPoseConv3D',
    reference=Reference(
        arguments=dict(speed_ratio=4, channel_ratio=4), num_classes=60, input_shape=(2, 32, 17, 2),
        parameters=36_147_928, gmacs=58.0, gmacs_of='convolutions and classifiers, 8 images of 224 x 224, 32 '
        'heatmaps of 56 x 56', encoder=dict(type='HeatmapEncoder', layout='coco17', size=(224, 224), scaling=0.25),
        images=(8, 224, 224)),
    layouts=ANY_LAYOUT,
    published_layouts=('coco17', ),
    config='rgbpose/rgbpose_ntu60.py',
    notes='Needs the videos, in training and later; starts from the two single networks, trained beforehand.',
    published=(*(Published('NTU60', 'X-Sub', streams, top1, MMACTION) for streams, top1 in REACHED),
               Published('NTU60', 'X-Sub', '2 heads', 96.9, PYSKL)))
