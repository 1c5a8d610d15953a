# Gate-Shift-Pose, late fusion: a GSF-ResNet of images beside linear layers on the joints, frame by frame.
model = dict(
    type='MMRecognizer3D',
    data_preprocessor=dict(type='FramesAndPoseEncoder'),
    backbone=dict(type='GSFLateFusion', depth=50),
    cls_head=dict(type='SegmentHead', in_channels=544, dropout=0.))
