# What the small sets of Kinect and marker skeletons share: no clean subset, a little augmentation.
_base_ = './nwucla.py'

centre = dict(type='CentreOnJoint', joint='spine')
train_pipeline = [
    centre,
    dict(type='RandomRotation3D', degrees=(15, 60, 15)),
    dict(type='RandomScale', low=0.8, high=1.2),
    dict(type='SetPersons'),
    dict(type='ResampleFrames', random=True),
    dict(type='PackSkeleton')
]
test_pipeline = [
    centre,
    dict(type='SetPersons'),
    dict(type='ResampleFrames'),
    dict(type='PackSkeleton')
]

train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(subsets=dict(_delete_=True), pipeline=test_pipeline))
test_dataloader = val_dataloader
