# HDM05: 31 joints, 130 classes, ten folds drawn at random (--split fold01 ... fold10, whose mean is reported).
#   mmskel prepare hdm05 HDM05 data/hdm05.pkl
# With --merge fewer classes are left; set num_classes of model and data sets to what it counts.
_base_ = './nwucla.py'
ann_file = 'data/hdm05.pkl'
split = 'fold01'
layout = 'hdm31'
num_classes = 130
num_person = 1
repeat = 1

centre = dict(type='CentreOnJoint', joint='spine')
train_pipeline = [
    centre,
    dict(type='RandomRotation3D', degrees=(15, 60, 15)),
    dict(type='RandomScale', low=0.8, high=1.2),
    dict(type='SetPersons', num_person=num_person),
    dict(type='ResampleFrames', clip_len={{_base_.clip_len}}, random=True),
    dict(type='PackSkeleton')
]
test_pipeline = [
    centre,
    dict(type='SetPersons', num_person=num_person),
    dict(type='ResampleFrames', clip_len={{_base_.clip_len}}),
    dict(type='PackSkeleton')
]

data = dict(ann_file=ann_file, split=split, layout=layout, num_classes=num_classes)
train_dataloader = dict(dataset=dict(**data, repeat=repeat, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(**data, subsets=dict(_delete_=True), pipeline=test_pipeline))
test_dataloader = val_dataloader
