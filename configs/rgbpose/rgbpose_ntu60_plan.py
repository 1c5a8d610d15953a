# RGBPose-Conv3D on NTU RGB+D 60, all three trainings of the published sequence: images alone, skeletons alone, both
# from these two. Each has a folder of its own in the work dir; --resume goes on where it stopped. Splits: --split xsub,
# xview.   mmskel train rgbpose/rgbpose_ntu60_plan.py --videos FOLDER
# Not trained here yet; see rgbpose_ntu60.py for what was published.
_base_ = 'rgbpose_ntu60.py'

load_from = None
plan = dict(stages=dict(
    rgb=dict(config='rgbpose/rgbonly_ntu60.py'),
    pose=dict(config='rgbpose/poseonly_ntu60.py'),
    joint=dict(init_from=dict(convert='rgbpose', rgb='rgb', pose='pose'))))
