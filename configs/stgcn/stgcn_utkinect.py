# ST-GCN on UT-Kinect, the recipe of N-UCLA. Splits: --split xsub, loseqo01 ... loseqo20.
# Measured 2026-11-20, half cross-subject, joint stream, seed 0, --amp, last epoch: top-1 94.95 % of 99 segments, mean
# class 94.67 % (one core, 15 minutes beside other work).
_base_ = ['../_base_/runtime.py', '../_base_/datasets/utkinect.py', '../_base_/models/stgcn.py']

max_epochs = 10
base_lr = 0.1

train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=base_lr, momentum=0.9, weight_decay=4e-4, nesterov=True))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=True, begin=0, end=5, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=1e-4, by_epoch=True, begin=5, end=max_epochs, convert_to_iter_based=True)
]
