# N-UCLA as CascadeFormer takes it: SkateFormer's augmentation at a lower rate, and copies of every clip that are
# augmented once, before training. fixed_copies=False: the same number of copies, new ones in every epoch.
_base_ = './nwucla.py'
clip_len = 64
repeat = 10

centre = {{_base_.centre}}
train_pipeline = [
    centre,
    dict(type='RandomRotation3D', degrees=(60, 60, 0), integer=True),
    dict(type='RangeNormalize', keep_missing=False),
    dict(type='ResampleFrames', random=True),
    dict(type='RandomDropAxis', probability=0.1),
    dict(type='RandomDropJoints', joints=(4, 12), frames=(16, 32), probability=0.1),
    dict(type='PackSkeleton')
]
test_pipeline = [
    centre,
    dict(type='RangeNormalize', keep_missing=False),
    dict(type='ResampleFrames'),
    dict(type='PackSkeleton')
]
train_dataloader = dict(batch_size=4, dataset=dict(fixed_copies=True, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
