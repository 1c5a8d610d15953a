# PoseC3D on Diving48 V2, PYSKL's recipe (8 GPUs x 32 clips).
#   PYSKL's diving48_hrnet or MMAction2's diving48_2d pickle as it is
# Not trained here yet; published: 54.5 % (joint).
_base_ = ['../_base_/datasets/pose_volumes.py', '../_base_/models/posec3d.py', '../_base_/schedules/posec3d.py']

ann_file = 'data/diving48_2d.pkl'
split = ''
num_classes = 48

train_dataloader = dict(batch_size=32)

optim_wrapper = dict(optimizer=dict(lr=0.4, weight_decay=1e-4))
auto_scale_lr = dict(enable=False, base_batch_size=256)
