# X3D-shallow on heatmap volumes, as published for FineGYM and NTU. `--stream joint` or `limb`.
model = dict(
    type='Recognizer3D',
    data_preprocessor=dict(type='HeatmapEncoder', stream='joint'),
    backbone=dict(type='X3DShallow', base_channels=24),
    cls_head=dict(type='I3DHead', in_channels=216, dropout_ratio=0.5, average_clips='prob'))
