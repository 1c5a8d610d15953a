# MP-GCN on Volleyball, weakly supervised: people found without given boxes, and the ball; 41 frames, attention per
# person. Not trained here yet; no number of the paper's tables was verified.
_base_ = ['../_base_/datasets/volleyball_weak.py', '../_base_/models/mpgcn.py', '../_base_/schedules/mpgcn.py']

merge = (0, 3, 1, 4, 0, 3, 2, 5)  # the six classes of weakly supervised papers: set and pass of a side are one

model = dict(backbone=dict(parts='person', reduction=1))

val_evaluator = dict(merge=merge)
test_evaluator = val_evaluator
