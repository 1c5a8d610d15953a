# ST-GCN on any annotation file; layout, classes and persons are read off it.
#   mmskel train custom/stgcn_custom.py --data my.pkl
_base_ = ['../_base_/runtime.py', '../_base_/datasets/custom.py', '../_base_/models/stgcn.py']

max_epochs = 20
base_lr = 0.05

train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=base_lr, momentum=0.9, weight_decay=4e-4, nesterov=True))
param_scheduler = [
    dict(type='CosineAnnealingLR', eta_min=0, by_epoch=True, begin=0, end=max_epochs, convert_to_iter_based=True)
]
