# Gate-Shift-Pose, early fusion, ResNet-50, on FR-FS (falls in figure skating): 32 images with a heatmap of the joints.
#   mmskel prepare frfs FRFS data/frfs.pkl
#   mmskel train gsp/gsp_early_r50_frfs.py --cfg-options model.backbone.pretrained=resnet50.pth
# As the released code: black outside the heatmap, cyclic normalisation (docs/published/gate_shift_pose.md). 16 segments:
# --cfg-options clip_len=16; images alone: --stream rgb.
# Not trained here yet; published 95.19 % (32 segments, batch 8), 97.12 % (16), batch 4: 98.08 and 93.27 %; images alone
# 81.73 and 73.55 %.
_base_ = ['../_base_/datasets/frfs.py', '../_base_/models/gsp.py', '../_base_/schedules/gsp.py']
