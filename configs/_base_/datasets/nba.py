# NBA (SAM): people found and tracked, in 12 slots, the ball and the net; 72 frames, pixels and confidence as they are.
#   mmskel prepare nba NBA_dataset data/nba.pkl
_base_ = '../loaders.py'
ann_file = 'data/nba.pkl'
split = ''
layout = 'coco17'
num_classes = 9
num_person = 12
objects = ('ball', 'net')
frames = 72

pipeline = [
    dict(type='SetPersons', num_person=num_person),
    dict(type='AddObjects', names=objects),
    dict(type='PadFrames', length=frames),
    dict(type='PackSkeleton')
]
data = dict(
    type='SkeletonDataset', ann_file=ann_file, split=split, layout=layout, num_classes=num_classes, pipeline=pipeline)
train_dataloader = dict(drop_last=True, dataset=dict(**data, part='train'))
val_dataloader = dict(dataset=dict(**data, part='test', test_mode=True))
test_dataloader = val_dataloader
