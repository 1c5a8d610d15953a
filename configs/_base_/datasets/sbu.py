# SBU Kinect Interaction: two persons, eight classes, five folds (--split fold1 ... fold5, whose mean is reported).
#   mmskel prepare sbu SBU data/sbu.pkl --denormalise
_base_ = './kinect_sets.py'
ann_file = 'data/sbu.pkl'
split = 'fold1'
layout = 'sbu15'
num_classes = 8
num_person = 2
repeat = 10
