# Volleyball, skeletons of COMPOSER on given boxes, and the ball: 20 frames, 12 players, pixels as they are.
#   mmskel prepare volleyball volleyball data/volleyball.pkl
_base_ = '../loaders.py'
ann_file = 'data/volleyball.pkl'
split = ''
layout = 'coco17'
num_classes = 8
num_person = 12
objects = ('ball', )
clip_len = 20

pipeline = [
    dict(type='SetPersons'),
    dict(type='AddObjects'),
    dict(type='PadFrames'),
    dict(type='PackSkeleton', meta_keys=('frame_dir', 'img_shape', 'fps', 'person_label'))
]
data = dict(type='SkeletonDataset', pipeline=pipeline)
train_dataloader = dict(drop_last=True, dataset=dict(**data, part='train'))
val_dataloader = dict(dataset=dict(**data, part='test', test_mode=True))
test_dataloader = val_dataloader
