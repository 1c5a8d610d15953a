# ST-GCN on N-UCLA, views 1 and 2 -> 3. Meant for `--amp`, bfloat16 on a CPU: forward and
# backward of 16 clips, no dropout, took 0.21 s instead of 0.38 s on the two cores below.
# Measured 2026-11-20, joint stream, --amp, last epoch, two cores (AMD EPYC, no GPU), 52 minutes with other work beside
# it:   seed 0: top-1 91.59 % of the 464 test clips, 89.70 % of the 369 clean ones, mean class 91.51 %.
_base_ = ['../_base_/runtime.py', '../_base_/datasets/nwucla.py', '../_base_/models/stgcn.py']

max_epochs = 26
base_lr = 0.1

model = dict(backbone=dict(dropout=0.5), cls_head=dict(label_smooth_eps=0.1))

train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=base_lr, momentum=0.9, weight_decay=4e-4, nesterov=True))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=True, begin=0, end=2, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=1e-4, by_epoch=True, begin=2, end=max_epochs, convert_to_iter_based=True)
]
