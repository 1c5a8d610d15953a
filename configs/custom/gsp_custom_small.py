# Gate-Shift-Pose, early fusion, of a quarter of the width, one block per stage and 8 images of 64 x 64: small data sets,
# trials, a CPU.
#   mmskel train custom/gsp_custom_small.py --data my.pkl
_base_ = 'gsp_custom.py'

max_epochs = 20
base_lr = 0.02
clip_len = 8

model = dict(
    data_preprocessor=dict(sigma=2.),
    backbone=dict(base_channels=16, stage_blocks=(1, 1, 1, 1)),
    cls_head=dict(in_channels=128))

load = dict(type='LoadClipFrames')
person = dict(type='ChoosePerson', rule='largest')
around = dict(type='CropToPersons', hw_ratio=1, corrected=True)
train_pipeline = [
    person,
    dict(type='SampleSegments', corrected=True), load, around,
    dict(type='CropAtRandom', area=(0.56, 1.0)),
    dict(type='ResizeImage', size=(64, 64)),
    dict(type='MirrorImage', corrected=True),
    dict(type='PackSkeleton')
]
test_pipeline = [
    person,
    dict(type='SampleSegments', corrected=True, test_mode=True), load, around,
    dict(type='ResizeImage', size=(64, 64)),
    dict(type='PackSkeleton')
]
train_dataloader = dict(batch_size=16, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(batch_size=16, dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader

train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(optimizer=dict(lr=base_lr))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=True, begin=0, end=1, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=0, by_epoch=True, begin=1, end=max_epochs, convert_to_iter_based=True)
]
