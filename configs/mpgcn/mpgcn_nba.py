# MP-GCN on NBA: detected people, ball and net, with the confidence as a third coordinate; the published recipe.
# Not trained here yet; no number of the paper's tables was verified.
_base_ = ['../_base_/runtime.py', '../_base_/datasets/nba.py', '../_base_/models/mpgcn.py']

max_epochs = 65
warmup_epochs = 5
base_lr = 0.1

layout = {{_base_.layout}}
objects = {{_base_.objects}}
model = dict(
    data_preprocessor=dict(layout=layout, objects=objects, with_score=True),
    backbone=dict(
        layout=layout, objects=objects, num_person={{_base_.num_person}}, in_channels=3, parts='person', reduction=1),
    cls_head=dict(num_classes={{_base_.num_classes}}))

train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=base_lr, momentum=0.9, weight_decay=2e-4, nesterov=True))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-4, by_epoch=True, begin=0, end=warmup_epochs, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=0, by_epoch=True, begin=warmup_epochs, end=max_epochs,
         convert_to_iter_based=True)
]
