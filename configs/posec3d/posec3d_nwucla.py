# PoseC3D for a CPU, on N-UCLA, views 1 and 2 -> 3: SlowOnly of half the width and half the blocks, 16 frames of 32 x 32
# pixels. The skeletons are turned at random and looked at along z, which stands in for cameras that were not there.
#   mmskel prepare nw_ucla all_sqe.zip data/nwucla.pkl
# Measured 2026-11-30, seed 0, --amp, 2 cores (AMD EPYC), joint, 45 minutes, last epoch: top-1 87.72 % of all 464 test
# clips, 88.08 % of the 369 clean ones. That is 3.9 and 1.6 points below ST-GCN in 3-D after its 26 epochs (91.59 and
# 89.70 %); the network sees one projection. With --epochs 8 (2026-11-29, Intel Xeon): 79.53 and 83.47 %.
_base_ = ['../_base_/runtime.py', '../_base_/datasets/nwucla.py', '../_base_/models/posec3d.py']

max_epochs = 20
base_lr = 0.05
clip_len = 16
side = 32

model = dict(backbone=dict(base_channels=16, stage_blocks=(2, 3, 2)), cls_head=dict(in_channels=256))

centre = dict(type='CentreOnJoint', joint='spine')
train_pipeline = [
    dict(type='SampleUniformly'), centre,
    dict(type='RandomRotation3D', degrees=(15, 60, 15)),
    dict(type='FitIntoImage'),
    dict(type='CropToPersons', hw_ratio=1, corrected=True),
    dict(type='CropAtRandom', area=(0.56, 1.0)),
    dict(type='ResizeImage', size=(side, side)),
    dict(type='MirrorImage'),
    dict(type='PackSkeleton')
]
test_pipeline = [
    dict(type='SampleUniformly', test_mode=True), centre,
    dict(type='FitIntoImage'),
    dict(type='CropToPersons', hw_ratio=1, corrected=True),
    dict(type='ResizeImage', size=(side, side)),
    dict(type='PackSkeleton')
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader

train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=base_lr, momentum=0.9, weight_decay=3e-4),
    clip_grad=dict(max_norm=40, norm_type=2))
param_scheduler = [
    dict(type='CosineAnnealingLR', eta_min=0, by_epoch=True, begin=0, end=max_epochs, convert_to_iter_based=True)
]
