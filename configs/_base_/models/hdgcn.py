# HD-GCN with the published graph.
model = dict(
    type='RecognizerGCN',
    data_preprocessor=dict(type='StreamEncoder', layout='ntu25', stream='joint'),
    backbone=dict(type='HDGCN', layout='ntu25', centre='pelvis', num_person=2),
    cls_head=dict(type='GCNHead', num_classes=60, in_channels=256))
