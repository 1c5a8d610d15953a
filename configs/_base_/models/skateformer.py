# SkateFormer as published.
model = dict(
    type='RecognizerGCN',
    data_preprocessor=dict(type='SkateEncoder', stream='joint'),
    backbone=dict(type='SkateFormer', mlp_ratio=4.0, attn_drop=0.5, drop_path=0.2),
    cls_head=dict(type='GCNHead', in_channels=192, label_smooth_eps=0.1, init_cfg=None))

# no fusion script was published: raw scores, equal weights
fusion = dict(rule='logits')
