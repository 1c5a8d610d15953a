# PoseC3D with C3D-light on NTU RGB+D 60, 2-D skeletons (HRNet), PYSKL's recipe (8 GPUs x 32 clips).
# Splits: --split xsub, xview.
#   PYSKL's ntu60_hrnet or MMAction2's ntu60_2d pickle as it is
# Not trained here yet; published, X-Sub: 92.7 % (joint), 92.6 % (limb), 93.3 % (both).
_base_ = [
    '../_base_/datasets/pose_volumes.py', '../_base_/models/c3d_light.py', '../_base_/schedules/posec3d.py'
]

num_classes = 60

model = dict(cls_head=dict(num_classes=num_classes))

data = dict(ann_file='data/ntu60_2d.pkl', split='xsub', num_classes=num_classes)
train_dataloader = dict(batch_size=32, dataset=data)
val_dataloader = dict(dataset=data)
test_dataloader = dict(dataset=data)

optim_wrapper = dict(optimizer=dict(lr=0.4))
auto_scale_lr = dict(enable=False, base_batch_size=256)
