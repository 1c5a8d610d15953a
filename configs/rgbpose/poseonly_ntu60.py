# The pose half of RGBPose-Conv3D alone on NTU RGB+D 60: PoseC3D's SlowOnly on 32 frames, which keep their number
# through the network (8 GPUs x 16 clips). Splits: --split xsub, xview. Needs no videos.
# Not trained here yet; published by MMAction2, X-Sub, ten clips: 93.5 %.
_base_ = ['../_base_/datasets/pose_volumes.py', '../_base_/models/posec3d.py', '../_base_/schedules/posec3d.py']

max_epochs = 18
clip_len = 32

model = dict(backbone=dict(temporal_strides=(1, 1, 1)))

persons = dict(type='CropToPersons', hw_ratio=1)
size = dict(type='ResizeImage', size=(64, 64))
train_pipeline = [
    dict(type='SampleUniformly'), persons, size,
    dict(type='CropAtRandom', area=(0.56, 1.0)),
    dict(type='ResizeImage', size=(56, 56)),
    dict(type='MirrorImage'),
    dict(type='PackSkeleton')
]
val_pipeline = [dict(type='SampleUniformly', test_mode=True), persons, size, dict(type='PackSkeleton')]
test_pipeline = [
    dict(type='SampleUniformly', num_clips=10, test_mode=True), persons, size,
    dict(type='PackSkeleton', with_frames=True)
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))

train_cfg = dict(max_epochs=max_epochs)
param_scheduler = [
    dict(type='CosineAnnealingLR', eta_min=0, by_epoch=True, begin=0, end=max_epochs, convert_to_iter_based=True)
]
