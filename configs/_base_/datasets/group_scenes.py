# Scenes of six persons and a ball, composed of N-UCLA's clips (mmskel/data/scenes.py): 10 frames, the joints of Kinect
# v1 seen from the front, in pixels.
#   mmskel prepare nw_ucla all_sqe.zip data/nwucla.pkl
#   mmskel prepare group_scenes data/nwucla.pkl data/group_scenes.pkl --actions "throw,sit down" --frames 10
_base_ = '../loaders.py'
ann_file = 'data/group_scenes.pkl'
split = ''
layout = 'kinect20'
num_classes = 4
num_person = 6
objects = ('ball', )

pipeline = [dict(type='SetPersons'), dict(type='AddObjects'), dict(type='PackSkeleton')]
data = dict(type='SkeletonDataset', pipeline=pipeline)
train_dataloader = dict(dataset=dict(**data, part='train'))
val_dataloader = dict(dataset=dict(**data, part='test', test_mode=True))
test_dataloader = val_dataloader
