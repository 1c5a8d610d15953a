# HD-GCN on N-UCLA, views 1 and 2 -> 3, for two CPU cores: 32 frames instead of 52 and 18 epochs instead of 65.
# Measured 2026-11-29, seed 0, --amp, 2 cores (Intel Xeon), around pelvis, last epoch, top-1 of all 464 test clips (of
# the 369 clean ones): joint, 85 minutes: 93.53 % (91.87 %), best epoch 95.04 %. With 12 epochs, three of them averaged,
# both streams at once with OMP_NUM_THREADS=1, 83 minutes in all: joint 92.67 % (91.06 %), best epoch 93.53 %; bone
# 93.53 % (91.87 %), best epoch 93.97 %. Fused, joint + bone: 18 and 12 epochs 94.40 % (92.95 %), 12 and 12 95.26 %
# (94.04 %).
# The rate ends at a tenth of the highest, and the weights of the last third are averaged: they have fitted the training
# clips less closely than weights at the end of a rate that falls to nothing.
_base_ = './hdgcn_nwucla.py'

clip_len = 32
max_epochs = 18
warmup_epochs = 1

train_dataloader = dict(num_workers=1)
train_cfg = dict(max_epochs=max_epochs)
custom_hooks = [
    dict(type='EpochSeedHook'),
    dict(type='ProgressBarHook'),
    dict(type='AveragedWeightsHook', ema_type='StochasticWeightAverage', begin_epoch=13)
]
param_scheduler = [
    dict(type='LinearLR', start_factor=0.2, by_epoch=True, begin=0, end=warmup_epochs, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=1e-2, by_epoch=True, begin=warmup_epochs, end=max_epochs,
         convert_to_iter_based=True)
]
