# Gate-Shift-Pose, early fusion: a GSF-ResNet of images and, as their fourth channel, one heatmap of all joints.
model = dict(
    type='Recognizer3D',
    data_preprocessor=dict(type='FrameStackEncoder', sigma=7.),
    backbone=dict(type='GSFResNet', depth=50),
    cls_head=dict(type='SegmentHead', in_channels=2048, dropout=0.5))
