# PoseC3D with C3D-light of half the width on 32 frames of 32 x 32 pixels, for any annotation file: small data sets,
# trials, a CPU.
#   mmskel train custom/posec3d_custom_small.py --data my.pkl
_base_ = ['../_base_/runtime.py', '../_base_/datasets/custom.py', '../_base_/models/c3d_light.py']

max_epochs = 20
base_lr = 0.05
clip_len = 32

model = dict(backbone=dict(base_channels=16), cls_head=dict(in_channels=128))

train_pipeline = [
    dict(type='SampleUniformly'),
    dict(type='FitIntoImage'),
    dict(type='CropToPersons', hw_ratio=1, corrected=True),
    dict(type='CropAtRandom', area=(0.56, 1.0)),
    dict(type='ResizeImage', size=(32, 32)),
    dict(type='MirrorImage'),
    dict(type='PackSkeleton')
]
test_pipeline = [
    dict(type='SampleUniformly', test_mode=True),
    dict(type='FitIntoImage'),
    dict(type='CropToPersons', hw_ratio=1, corrected=True),
    dict(type='ResizeImage', size=(32, 32)),
    dict(type='PackSkeleton')
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(batch_size=16, dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader

train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=base_lr, momentum=0.9, weight_decay=3e-4),
    clip_grad=dict(max_norm=40, norm_type=2))
param_scheduler = [
    dict(type='CosineAnnealingLR', eta_min=0, by_epoch=True, begin=0, end=max_epochs, convert_to_iter_based=True)
]
