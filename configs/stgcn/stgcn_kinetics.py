# ST-GCN on Kinetics-Skeleton, the paper's recipe (4 GPUs x 64 clips). Published: top-1 30.7 % (paper), 31.6 % (released
# weights). Not trained here yet.
_base_ = ['../_base_/runtime.py', '../_base_/datasets/kinetics_skeleton.py', '../_base_/models/stgcn.py']

max_epochs = 50
base_lr = 0.1

model = dict(data_preprocessor=dict(with_score=True), backbone=dict(dropout=0., published_init=True))

train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=base_lr, momentum=0.9, weight_decay=1e-4, nesterov=True))
param_scheduler = [
    dict(type='MultiStepLR', milestones=[20, 30, 40], gamma=0.1, by_epoch=True, begin=0, end=max_epochs)
]
auto_scale_lr = dict(enable=False, base_batch_size=256)
