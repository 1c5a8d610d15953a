# MANs_9 on any annotation file; layout, classes and persons are read off it.
#   mmskel train custom/mans_custom.py --data my.pkl
_base_ = 'stgcn_custom.py'

max_epochs = 20
base_lr = 0.05
clip_len = 50

layout = {{_base_.layout}}
num_person = {{_base_.num_person}}
model = dict(
    type='PenalisedRecognizer',
    backbone=dict(_delete_=True, type='MANs', layout=layout, num_person=num_person),
    cls_head=dict(in_channels=128),
    penalties=[
        dict(
            type='KernelPenalty', l2=1e-4,
            kernels=('backbone.tarm.gru.weight_ih', 'backbone.stcm.*conv*.weight', 'backbone.stcm.*down.weight'))
    ])

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
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))

train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(optimizer=dict(lr=base_lr, weight_decay=0.))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=True, begin=0, end=1, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=1e-4, by_epoch=True, begin=1, end=max_epochs, convert_to_iter_based=True)
]
