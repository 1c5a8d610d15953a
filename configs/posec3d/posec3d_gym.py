# PoseC3D on FineGYM (99 classes), MMAction2's recipe (8 GPUs x 16 clips). Reported is the mean class accuracy.
#   PYSKL's gym_hrnet or MMAction2's gym_2d pickle as it is
# Not trained here yet; published, ten clips and their mirror images: 93.5 % (joint), 93.6 % (limb), mean class.
_base_ = ['../_base_/datasets/pose_volumes.py', '../_base_/models/posec3d.py', '../_base_/schedules/posec3d.py']

ann_file = 'data/gym_2d.pkl'
split = ''
num_classes = 99

default_hooks = dict(checkpoint=dict(save_best='acc/mean_class'))
