# SBU Kinect Interaction: two persons, eight classes, five folds (--split fold1 ... fold5, whose mean is reported).
#   mmskel prepare sbu SBU data/sbu.pkl --denormalise
_base_ = './nwucla.py'
ann_file = 'data/sbu.pkl'
split = 'fold1'
layout = 'sbu15'
num_classes = 8
num_person = 2
repeat = 10

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
