# PoseC3D on NTU RGB+D 60, 2-D skeletons (HRNet), MMAction2's recipe (8 GPUs x 16 clips). Splits: --split xsub, xview.
#   PYSKL's ntu60_hrnet or MMAction2's ntu60_2d pickle as it is
# Not trained here yet; published, X-Sub: 93.6 % (joint), 93.5 % (limb), 94.0 % (both); X-View, PYSKL: 96.5, 96.0,
# 96.9 %.
_base_ = ['../_base_/datasets/pose_volumes.py', '../_base_/models/posec3d.py', '../_base_/schedules/posec3d.py']
