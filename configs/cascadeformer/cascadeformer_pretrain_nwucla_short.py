# Masked pretraining of CascadeFormer 1.1 on N-UCLA for two CPU cores: 20 epochs of 5 passes, every copy augmented
# afresh, 32 clips at once. No labels are used. Not trained here yet; with --amp a step is estimated at 0.3 s, all of it
# at 16 minutes. Then: cascadeformer_nwucla_short.py.
_base_ = './cascadeformer_pretrain_nwucla.py'

max_epochs = 20
repeat = 5
warmup_epochs = 1
base_lr = 5e-4
# clips are made within a fiftieth of a step, so a worker would only take a core from the network
train_dataloader = dict(
    batch_size=32, num_workers=0, persistent_workers=False, dataset=dict(fixed_copies=False))

train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(optimizer=dict(lr=base_lr), clip_grad=dict(max_norm=1.0))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-2, by_epoch=True, begin=0, end=warmup_epochs, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=1e-5, by_epoch=True, begin=warmup_epochs, end=max_epochs,
         convert_to_iter_based=True)
]
auto_scale_lr = dict(base_batch_size=32)
