# CascadeFormer on any annotation file; layout, classes and persons are read off it. Alone, or from the pretraining of
# cascadeformer_pretrain_custom.py: --cfg-options load_from=work_dirs/cascadeformer_pretrain_custom/epoch_40.pth
#   mmskel train custom/cascadeformer_custom.py --data my.pkl
_base_ = 'stgcn_custom.py'

max_epochs = 40
warmup_epochs = 2
base_lr = 3e-4

model = dict(
    data_preprocessor=dict(type='PaddedStreamEncoder'), backbone=dict(_delete_=True, type='CascadeFormer'),
    cls_head=dict(in_channels=256, init_cfg=None))

train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(
    _delete_=True, type='OptimWrapper', optimizer=dict(type='AdamW', lr=base_lr, weight_decay=1e-2),
    clip_grad=dict(max_norm=1.0))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-2, by_epoch=True, begin=0, end=warmup_epochs, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=1e-6, by_epoch=True, begin=warmup_epochs, end=max_epochs,
         convert_to_iter_based=True)
]
