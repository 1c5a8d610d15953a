"""PoseC3D's cards, one per network. Figures: the paper, and the tables of PYSKL and MMAction2."""
from mmskel.cards.card import ANY_LAYOUT, NOT_STATED, Measured, ModelCard, Official, Paper, Published, Reference

PYSKL, MMACTION = 'PYSKL, ten clips and their mirror images', 'MMAction2, ten clips and their mirror images'
STREAMS = ('joint', 'limb', '2: joint and limb')
PAPER = Paper(title='Revisiting Skeleton-based Action Recognition', authors='H. Duan, Y. Zhao, K. Chen, D. Lin, B. Dai',
              venue='CVPR', year=2022, arxiv='2104.13586')
ENCODER = dict(type='HeatmapEncoder', layout='coco17', size=(56, 56))
COUNTED = 'convolutions and classifier, 56 x 56 pixels'
NOTES = ('Takes 2-D poses in pixels, of any number of persons at no further cost; joint and limb are two trainings. '
         'NTU120 joint figures of PYSKL may be those of limb models.')


def _official(name: str) -> Official:
    return Official(
        repository='https://github.com/kennymckormick/pyskl', code_licence='Apache-2.0', weights_licence=NOT_STATED,
        weights=("in PYSKL's and MMAction2's model zoos", ), convert=f'mmskel convert posec3d CHECKPOINT {name}.pth')


def _rows(data: str, split: str, accuracies: tuple[float, ...], source: str = PYSKL) -> tuple[Published, ...]:
    return tuple(Published(data, split, streams, top1, source) for streams, top1 in zip(STREAMS, accuracies))


POSEC3D = ModelCard(
    name='posec3d',
    title='PoseC3D',
    summary='A slim 3-D ResNet (SlowOnly) on small heatmaps of joints or limbs, stacked over time.',
    paper=PAPER,
    official=_official('posec3d_ntu60_xsub'),
    backbone='ResNet3dSlowOnly',
    reference=Reference(
        arguments=dict(depth=50, pretrained=None, in_channels=17, base_channels=32, num_stages=3, out_indices=(2, ),
                       stage_blocks=(4, 6, 3), conv1_stride_s=1, pool1_stride_s=1, inflate=(0, 1, 1),
                       spatial_strides=(2, 2, 2), temporal_strides=(1, 1, 2), dilations=(1, 1, 1)),
        num_classes=60, input_shape=(2, 48, 17, 2), parameters=2_024_860, gmacs=15.63, gmacs_of=COUNTED,
        encoder=ENCODER),
    layouts=ANY_LAYOUT,
    published_layouts=('coco17', ),
    config='posec3d/posec3d_ntu60_2d.py',
    notes=NOTES + ' What we trained on N-UCLA has half the width and half the blocks.',
    published=(
        *_rows('NTU60', 'X-Sub', (93.7, 93.4, 94.1)), *_rows('NTU60', 'X-Sub', (93.6, 93.5, 94.0), MMACTION),
        *_rows('NTU60', 'X-View', (96.5, 96.0, 96.9)), *_rows('NTU120', 'X-Sub', (85.9, 85.9, 86.7)),
        *_rows('NTU120', 'X-Set', (89.7, 89.7, 90.3)), *_rows('FineGYM, mean class', 'val', (93.8, 93.8, 94.1)),
        *_rows('Kinetics-400', 'val', (47.3, 46.9, 49.1)), *_rows('Diving48', 'test', (54.5, )),
        *_rows('UCF101', 'split 1', (86.9, )), *_rows('HMDB51', 'split 1', (69.4, ))),
    ours=(Measured('posec3d/posec3d_nwucla.py', 'N-UCLA', 'views 1 and 2 -> 3', 'joint', 87.72, 88.08,
                   '20 of 5 passes', 0, '2 CPU cores (AMD EPYC), bfloat16', '2026-11-30'), ))
C3D_LIGHT = ModelCard(
    name='posec3d_c3d',
    title='PoseC3D, C3D-light',
    summary='Six plain 3-D convolutions on heatmap volumes.',
    paper=PAPER,
    official=_official('c3d_light_ntu60_xsub'),
    backbone='C3DLight',
    reference=Reference(
        arguments=dict(in_channels=17, base_channels=32), num_classes=60, input_shape=(2, 48, 17, 2),
        parameters=3_404_892, gmacs=16.78, gmacs_of=COUNTED, encoder=ENCODER),
    layouts=ANY_LAYOUT,
    published_layouts=('coco17', ),
    config='posec3d/c3dlight_ntu60_2d.py',
    notes=NOTES,
    published=(*_rows('NTU60', 'X-Sub', (92.7, 92.6, 93.3)), *_rows('FineGYM, mean class', 'val', (91.8, 91.2, 92.1))))
X3D_SHALLOW = ModelCard(
    name='posec3d_x3d',
    title='PoseC3D, X3D-shallow',
    summary='Ten blocks of depthwise 3-D convolutions on heatmap volumes, a quarter of a million weights.',
    paper=PAPER,
    official=_official('x3d_shallow_ntu60_xsub'),
    backbone='X3DShallow',
    reference=Reference(
        arguments=dict(in_channels=17, base_channels=24), num_classes=60, input_shape=(2, 48, 17, 2),
        parameters=254_508, gmacs=0.569, gmacs_of=COUNTED, encoder=ENCODER),
    layouts=ANY_LAYOUT,
    published_layouts=('coco17', ),
    config='posec3d/x3dshallow_ntu60_2d.py',
    notes=NOTES,
    published=(*_rows('NTU60', 'X-Sub', (92.1, 91.6, 92.4)), *_rows('FineGYM, mean class', 'val', (91.4, 90.0, 91.8))))
