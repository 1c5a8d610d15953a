# PoseC3D on UCF101, fine-tuned from Kinetics-400 weights (joint), MMAction2's recipe (8 GPUs x 16 clips). Three splits:
# --split 1, 2, 3. Give the weights: --cfg-options load_from=posec3d_k400.pth
#   PYSKL's ucf101_hrnet or MMAction2's ucf101_2d pickle as it is
# Not trained here yet; published: 86.8 % (joint, split 1).
_base_ = [
    '../_base_/datasets/pose_volumes.py', '../_base_/models/posec3d.py', '../_base_/schedules/posec3d.py'
]

ann_file = 'data/ucf101_2d.pkl'
split = '1'
num_classes = 101
max_epochs = 12

model = dict(backbone=dict(stage_blocks=(3, 4, 6)))

persons = dict(type='CropToPersons', hw_ratio=1)
train_pipeline = [
    dict(type='SampleUniformly'), persons,
    dict(type='ResizeImage', size=64),
    dict(type='CropAtRandom', area=(0.56, 1.0)),
    dict(type='ResizeImage', size=(48, 48)),
    dict(type='MirrorImage'),
    dict(type='PackSkeleton')
]
size = dict(type='ResizeImage', size=(56, 56))
val_pipeline = [dict(type='SampleUniformly', test_mode=True), persons, size, dict(type='PackSkeleton')]
test_pipeline = [
    dict(type='SampleUniformly', num_clips=10, test_mode=True), persons, size,
    dict(type='PackSkeleton', with_frames=True, mirror_views=True)
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))

train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(optimizer=dict(lr=0.01))
param_scheduler = [dict(type='MultiStepLR', milestones=[9, 11], gamma=0.1, by_epoch=True, begin=0, end=max_epochs)]
