# NTU RGB+D 60, 3-D skeletons, PYSKL's practice: body-aligned, 100 uniformly sampled frames, ten test clips.
#   mmskel prepare ntu nturgb+d_skeletons data/ntu60_3d.pkl --denoise pyskl
# or PYSKL's ntu60_3danno (MMAction2's ntu60_3d) pickle as it is.
# Splits: --split xsub, xview (60), xset (120).
_base_ = '../loaders.py'
ann_file = 'data/ntu60_3d.pkl'
split = 'xsub'
layout = 'ntu25'
num_classes = 60
clip_len = 100
num_person = 2
repeat = 5

align = dict(type='AlignBody3D')
persons = dict(type='SetPersons')
train_pipeline = [align, dict(type='SampleUniformly', with_next=True), persons, dict(type='PackSkeleton')]
val_pipeline = [align, dict(type='SampleUniformly', with_next=True, test_mode=True), persons, dict(type='PackSkeleton')]
test_pipeline = [
    align,
    dict(type='SampleUniformly', num_clips=10, with_next=True, test_mode=True), persons,
    dict(type='PackSkeleton')
]

data = dict(type='SkeletonDataset')
train_dataloader = dict(dataset=dict(**data, part='train', pipeline=train_pipeline))
val_dataloader = dict(batch_size=16, dataset=dict(**data, part='test', test_mode=True, pipeline=val_pipeline))
test_dataloader = dict(batch_size=2, dataset=dict(**data, part='test', test_mode=True, pipeline=test_pipeline))
