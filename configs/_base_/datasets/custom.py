# Any annotation file: layout, classes, persons and channels are read off it (fit_to_data).
#   mmskel prepare numpy FOLDER data/custom.pkl --labels labels.csv --layout NAME
#   mmskel train custom/stgcn_custom.py --data data/custom.pkl
# Coordinates are brought to [-1, 1] by the clip's own range, so pixels, metres, 2-D and 3-D train alike.
fit_to_data = True
_base_ = '../loaders.py'
ann_file = 'data/custom.pkl'
split = ''
layout = 'coco17'
num_classes = 2
clip_len = 64
num_person = 1
repeat = 5

train_pipeline = [
    dict(type='SetPersons'),
    dict(type='RangeNormalize'),
    dict(type='RandomRotation3D', degrees=(15, 15, 15)),
    dict(type='RandomScale', low=0.8, high=1.2, per_axis=True),
    dict(type='ResampleFrames', random=True),
    dict(type='PackSkeleton')
]
test_pipeline = [
    dict(type='SetPersons'),
    dict(type='RangeNormalize'),
    dict(type='ResampleFrames'),
    dict(type='PackSkeleton')
]

data = dict(type='SkeletonDataset')
train_dataloader = dict(dataset=dict(**data, part='train', pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(**data, part='test', test_mode=True, pipeline=test_pipeline))
test_dataloader = val_dataloader
