# MP-GCN on Volleyball, fully supervised: COMPOSER's skeletons and the ball, the published recipe (one GPU, 16 clips).
# Published: 96.2 % (paper, best epoch on the test clips), 94.76 % (a user's run). Not trained here yet.
# Actions of the players, where annotated: --cfg-options model.cls_head.num_actions=9
_base_ = ['../_base_/datasets/volleyball.py', '../_base_/models/mpgcn.py', '../_base_/schedules/mpgcn.py']

merge = (0, 3, 1, 4, 0, 3, 2, 5)  # the six classes of weakly supervised papers: set and pass of a side are one

model = dict(backbone=dict(reduction=2))

val_evaluator = dict(merge=merge)
test_evaluator = val_evaluator
