# Ensem-NN on HDM05, 130 classes. Splits: --split fold01 ... fold10, whose mean is reported.
# Members: two_stream, body_part, attention, frame_difference; --streams all trains and multiplies them. Without a
# stream: the base network.
# Not trained here yet.
_base_ = ['../_base_/datasets/hdm05.py', '../_base_/models/ensemble_1dcnn.py',
          '../_base_/schedules/ensemble_1dcnn.py']

repeat = 1

train_dataloader = dict(batch_size=16)

max_epochs = 20
base_lr = 0.05
train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(optimizer=dict(lr=base_lr))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=True, begin=0, end=1, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=1e-4, by_epoch=True, begin=1, end=max_epochs, convert_to_iter_based=True)
]
