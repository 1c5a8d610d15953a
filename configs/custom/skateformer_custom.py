# SkateFormer on any annotation file; layout, classes and persons are read off it, body parts follow from the layout.
#   mmskel train custom/skateformer_custom.py --data my.pkl
_base_ = 'stgcn_custom.py'

max_epochs = 40
warmup_epochs = 4
base_lr = 1e-3

model = dict(
    data_preprocessor=dict(type='SkateEncoder'), backbone=dict(_delete_=True, type='SkateFormer'),
    cls_head=dict(in_channels=192, label_smooth_eps=0.1, init_cfg=None))

train_pipeline = [
    dict(type='SetPersons'),
    dict(type='RangeNormalize'),
    dict(type='RandomRotation3D', degrees=(15, 15, 15)),
    dict(type='RandomScale', low=0.8, high=1.2, per_axis=True),
    dict(type='ResampleFrames', random=True, with_time=True),
    dict(type='RandomDropJoints', joints=(2, 6), frames=(16, 32), probability=0.5),
    dict(type='PackSkeleton')
]
sampling = dict(type='ResampleFrames', with_time=True)
test_pipeline = [dict(type='SetPersons'), dict(type='RangeNormalize'), sampling, dict(type='PackSkeleton')]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader

train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(
    _delete_=True, type='OptimWrapper', optimizer=dict(type='AdamW', lr=base_lr, weight_decay=0.1),
    clip_grad=dict(max_norm=1.0))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-4, by_epoch=True, begin=0, end=warmup_epochs, convert_to_iter_based=True),
    dict(type='CosineFromStartLR', eta_min=1e-5, by_epoch=True, begin=warmup_epochs, end=max_epochs,
         convert_to_iter_based=True)
]
