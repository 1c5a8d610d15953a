# ST-GCN with the published partition and edge importance.
model = dict(
    type='RecognizerGCN',
    data_preprocessor=dict(type='StreamEncoder', layout='ntu25', stream='joint'),
    backbone=dict(type='SkeletonSTGCN', layout='ntu25', partition='spatial', dropout=0.5),
    cls_head=dict(type='GCNHead', num_classes=60, in_channels=256))
