# 2-D poses (COCO-17, pixels) for PoseC3D: 48 frames, persons cropped, 56 x 56 in training and 64 x 64 afterwards.
# The loader sends joints; HeatmapEncoder draws the volumes where the network computes.
_base_ = '../loaders.py'
ann_file = 'data/ntu60_2d.pkl'
split = 'xsub'
layout = 'coco17'
num_classes = 60
clip_len = 48
repeat = 10

persons = dict(type='CropToPersons', hw_ratio=1)
train_pipeline = [
    dict(type='SampleUniformly'), persons,
    dict(type='ResizeImage', size=64),
    dict(type='CropAtRandom', area=(0.56, 1.0)),
    dict(type='ResizeImage', size=(56, 56)),
    dict(type='MirrorImage'),
    dict(type='PackSkeleton')
]
val_pipeline = [
    dict(type='SampleUniformly', test_mode=True), persons,
    dict(type='ResizeImage', size=64),
    dict(type='CropCentre', size=64),
    dict(type='PackSkeleton')
]
test_pipeline = [
    dict(type='SampleUniformly', num_clips=10, test_mode=True), persons,
    dict(type='ResizeImage', size=64),
    dict(type='CropCentre', size=64),
    dict(type='PackSkeleton', with_frames=True, mirror_views=True)
]

data = dict(type='SkeletonDataset')
train_dataloader = dict(dataset=dict(**data, part='train', pipeline=train_pipeline))
val_dataloader = dict(batch_size=16, dataset=dict(**data, part='test', test_mode=True, pipeline=val_pipeline))
test_dataloader = dict(batch_size=1, dataset=dict(**data, part='test', test_mode=True, pipeline=test_pipeline))
