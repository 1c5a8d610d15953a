# MANs_9 on N-UCLA, views 1 and 2 -> 3, view-invariant coordinates, no augmentation.
# Not trained here yet.
_base_ = ['../_base_/datasets/nwucla.py', '../_base_/models/mans.py', '../_base_/schedules/mans.py']

clip_len = 50

layout = {{_base_.layout}}
model = dict(
    data_preprocessor=dict(layout=layout),
    backbone=dict(layout=layout, num_person={{_base_.num_person}}),
    cls_head=dict(num_classes={{_base_.num_classes}}))

pipeline = [
    dict(type='AlignTrunk3D', layout=layout),
    dict(type='SetPersons', num_person={{_base_.num_person}}),
    dict(type='FitFrames', clip_len=clip_len, place='centre'),
    dict(type='PackSkeleton')
]
train_dataloader = dict(batch_size=16, dataset=dict(repeat=5, pipeline=pipeline))
val_dataloader = dict(batch_size=64, dataset=dict(pipeline=pipeline))
test_dataloader = dict(batch_size=64, dataset=dict(pipeline=pipeline))

max_epochs = 16
train_cfg = dict(max_epochs=max_epochs)
param_scheduler = [
    dict(type='CosineAnnealingLR', eta_min=1e-4, by_epoch=True, begin=0, end=max_epochs, convert_to_iter_based=True)
]
