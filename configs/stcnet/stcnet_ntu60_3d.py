# STC-Net on NTU RGB+D 60 with the recipe of the authors' HD-GCN (one GPU, 64 clips, 90 epochs); their own was not
# released. Splits: --split xsub, xview. --streams all trains joint, bone and the motion of both, and fuses the four.
# Not trained here yet; published: X-Sub 93.0 %, X-View 97.1 % (four streams).
_base_ = ['../_base_/runtime.py', '../_base_/datasets/ntu3d_resized.py', '../_base_/models/stcnet.py']

max_epochs = 90
warmup_epochs = 5
base_lr = 0.1

train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=base_lr, momentum=0.9, weight_decay=4e-4, nesterov=True))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.2, by_epoch=True, begin=0, end=warmup_epochs),
    dict(type='CosineAnnealingLR', eta_min=1e-4, by_epoch=True, begin=warmup_epochs, end=max_epochs,
         convert_to_iter_based=True)
]
auto_scale_lr = dict(enable=False, base_batch_size=64)
