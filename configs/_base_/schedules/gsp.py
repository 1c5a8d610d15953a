# Gate-Shift-Pose's training: SGD, ten epochs of warm-up, cosine to nothing, stepped per epoch; two batches per step.
_base_ = '../runtime.py'

max_epochs = 120

train_cfg = dict(max_epochs=max_epochs, val_interval=10)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=5e-4),
    clip_grad=dict(max_norm=20, norm_type=2),
    accumulative_counts=2)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=True, begin=0, end=10),
    dict(type='CosineAnnealingLR', eta_min=1e-9, by_epoch=True, begin=10, end=max_epochs)
]
