# C3D-light on heatmap volumes, as published for FineGYM and NTU. `--stream joint` or `limb`.
model = dict(
    type='Recognizer3D',
    data_preprocessor=dict(type='HeatmapEncoder', layout='coco17', stream='joint'),
    backbone=dict(type='C3DLight', in_channels=17, base_channels=32),
    cls_head=dict(type='I3DHead', num_classes=60, in_channels=256, dropout_ratio=0.5, average_clips='prob'))
