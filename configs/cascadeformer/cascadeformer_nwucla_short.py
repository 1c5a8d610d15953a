# CascadeFormer 1.1 on N-UCLA, views 1 and 2 -> 3, for two CPU cores: 20 epochs of 5 passes, every copy augmented
# afresh, 32 clips at once, from cascadeformer_pretrain_nwucla_short.py. Without pretraining: --cfg-options
# load_from=None. Measured here with 5 epochs each, seed
# 0, 2026-12-01: 75.65 %, clean 75.34 %; without pretraining 62.72 %. The 20 were not trained.
_base_ = './cascadeformer_nwucla.py'

max_epochs = 20
repeat = 5
warmup_epochs = 1
base_lr = 3e-4
load_from = 'work_dirs/cascadeformer_pretrain_nwucla_short/epoch_20.pth'
train_dataloader = dict(
    batch_size=32, num_workers=0, persistent_workers=False, dataset=dict(fixed_copies=False))

train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(optimizer=dict(lr=base_lr, weight_decay=1e-2), clip_grad=dict(max_norm=1.0))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-2, by_epoch=True, begin=0, end=warmup_epochs, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=1e-6, by_epoch=True, begin=warmup_epochs, end=max_epochs,
         convert_to_iter_based=True)
]
auto_scale_lr = dict(base_batch_size=32)
