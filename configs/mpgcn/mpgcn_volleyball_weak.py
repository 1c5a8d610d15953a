# MP-GCN on Volleyball, weakly supervised: people found without given boxes, and the ball; 41 frames, attention per person.
# Not trained here yet; no number of the paper's tables was verified.
_base_ = ['../_base_/runtime.py', '../_base_/datasets/volleyball_weak.py', '../_base_/models/mpgcn.py']

max_epochs = 65
warmup_epochs = 5
base_lr = 0.1
merge = (0, 3, 1, 4, 0, 3, 2, 5)  # the six classes of weakly supervised papers: set and pass of a side are one

layout = {{_base_.layout}}
objects = {{_base_.objects}}
model = dict(
    data_preprocessor=dict(layout=layout, objects=objects),
    backbone=dict(layout=layout, objects=objects, num_person={{_base_.num_person}}, parts='person', reduction=1),
    cls_head=dict(num_classes={{_base_.num_classes}}))

val_evaluator = dict(merge=merge)
test_evaluator = val_evaluator
train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=base_lr, momentum=0.9, weight_decay=2e-4, nesterov=True))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-4, by_epoch=True, begin=0, end=warmup_epochs, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=0, by_epoch=True, begin=warmup_epochs, end=max_epochs,
         convert_to_iter_based=True)
]
