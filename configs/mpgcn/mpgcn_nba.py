# MP-GCN on NBA: detected people, ball and net, with the confidence as a third coordinate; the published recipe.
# Not trained here yet; no number of the paper's tables was verified.
_base_ = ['../_base_/datasets/nba.py', '../_base_/models/mpgcn.py', '../_base_/schedules/mpgcn.py']

model = dict(data_preprocessor=dict(with_score=True), backbone=dict(in_channels=3, parts='person', reduction=1))
