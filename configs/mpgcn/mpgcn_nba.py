# MP-GCN on NBA: detected people, ball and net, with the confidence as a third coordinate; the published recipe.
# Not trained here yet; no number of the paper's tables was verified.
_base_ = ['../_base_/datasets/nba.py', '../_base_/models/mpgcn.py', '../_base_/schedules/mpgcn.py']

layout = {{_base_.layout}}
objects = {{_base_.objects}}
model = dict(
    data_preprocessor=dict(layout=layout, objects=objects, with_score=True),
    backbone=dict(
        layout=layout, objects=objects, num_person={{_base_.num_person}}, in_channels=3, parts='person', reduction=1),
    cls_head=dict(num_classes={{_base_.num_classes}}))
