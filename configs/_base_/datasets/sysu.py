# SYSU-3D: twelve classes, 30 halves of the subjects (--split set2_01 ... set2_30, whose mean is reported).
#   mmskel prepare sysu SYSU3D data/sysu.pkl
_base_ = './kinect_sets.py'
ann_file = 'data/sysu.pkl'
split = 'set2_01'
layout = 'kinect20'
num_classes = 12
num_person = 1
repeat = 5
