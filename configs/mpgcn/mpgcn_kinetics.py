# MP-GCN on Kinetics-400, HRNet poses: four persons in one graph without links between them, the published recipe.
# Members: the four streams alone, fused late by the published weights; without --streams all four are fused early.
# Not trained here yet; no number of the paper's tables was verified.
_base_ = ['../_base_/datasets/kinetics_hrnet.py', '../_base_/models/mpgcn.py', '../_base_/schedules/mpgcn.py']

model = dict(
    data_preprocessor=dict(with_score=True),
    backbone=dict(in_channels=3, inter_link='off', labeling='distance', parts='person', reduction=1))

alone = {'model.backbone.streams': 1}
members = dict(
    joint_alone=dict(options={**alone, 'model.data_preprocessor.streams': ['joint']}),
    bone_alone=dict(options={**alone, 'model.data_preprocessor.streams': ['bone']}),
    joint_motion_alone=dict(options={**alone, 'model.data_preprocessor.streams': ['joint_motion']}),
    bone_motion_alone=dict(options={**alone, 'model.data_preprocessor.streams': ['bone_motion']}))
fusion = dict(
    rule='logits',
    weights=dict(joint_alone=0.4, bone_alone=0.4, joint_motion_alone=0.2, bone_motion_alone=0.2))
