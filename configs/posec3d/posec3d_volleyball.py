# PoseC3D for group activities: Volleyball, 12 players, 8 classes, 12 frames. The paper's network for it was not
# released; ours is SlowOnly of half the width, 0.5 M parameters.
#   an annotation file with the splits train and test, 12 persons per clip, label: the group's activity
# Not trained here yet.
_base_ = [
    '../_base_/datasets/pose_volumes.py', '../_base_/models/posec3d.py', '../_base_/schedules/posec3d.py'
]

ann_file = 'data/volleyball_2d.pkl'
split = ''
num_classes = 8
clip_len = 12

model = dict(backbone=dict(base_channels=16), cls_head=dict(in_channels=256))

# a court is wider than high: persons are cropped without a fixed ratio, and the volume is square all the same
size = dict(type='ResizeImage', size=(56, 56))
train_pipeline = [
    dict(type='SampleUniformly'),
    dict(type='CropToPersons'),
    dict(type='ResizeImage', size=64),
    dict(type='CropAtRandom', area=(0.56, 1.0)), size,
    dict(type='PackSkeleton')
]
val_pipeline = [
    dict(type='SampleUniformly', test_mode=True),
    dict(type='CropToPersons'), size,
    dict(type='PackSkeleton')
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = dict(dataset=dict(pipeline=val_pipeline))
