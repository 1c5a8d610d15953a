# MP-GCN on Kinetics-400, HRNet poses: four persons in one graph without links between them, the published recipe.
# Members: the four streams alone, fused late by the published weights; without --streams all four are fused early.
# Not trained here yet; no number of the paper's tables was verified.
_base_ = ['../_base_/runtime.py', '../_base_/datasets/kinetics_hrnet.py', '../_base_/models/mpgcn.py']

max_epochs = 65
warmup_epochs = 5
base_lr = 0.1

layout = {{_base_.layout}}
model = dict(
    data_preprocessor=dict(layout=layout, with_score=True),
    backbone=dict(
        layout=layout, num_person={{_base_.num_person}}, in_channels=3, inter_link='off', labeling='distance',
        parts='person', reduction=1),
    cls_head=dict(num_classes={{_base_.num_classes}}))

alone = {'model.backbone.streams': 1}
members = dict(
    joint_alone=dict(options={**alone, 'model.data_preprocessor.streams': ['joint']}),
    bone_alone=dict(options={**alone, 'model.data_preprocessor.streams': ['bone']}),
    joint_motion_alone=dict(options={**alone, 'model.data_preprocessor.streams': ['joint_motion']}),
    bone_motion_alone=dict(options={**alone, 'model.data_preprocessor.streams': ['bone_motion']}))
fusion = dict(
    rule='logits',
    weights=dict(joint_alone=0.4, bone_alone=0.4, joint_motion_alone=0.2, bone_motion_alone=0.2))

train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=base_lr, momentum=0.9, weight_decay=2e-4, nesterov=True))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-4, by_epoch=True, begin=0, end=warmup_epochs, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=0, by_epoch=True, begin=warmup_epochs, end=max_epochs,
         convert_to_iter_based=True)
]
