# Ensem-NN on N-UCLA, views 1 and 2 -> 3, prepared and augmented as graph networks are: raw coordinates of one camera
# say little about another.
# Members: two_stream, body_part, attention, frame_difference; --streams all trains and multiplies them. Without a
# stream: the base network.
# Not trained here yet.
_base_ = ['../_base_/datasets/nwucla.py', '../_base_/models/ensemble_1dcnn.py',
          '../_base_/schedules/ensemble_1dcnn.py']

repeat = 5
num_person = 1

train_dataloader = dict(batch_size=16)

max_epochs = 10
base_lr = 0.05
train_cfg = dict(max_epochs=max_epochs)
# without the bound, the attention network's loss is NaN within an epoch
optim_wrapper = dict(optimizer=dict(lr=base_lr), clip_grad=dict(max_norm=5.0))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=True, begin=0, end=1, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=1e-4, by_epoch=True, begin=1, end=max_epochs, convert_to_iter_based=True)
]
