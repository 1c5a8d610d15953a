# NTU RGB+D 60, 2-D skeletons (HRNet, COCO-17), PYSKL's practice: image coordinates, 100 frames, ten test clips.
#   PYSKL's ntu60_hrnet or MMAction2's ntu60_2d pickle as it is, or `mmskel prepare pickle` to check it
# Splits: --split xsub, xview (60), xset (120).
_base_ = '../loaders.py'
ann_file = 'data/ntu60_2d.pkl'
split = 'xsub'
layout = 'coco17'
num_classes = 60
clip_len = 100
num_person = 2
repeat = 5

normalize = dict(type='NormalizePixels', image_size=(1080, 1920))
persons = dict(type='SetPersons')
train_pipeline = [normalize, dict(type='SampleUniformly', with_next=True), persons, dict(type='PackSkeleton')]
val_pipeline = [
    normalize,
    dict(type='SampleUniformly', with_next=True, test_mode=True), persons,
    dict(type='PackSkeleton')
]
test_pipeline = [
    normalize,
    dict(type='SampleUniformly', num_clips=10, with_next=True, test_mode=True), persons,
    dict(type='PackSkeleton')
]

data = dict(type='SkeletonDataset')
train_dataloader = dict(dataset=dict(**data, part='train', pipeline=train_pipeline))
val_dataloader = dict(batch_size=16, dataset=dict(**data, part='test', test_mode=True, pipeline=val_pipeline))
test_dataloader = dict(batch_size=2, dataset=dict(**data, part='test', test_mode=True, pipeline=test_pipeline))
