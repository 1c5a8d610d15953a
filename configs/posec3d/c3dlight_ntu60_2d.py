# PoseC3D with C3D-light on NTU RGB+D 60, 2-D skeletons (HRNet), PYSKL's recipe (8 GPUs x 32 clips).
# Splits: --split xsub, xview.
#   PYSKL's ntu60_hrnet or MMAction2's ntu60_2d pickle as it is
# Not trained here yet; published, X-Sub: 92.7 % (joint), 92.6 % (limb), 93.3 % (both).
_base_ = ['../_base_/datasets/pose_volumes.py', '../_base_/models/c3d_light.py', '../_base_/schedules/posec3d.py']

train_dataloader = dict(batch_size=32)

optim_wrapper = dict(optimizer=dict(lr=0.4))
auto_scale_lr = dict(enable=False, base_batch_size=256)
