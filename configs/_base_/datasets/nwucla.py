# Northwestern-UCLA, views 1 and 2 -> 3, preprocessed as CTR-GCN and HD-GCN do.
#   mmskel prepare nw_ucla all_sqe.zip data/nwucla.pkl
# Other splits: --split view1, view2 (test view), xsub; the report gives the accuracy on the 369 unleaked clips beside
# the standard one.
_base_ = '../loaders.py'
ann_file = 'data/nwucla.pkl'
split = 'xview'
layout = 'kinect20'
num_classes = 10
clip_len = 52
repeat = 5

centre = dict(type='CentreOnJoint', joint='spine', keep_missing=False)
train_pipeline = [
    centre,
    dict(type='RandomRotation3D', degrees=(60, 60, 0), integer=True),
    dict(type='RandomScale', low=0.5, high=1.5),
    dict(type='RangeNormalize', keep_missing=False),
    dict(type='ResampleFrames', random=True),
    dict(type='PackSkeleton')
]
test_pipeline = [
    centre,
    dict(type='RangeNormalize', keep_missing=False),
    dict(type='ResampleFrames'),
    dict(type='PackSkeleton')
]

data = dict(type='SkeletonDataset')
train_dataloader = dict(dataset=dict(**data, part='train', pipeline=train_pipeline))
val_dataloader = dict(
    dataset=dict(**data, part='test', test_mode=True, subsets=dict(clean='xview_test_clean'), pipeline=test_pipeline))
test_dataloader = val_dataloader
