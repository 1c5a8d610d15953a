# PoseC3D for group activities: Volleyball, 12 players, 8 classes, 12 frames. The paper's network for it was not
# released; ours is SlowOnly of half the width, 0.5 M parameters.
#   an annotation file with the splits train and test, 12 persons per clip, label: the group's activity
# Not trained here yet.
_base_ = [
    '../_base_/datasets/pose_volumes.py', '../_base_/models/posec3d.py', '../_base_/schedules/posec3d.py'
]

num_classes = 8
clip_len = 12
layout = 'coco17'

model = dict(backbone=dict(base_channels=16), cls_head=dict(num_classes=num_classes, in_channels=256))

# a court is wider than high: persons are cropped without a fixed ratio, and the volume is square all the same
train_pipeline = [
    dict(type='SampleUniformly', clip_len=clip_len),
    dict(type='CropToPersons'),
    dict(type='ResizeImage', size=64),
    dict(type='CropAtRandom', area=(0.56, 1.0)),
    dict(type='ResizeImage', size=(56, 56)),
    dict(type='PackSkeleton')
]
val_pipeline = [
    dict(type='SampleUniformly', clip_len=clip_len, test_mode=True),
    dict(type='CropToPersons'),
    dict(type='ResizeImage', size=(56, 56)),
    dict(type='PackSkeleton')
]
data = dict(ann_file='data/volleyball_2d.pkl', split='', num_classes=num_classes)
train_dataloader = dict(dataset=dict(**data, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(**data, pipeline=val_pipeline))
test_dataloader = dict(dataset=dict(**data, pipeline=val_pipeline))
