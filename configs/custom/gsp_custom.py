# Gate-Shift-Pose, early fusion, a true ResNet-18 on 16 images of 112 x 112 around the largest person, for any annotation
# file of 2-D clips whose videos are at hand. Frames are counted from 0, colours have their own mean and deviation.
#   mmskel extract VIDEOS my.pkl
#   mmskel train custom/gsp_custom.py --data my.pkl --cfg-options model.backbone.pretrained=resnet18.pth
# Images alone: --stream rgb. Black outside the heatmap, as the released code has it:
# --cfg-options model.data_preprocessor.mask_rgb=True. Rare classes: --cfg-options class_weights=balanced.
_base_ = ['../_base_/runtime.py', '../_base_/datasets/custom.py', '../_base_/models/gsp.py']

max_epochs = 30
base_lr = 0.01
clip_len = 16

model = dict(
    data_preprocessor=dict(sigma=4., mask_rgb=False, cyclic=False),
    backbone=dict(depth=18),
    cls_head=dict(in_channels=512))

load = dict(type='LoadClipFrames')
person = dict(type='ChoosePerson', rule='largest')
around = dict(type='CropToPersons', hw_ratio=1, corrected=True)
train_pipeline = [
    person,
    dict(type='SampleSegments', corrected=True), load, around,
    dict(type='CropAtRandom', area=(0.56, 1.0)),
    dict(type='ResizeImage', size=(112, 112)),
    dict(type='MirrorImage', corrected=True),
    dict(type='PackSkeleton')
]
test_pipeline = [
    person,
    dict(type='SampleSegments', corrected=True, test_mode=True), load, around,
    dict(type='ResizeImage', size=(112, 112)),
    dict(type='PackSkeleton')
]
train_dataloader = dict(batch_size=8, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(batch_size=8, dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader

train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=base_lr, momentum=0.9, weight_decay=5e-4),
    clip_grad=dict(max_norm=20, norm_type=2))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=True, begin=0, end=1, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=0, by_epoch=True, begin=1, end=max_epochs, convert_to_iter_based=True)
]
