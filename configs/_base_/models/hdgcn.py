# HD-GCN with the published graph.
model = dict(
    type='RecognizerGCN',
    data_preprocessor=dict(type='StreamEncoder', stream='joint'),
    backbone=dict(type='HDGCN', centre='pelvis'),
    cls_head=dict(type='GCNHead', in_channels=256))

# what HD-GCN's ensembles are made of; the paper counts joints from 1 and calls these centres
# 1, 2 and 21 (NTU), 1, 2 and 3 (N-UCLA)
members = dict(
    joint_pelvis=dict(stream='joint', options={'model.backbone.centre': 'pelvis'}),
    joint_spine=dict(stream='joint', options={'model.backbone.centre': 'spine'}),
    joint_spine_shoulder=dict(stream='joint', options={'model.backbone.centre': 'spine_shoulder'}),
    bone_pelvis=dict(stream='bone', options={'model.backbone.centre': 'pelvis'}),
    bone_spine=dict(stream='bone', options={'model.backbone.centre': 'spine'}),
    bone_spine_shoulder=dict(stream='bone', options={'model.backbone.centre': 'spine_shoulder'}))
fusion = dict(preset='hdgcn')
