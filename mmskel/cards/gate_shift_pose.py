"""Gate-Shift-Pose's cards: early fusion, late fusion, joints alone. Figures: the paper's table."""
from mmskel.cards.card import ANY_LAYOUT, NOT_STATED, ModelCard, Official, Paper, Published, Reference

PAPER = Paper(
    title='Gate-Shift-Pose: Enhancing Action Recognition in Sports with Skeleton Information',
    authors='E. Bianchi, O. Lanz', venue='WACVW', year=2025, arxiv='2503.04470')


def _official(target: str) -> Official:
    return Official(
        repository='https://github.com/EdoWhite/Gate-Shift-Pose', code_licence=NOT_STATED, weights_licence=NOT_STATED,
        weights=('none', ), convert=f'mmskel convert gate_shift_pose CHECKPOINT {target}')


def _reached(fusion: str, figures: dict[str, float]) -> tuple[Published, ...]:
    return tuple(Published('FR-FS', 'test', f'{fusion}, {network}', top1, 'paper, 32 segments, best epoch')
                 for network, top1 in figures.items())


GATE_SHIFT_POSE = ModelCard(
    name='gate_shift_pose',
    title='Gate-Shift-Pose',
    summary='A 2-D ResNet of sparsely drawn frames whose blocks exchange features over time through gates; a heatmap '
            'of all joints is the fourth channel of the images.',
    paper=PAPER,
    official=_official('gsp_early.pth'),
    backbone='GSFResNet',
    reference=Reference(
        arguments=dict(depth=50, in_channels=4), num_classes=2, input_shape=(1, 8, 17, 2), parameters=23_953_922,
        gmacs=34.2, gmacs_of='convolutions and linear layers, 8 images of 224 x 224', images=(8, 224, 224)),
    layouts=ANY_LAYOUT,
    published_layouts=('coco17', ),
    config='gsp/gsp_early_r50_frfs.py',
    notes='Needs the videos, in training and later. The released code makes images black where the heatmap is zero and '
          'normalises colours cyclically; both are the default of FrameStackEncoder, and options. Two thirds of FR-FS '
          'are of one class.',
    published=_reached('early', {'R50': 98.08, '"R18"': 81.25})
    + _reached('RGB', {'R50': 81.73, '"R18"': 67.79}))

GATE_SHIFT_POSE_LATE = ModelCard(
    name='gate_shift_pose_late',
    title='Gate-Shift-Pose, late fusion',
    summary='The same network of images beside linear layers on the joints; what both say of a frame is refined '
            'together.',
    paper=PAPER,
    official=_official('gsp_late.pth'),
    backbone='GSFLateFusion',
    reference=Reference(
        arguments=dict(layout='coco17', depth=34, train_value=True), num_classes=2, input_shape=(1, 8, 17, 2),
        parameters=23_320_610, gmacs=29.6, gmacs_of='convolutions and linear layers, 8 images of 224 x 224',
        images=(8, 224, 224)),
    layouts=ANY_LAYOUT,
    published_layouts=('coco17', ),
    config='gsp/gsp_late_r18_frfs.py',
    notes="The published attention sees one frame at a time, so it is a linear map, half of which is never trained; "
          "attention='segments' attends over the frames of a clip.",
    published=_reached('late', {'"R18"': 95.19, 'R50': 87.02}))

GATE_SHIFT_POSE_JOINTS = ModelCard(
    name='gate_shift_pose_joints',
    title='Gate-Shift-Pose, joints alone',
    summary='Two convolutions along the list of joints and a linear layer, frame by frame.',
    paper=PAPER,
    official=_official('gsp_joints.pth'),
    backbone='JointConvNet',
    reference=Reference(
        arguments=dict(layout='coco17', in_channels=2), num_classes=2, input_shape=(1, 32, 17, 2), parameters=146_082,
        gmacs=0.0079, gmacs_of='convolutions and linear layers'),
    layouts=ANY_LAYOUT,
    published_layouts=('coco17', ),
    config='gsp/gsp_pose_frfs.py',
    notes='Looks at every frame for itself; any graph network sees more. It is here to compare.',
    published=())
