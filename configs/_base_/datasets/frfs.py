# FR-FS, falls in figure skating: images of 640 x 360 and one person's joints; multi-scale crops of 224 x 224 in
# training, the centre for validation, and two clips of ten crops in the test.
_base_ = '../loaders.py'
ann_file = 'data/frfs.pkl'
videos = ''
split = ''
layout = 'coco17'
num_classes = 2
clip_len = 32

load = dict(type='LoadClipFrames')
person = dict(type='ChoosePerson', rule='largest')
frame = dict(type='ResizeImage', size=(360, 640))
train_pipeline = [
    person,
    dict(type='SampleSegments'), load, frame,
    dict(type='CropAtCorner'),
    dict(type='ResizeImage', size=(224, 224)),
    dict(type='MirrorImage', corrected=True),
    dict(type='PackSkeleton')
]
val_pipeline = [
    person,
    dict(type='SampleSegments', test_mode=True), load, frame,
    dict(type='ResizeImage', size=256),
    dict(type='CropCentre', size=224),
    dict(type='PackSkeleton')
]
test_pipeline = [
    person,
    dict(type='SampleSegments', num_clips=2, test_mode=True), load, frame,
    dict(type='ResizeImage', size=256),
    dict(type='TenCrops', size=224),
    dict(type='PackSkeleton')
]

data = dict(type='SkeletonDataset', data_prefix=dict(video=videos))
train_dataloader = dict(batch_size=8, num_workers=4, dataset=dict(**data, part='train', pipeline=train_pipeline))
val_dataloader = dict(batch_size=8, num_workers=4,
                      dataset=dict(**data, part='test', test_mode=True, pipeline=val_pipeline))
test_dataloader = dict(batch_size=1, num_workers=4,
                       dataset=dict(**data, part='test', test_mode=True, pipeline=test_pipeline))
