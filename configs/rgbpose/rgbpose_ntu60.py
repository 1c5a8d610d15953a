# RGBPose-Conv3D on NTU RGB+D 60, videos and 2-D skeletons (HRNet), the joint training (8 GPUs x 6 clips), started from
# the two single networks. Splits: --split xsub, xview.
#   mmskel convert rgbpose rgbonly.pth data/rgbpose_start.pth --pose poseonly.pth
#   mmskel train rgbpose/rgbpose_ntu60.py --videos FOLDER
# Not trained here yet; published by MMAction2, X-Sub, ten clips: 96.4 % (RGB head), 96.2 % (pose head), 96.8 % (both).
_base_ = ['../_base_/runtime.py', '../_base_/datasets/pose_videos.py', '../_base_/models/rgbpose.py']

max_epochs = 20
base_lr = 0.0075

load_from = 'data/rgbpose_start.pth'

train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=base_lr, momentum=0.9, weight_decay=1e-4),
    clip_grad=dict(max_norm=40, norm_type=2))
param_scheduler = [dict(type='MultiStepLR', by_epoch=True, begin=0, end=max_epochs, milestones=[12, 16], gamma=0.1)]
auto_scale_lr = dict(enable=False, base_batch_size=48)
