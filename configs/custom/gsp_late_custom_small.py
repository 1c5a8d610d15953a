# Gate-Shift-Pose, late fusion, of a quarter of the width, one block per stage and 8 images of 64 x 64: small data sets,
# trials, a CPU.
#   mmskel train custom/gsp_late_custom_small.py --data my.pkl
_base_ = 'gsp_custom_small.py'

model = dict(
    type='MMRecognizer3D',
    data_preprocessor=dict(_delete_=True, type='FramesAndPoseEncoder', scale_pose=True),
    backbone=dict(
        _delete_=True, type='GSFLateFusion', depth=18, attention='segments', base_channels=16,
        stage_blocks=(1, 1, 1, 1)),
    cls_head=dict(in_channels=40, dropout=0.))
