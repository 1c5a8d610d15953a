# Ensem-NN on UT-Kinect, prepared and augmented as N-UCLA. Splits: --split xsub (half of the subjects), loseqo01 ...
# loseqo20 (leave one recording out, averaged over the segments).
# Members: two_stream, body_part, attention, frame_difference; --streams all trains and multiplies them. Without a
# stream: the base network.
# Measured here, xsub, seed 0, 2026-12-01: two_stream 93.94 %, body_part 92.93 %, attention 87.88 %, frame_difference
# 88.89 %, product of the four 95.96 %.
_base_ = ['../_base_/datasets/utkinect.py', '../_base_/models/ensemble_1dcnn.py',
          '../_base_/schedules/ensemble_1dcnn.py']

repeat = 10
num_person = 1

train_dataloader = dict(batch_size=16)

max_epochs = 8
base_lr = 0.05
train_cfg = dict(max_epochs=max_epochs)
# without the bound, the attention network's loss is NaN within an epoch
optim_wrapper = dict(optimizer=dict(lr=base_lr), clip_grad=dict(max_norm=5.0))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=True, begin=0, end=1, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=1e-4, by_epoch=True, begin=1, end=max_epochs, convert_to_iter_based=True)
]
