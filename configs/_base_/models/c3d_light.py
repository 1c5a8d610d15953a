# C3D-light on heatmap volumes, as published for FineGYM and NTU. `--stream joint` or `limb`.
model = dict(
    type='Recognizer3D',
    data_preprocessor=dict(type='HeatmapEncoder', stream='joint'),
    backbone=dict(type='C3DLight', base_channels=32),
    cls_head=dict(type='I3DHead', in_channels=256, dropout_ratio=0.5, average_clips='prob'))
