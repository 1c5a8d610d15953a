# ST-GCN with the published partition and edge importance.
model = dict(
    type='RecognizerGCN',
    data_preprocessor=dict(type='StreamEncoder', stream='joint'),
    backbone=dict(type='SkeletonSTGCN', partition='spatial', dropout=0.5),
    cls_head=dict(type='GCNHead', in_channels=256))
