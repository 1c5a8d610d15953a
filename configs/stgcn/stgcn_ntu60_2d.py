# ST-GCN on NTU RGB+D 60, 2-D skeletons; PYSKL's recipe (8 GPUs x 16 clips, 16 epochs of 5 passes). Splits: --split
# xsub, xview.
# Not trained here yet; published with this recipe, MMAction2, joint, X-Sub: 89.0 %. One GPU: scale the rate with
# auto_scale_lr.
_base_ = ['../_base_/runtime.py', '../_base_/datasets/ntu2d.py', '../_base_/models/stgcn.py']

max_epochs = 16
base_lr = 0.1

model = dict(data_preprocessor=dict(with_score=True), backbone=dict(dropout=0.))

train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=base_lr, momentum=0.9, weight_decay=5e-4, nesterov=True))
param_scheduler = [
    dict(type='CosineAnnealingLR', eta_min=0, by_epoch=True, begin=0, end=max_epochs, convert_to_iter_based=True)
]
auto_scale_lr = dict(enable=False, base_batch_size=128)
