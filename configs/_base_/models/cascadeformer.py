# CascadeFormer 1.1 as published for N-UCLA and Penn Action: both transformers, cross-attention, a linear classifier.
model = dict(
    type='RecognizerGCN',
    data_preprocessor=dict(type='PaddedStreamEncoder', stream='joint'),
    backbone=dict(
        type='CascadeFormer', in_channels=3, channels=256, num_heads=8, num_layers=4,
        embedding='joint_conv'),
    cls_head=dict(type='GCNHead', in_channels=256, init_cfg=None))
