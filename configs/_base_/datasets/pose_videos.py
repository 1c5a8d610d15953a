# 2-D poses (COCO-17, pixels) and the videos that they came from, for RGBPose-Conv3D: 8 images of 224 x 224 and 32
# frames of heatmaps of a quarter of that; 256 x 256 and ten clips in the test.
_base_ = '../loaders.py'
ann_file = 'data/ntu60_2d.pkl'
videos = 'data/nturgbd_videos'
split = 'xsub'
layout = 'coco17'
num_classes = 60
video_len = 8
pose_len = 32

load = dict(type='LoadClipFrames')
persons = dict(type='CropToPersons', hw_ratio=1)
train_pipeline = [
    dict(type='SampleVideoAndPose'), load, persons,
    dict(type='ResizeImage', size=(256, 256)),
    dict(type='CropAtRandom', area=(0.56, 1.0)),
    dict(type='ResizeImage', size=(224, 224)),
    dict(type='MirrorImage'),
    dict(type='PackSkeleton')
]
val_pipeline = [
    dict(type='SampleVideoAndPose', test_mode=True), load, persons,
    dict(type='ResizeImage', size=(256, 256)),
    dict(type='PackSkeleton')
]
test_pipeline = [
    dict(type='SampleVideoAndPose', num_clips=10, test_mode=True), load, persons,
    dict(type='ResizeImage', size=(256, 256)),
    dict(type='PackSkeleton', with_frames=True)
]

data = dict(type='SkeletonDataset', data_prefix=dict(video=videos))
train_dataloader = dict(batch_size=6, num_workers=8, dataset=dict(**data, part='train', pipeline=train_pipeline))
val_dataloader = dict(batch_size=1, num_workers=8,
                      dataset=dict(**data, part='test', test_mode=True, pipeline=val_pipeline))
test_dataloader = dict(batch_size=1, num_workers=8,
                       dataset=dict(**data, part='test', test_mode=True, pipeline=test_pipeline))
