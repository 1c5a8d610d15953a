# Ensem-NN on SYSU-3D. Splits: --split set2_01 ... set2_30, set1_01 ... set1_30, whose means are reported.
# Members: two_stream, body_part, attention, frame_difference; --streams all trains and multiplies them. Without a
# stream: the base network.
# Not trained here yet.
_base_ = ['../_base_/datasets/sysu.py', '../_base_/models/ensemble_1dcnn.py',
          '../_base_/schedules/ensemble_1dcnn.py']

repeat = 5

train_dataloader = dict(batch_size=16)

max_epochs = 10
base_lr = 0.05
train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(optimizer=dict(lr=base_lr))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=True, begin=0, end=1, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=1e-4, by_epoch=True, begin=1, end=max_epochs, convert_to_iter_based=True)
]
