# Gate-Shift-Pose, late fusion, ResNet-50, on FR-FS: images through a GSF-ResNet, joints as numbers, refined together.
# As the released code: the attention is a linear map with a frozen value projection, joints are pixels of the image of
# 640 x 360 and are neither cropped nor mirrored with it (docs/published/gate_shift_pose.md, D4 and D5). Attention over
# the segments: --cfg-options model.backbone.attention=segments
# Not trained here yet; published 87.02 % (32 segments, batch 8), 86.53 % (16).
_base_ = ['../_base_/datasets/frfs.py', '../_base_/models/gsp_late.py', '../_base_/schedules/gsp.py']

load = dict(type='LoadClipFrames')
person = dict(type='ChoosePerson', rule='largest')
frame = dict(type='ResizeImage', size=(360, 640))
train_pipeline = [
    person,
    dict(type='SampleSegments'), load, frame,
    dict(
        type='ImagesAlone',
        transforms=[
            dict(type='CropAtCorner'),
            dict(type='ResizeImage', size=(224, 224)),
            dict(type='MirrorImage', corrected=True)
        ]),
    dict(type='PackSkeleton')
]
val_pipeline = [
    person,
    dict(type='SampleSegments', test_mode=True), load, frame,
    dict(type='ImagesAlone', transforms=[dict(type='ResizeImage', size=256), dict(type='CropCentre', size=224)]),
    dict(type='PackSkeleton')
]
test_pipeline = [
    person,
    dict(type='SampleSegments', num_clips=2, test_mode=True), load, frame,
    dict(type='ImagesAlone', transforms=[dict(type='ResizeImage', size=256), dict(type='TenCrops', size=224)]),
    dict(type='PackSkeleton')
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
