# NBA (SAM): people found and tracked, in 12 slots, the ball and the net; 72 frames, pixels and confidence as they are.
#   mmskel prepare nba NBA_dataset data/nba.pkl
_base_ = '../loaders.py'
ann_file = 'data/nba.pkl'
split = ''
layout = 'coco17'
num_classes = 9
num_person = 12
objects = ('ball', 'net')
clip_len = 72

pipeline = [dict(type='SetPersons'), dict(type='AddObjects'), dict(type='PadFrames'), dict(type='PackSkeleton')]
data = dict(type='SkeletonDataset', pipeline=pipeline)
train_dataloader = dict(drop_last=True, dataset=dict(**data, part='train'))
val_dataloader = dict(dataset=dict(**data, part='test', test_mode=True))
test_dataloader = val_dataloader
