# Gate-Shift-Pose, late fusion, otherwise as gsp_custom.py: a true ResNet-18 on 16 images of 112 x 112, and the joints as
# numbers in [-1, 1], cropped and mirrored with them; attention over the segments, all of it trained.
#   mmskel train custom/gsp_late_custom.py --data my.pkl --cfg-options model.backbone.pretrained=resnet18.pth
_base_ = 'gsp_custom.py'

model = dict(
    type='MMRecognizer3D',
    data_preprocessor=dict(_delete_=True, type='FramesAndPoseEncoder', scale_pose=True),
    backbone=dict(_delete_=True, type='GSFLateFusion', depth=18, attention='segments'),
    cls_head=dict(in_channels=160, dropout=0.))
