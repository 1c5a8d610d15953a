# Gate-Shift-Pose, late fusion, with the released code's "ResNet18" (34 layers deep), on FR-FS; see
# gsp_late_r50_frfs.py.
# Not trained here yet; published 89.90 % (32 segments, batch 8), 87.17 % (16), batch 4: 95.19 and 90.39 %.
_base_ = 'gsp_late_r50_frfs.py'

model = dict(backbone=dict(depth=34), cls_head=dict(in_channels=160))
