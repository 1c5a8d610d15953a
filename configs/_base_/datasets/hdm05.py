# HDM05: 31 joints, 130 classes, ten folds drawn at random (--split fold01 ... fold10, whose mean is reported).
#   mmskel prepare hdm05 HDM05 data/hdm05.pkl
# With --merge fewer classes are left; set num_classes of model and data sets to what it counts.
_base_ = './kinect_sets.py'
ann_file = 'data/hdm05.pkl'
split = 'fold01'
layout = 'hdm31'
num_classes = 130
num_person = 1
repeat = 1
