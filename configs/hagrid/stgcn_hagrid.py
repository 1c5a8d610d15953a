# ST-GCN++ of six stages for hand gestures, the network of PYSKL's hagrid.pth: 21 joints of one hand in x and y, as
# fractions of the image, 10 frames, 40 gestures of HaGRID and Jester.
#   mmskel predict hands.pkl --config hagrid/stgcn_hagrid.py --checkpoint hagrid.pth
# Not trained here yet: the recipe is that of configs/custom; PYSKL's was not published, nor an accuracy.
_base_ = ['../_base_/runtime.py', '../_base_/loaders.py', '../_base_/models/stgcn.py']
ann_file = 'data/hands.pkl'
split = ''
layout = 'hand21'
num_classes = 40
class_list = 'hagrid_classes'
clip_len = 10
num_person = 1
max_epochs = 20

model = dict(
    backbone=dict(
        partition='inout', edge_importance='init', with_res=True, temporal='mstcn', dropout=0., in_channels=2,
        num_stages=6, inflate_stages=(6, ), down_stages=(6, )),
    cls_head=dict(in_channels=128))

fractions = dict(type='FractionsOfImage')
train_pipeline = [fractions, dict(type='SampleUniformly'), dict(type='SetPersons'), dict(type='PackSkeleton')]
test_pipeline = [
    fractions,
    dict(type='SampleUniformly', test_mode=True),
    dict(type='SetPersons'),
    dict(type='PackSkeleton')
]
data = dict(type='SkeletonDataset')
train_dataloader = dict(dataset=dict(**data, part='train', pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(**data, part='test', test_mode=True, pipeline=test_pipeline))
test_dataloader = val_dataloader

train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=0.05, momentum=0.9, weight_decay=4e-4, nesterov=True))
param_scheduler = [
    dict(type='CosineAnnealingLR', eta_min=0, by_epoch=True, begin=0, end=max_epochs, convert_to_iter_based=True)
]
