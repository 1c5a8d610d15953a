# ST-GCN, half its width and 32 frames, on the made-up motions of `mmskel demo`: about two minutes on two cores.
_base_ = ['../_base_/runtime.py', '../_base_/datasets/custom.py', '../_base_/models/stgcn.py']

max_epochs = 10
base_lr = 0.05
clip_len = 32
repeat = 4

train_pipeline = [
    dict(type='RandomRotation3D', degrees=(10, 30, 10)),
    dict(type='RangeNormalize'),
    dict(type='ResampleFrames', random=True),
    dict(type='PackSkeleton')
]
test_pipeline = [dict(type='RangeNormalize'), dict(type='ResampleFrames'), dict(type='PackSkeleton')]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
model = dict(backbone=dict(base_channels=32, dropout=0.25), cls_head=dict(in_channels=128))

train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=base_lr, momentum=0.9, weight_decay=4e-4, nesterov=True))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=True, begin=0, end=1, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=0, by_epoch=True, begin=1, end=max_epochs, convert_to_iter_based=True)
]
