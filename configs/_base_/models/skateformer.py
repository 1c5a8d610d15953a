# SkateFormer as published.
model = dict(
    type='RecognizerGCN',
    data_preprocessor=dict(type='SkateEncoder', layout='ntu25', stream='joint'),
    backbone=dict(type='SkateFormer', layout='ntu25', num_person=2, mlp_ratio=4.0, attn_drop=0.5, drop_path=0.2),
    cls_head=dict(type='GCNHead', num_classes=60, in_channels=192, label_smooth_eps=0.1, init_cfg=None))

# no fusion script was published: raw scores, equal weights
fusion = dict(rule='logits')
