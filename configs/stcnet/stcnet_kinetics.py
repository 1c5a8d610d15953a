# STC-Net on Kinetics-Skeleton (OpenPose, 18 joints, two persons, x, y and score): the recipe of the config for NTU
# RGB+D 60, and its way to 64 frames. The authors' own was not released.
# Not trained here yet; nobody's result could be verified.
_base_ = ['../_base_/runtime.py', '../_base_/datasets/kinetics_skeleton.py', '../_base_/models/stcnet.py']

clip_len = 64
max_epochs = 90
warmup_epochs = 5
base_lr = 0.1

centre = {{_base_.centre}}
persons = {{_base_.persons}}
train_pipeline = [
    centre, persons,
    dict(type='CropAndResize', share=(0.5, 1.0)),
    dict(type='RandomMove'),
    dict(type='PackSkeleton')
]
test_pipeline = [centre, persons, dict(type='CropAndResize', share=0.95), dict(type='PackSkeleton')]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))

model = dict(data_preprocessor=dict(with_score=True), cls_head=dict(init_cfg=dict(std=0.0707)))

train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=base_lr, momentum=0.9, weight_decay=4e-4, nesterov=True))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.2, by_epoch=True, begin=0, end=warmup_epochs),
    dict(type='CosineAnnealingLR', eta_min=1e-4, by_epoch=True, begin=warmup_epochs, end=max_epochs,
         convert_to_iter_based=True)
]
auto_scale_lr = dict(enable=False, base_batch_size=64)
