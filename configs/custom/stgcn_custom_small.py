# ST-GCN of half the width on 32 frames, for any annotation file: small data sets, trials, `mmskel demo --video`.
#   mmskel train custom/stgcn_custom_small.py --data my.pkl
_base_ = 'stgcn_custom.py'

clip_len = 32
num_person = {{_base_.num_person}}

train_pipeline = [
    dict(type='SetPersons', num_person=num_person),
    dict(type='RangeNormalize'),
    dict(type='RandomRotation3D', degrees=(15, 15, 15)),
    dict(type='RandomScale', low=0.8, high=1.2, per_axis=True),
    dict(type='ResampleFrames', clip_len=clip_len, random=True),
    dict(type='PackSkeleton')
]
test_pipeline = [
    dict(type='SetPersons', num_person=num_person),
    dict(type='RangeNormalize'),
    dict(type='ResampleFrames', clip_len=clip_len),
    dict(type='PackSkeleton')
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
model = dict(
    backbone=dict(base_channels=32, dropout=0.25),
    cls_head=dict(in_channels=128))
