# NTU RGB+D 60, 3-D skeletons as CTR-GCN and HD-GCN take them: SGN's denoising, a part of the clip resized to 64 frames.
#   mmskel prepare ntu nturgb+d_skeletons data/ntu60_sgn.pkl --denoise sgn --translate
# Splits: --split xsub, xview (60), xset (120).
_base_ = '../loaders.py'
ann_file = 'data/ntu60_sgn.pkl'
split = 'xsub'
layout = 'ntu25'
num_classes = 60
clip_len = 64
num_person = 2

persons = dict(type='SetPersons')
train_pipeline = [
    dict(type='CropAndResize', share=(0.5, 1.0)),
    dict(type='RandomRotation3D', degrees=(17.18873385, 17.18873385, 17.18873385), order='xyz'),  # 0.3 rad
    persons,
    dict(type='PackSkeleton')
]
test_pipeline = [dict(type='CropAndResize', share=0.95), persons, dict(type='PackSkeleton')]

data = dict(type='SkeletonDataset')
train_dataloader = dict(batch_size=64, drop_last=True, dataset=dict(**data, part='train', pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(**data, part='test', test_mode=True, pipeline=test_pipeline))
test_dataloader = val_dataloader
