# The published fine-tuning of Penn Action and N-UCLA: AdamW, a warm-up of 5 % of the epochs and a cosine, both in steps
# of whole epochs, so that the first epoch runs at a rate of (nearly) zero.
_base_ = '../runtime.py'
max_epochs = 100
warmup_epochs = 5
base_lr = 3e-5

train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=base_lr, weight_decay=1e-4))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-8, by_epoch=True, begin=0, end=warmup_epochs + 1),
    dict(type='CosineAnnealingLR', eta_min=0, by_epoch=True, begin=warmup_epochs, end=max_epochs)
]
auto_scale_lr = dict(enable=False, base_batch_size=4)
