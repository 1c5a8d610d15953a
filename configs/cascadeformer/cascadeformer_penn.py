# CascadeFormer 1.0 on Penn Action, the published recipe, from cascadeformer_pretrain_penn.py. The published figure
# comes from a test with 4 heads in the cross-attention: --cfg-options model.backbone.cross_heads=4.
# Not trained here yet; published: 94.66 %, last epoch.
_base_ = ['../_base_/datasets/penn_action.py', '../_base_/models/cascadeformer.py',
          '../_base_/schedules/cascadeformer.py']

max_epochs = 1000
warmup_epochs = 50
base_lr = 1e-5

load_from = 'work_dirs/cascadeformer_pretrain_penn/epoch_1000.pth'
model = dict(
    backbone=dict(in_channels=2, embedding='linear', max_frames=1000, position_std=0.))

train_cfg = dict(max_epochs=max_epochs, val_interval=10)
optim_wrapper = dict(optimizer=dict(lr=base_lr))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-8, by_epoch=True, begin=0, end=warmup_epochs + 1),
    dict(type='CosineAnnealingLR', eta_min=0, by_epoch=True, begin=warmup_epochs, end=max_epochs)
]
