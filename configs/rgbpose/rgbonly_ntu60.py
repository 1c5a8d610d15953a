# The RGB half of RGBPose-Conv3D alone on NTU RGB+D 60: SlowOnly-R50 on 8 images, cropped around the persons (8 GPUs x
# 12 clips). Splits: --split xsub, xview.
#   mmskel train rgbpose/rgbonly_ntu60.py --videos FOLDER
# Not trained here yet; published by MMAction2, X-Sub, ten clips: 95.4 %.
_base_ = ['../_base_/datasets/pose_videos.py', '../_base_/schedules/posec3d.py']

max_epochs = 18
base_lr = 0.15
pose_len = None
repeat = 10

model = dict(
    type='Recognizer3D',
    data_preprocessor=dict(type='PictureEncoder'),
    backbone=dict(type='ResNet3dSlowOnly', depth=50, pretrained=None, conv1_kernel=(1, 7, 7), inflate=(0, 0, 1, 1)),
    cls_head=dict(type='I3DHead', in_channels=2048, dropout_ratio=0.5, average_clips='prob'))

load = dict(type='LoadClipFrames')
persons = dict(type='CropToPersons', hw_ratio=1)
pack = dict(type='PackSkeleton', with_joints=False)
train_pipeline = [
    dict(type='SampleVideoAndPose'), load, persons,
    dict(type='ResizeImage', size=(256, 256)),
    dict(type='CropAtRandom', area=(0.56, 1.0)),
    dict(type='ResizeImage', size=(224, 224)),
    dict(type='MirrorImage'), pack
]
val_pipeline = [
    dict(type='SampleVideoAndPose', test_mode=True), load, persons,
    dict(type='ResizeImage', size=(224, 224)), pack
]
test_pipeline = [
    dict(type='SampleVideoAndPose', num_clips=10, test_mode=True), load, persons,
    dict(type='ResizeImage', size=(224, 224)), pack
]
train_dataloader = dict(batch_size=12, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(batch_size=12, dataset=dict(pipeline=val_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))

train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(optimizer=dict(lr=base_lr, weight_decay=1e-4))
param_scheduler = [
    dict(type='CosineAnnealingLR', eta_min=0, by_epoch=True, begin=0, end=max_epochs, convert_to_iter_based=True)
]
auto_scale_lr = dict(base_batch_size=96)
