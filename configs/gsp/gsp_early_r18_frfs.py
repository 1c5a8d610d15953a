# Gate-Shift-Pose, early fusion, the released code's "ResNet18", which is 34 layers deep; a ResNet-18 file fills the
# first blocks of every stage (docs/published/gate_shift_pose.md, D3). The true one: --cfg-options model.backbone.depth=18
# Not trained here yet; published 81.25 % (32 segments, batch 8), 77.40 % (16); images alone 67.79 and 66.34 %, and 66 %
# of the clips are of one class.
_base_ = 'gsp_early_r50_frfs.py'

model = dict(backbone=dict(depth=34), cls_head=dict(in_channels=512))
