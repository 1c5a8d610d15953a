# Kinetics-400, HRNet poses of PYSKL: the four surest persons of every frame, 300 frames, pixels and confidence.
#   mmskel prepare kinetics_hrnet FOLDER data/kinetics_hrnet.pkl
_base_ = '../loaders.py'
ann_file = 'data/kinetics_hrnet.pkl'
split = ''
layout = 'coco17'
num_classes = 400
num_person = 4
clip_len = 300

pipeline = [dict(type='SetPersons'), dict(type='PadFrames'), dict(type='PackSkeleton')]
data = dict(type='SkeletonDataset', pipeline=pipeline)
train_dataloader = dict(num_workers=4, drop_last=True, dataset=dict(**data, part='train'))
val_dataloader = dict(num_workers=4, dataset=dict(**data, part='test', test_mode=True))
test_dataloader = val_dataloader
