# Kinetics-Skeleton (OpenPose, 18 joints), as the ST-GCN paper: 300-frame arrays, a random window of 150, camera moves.
#   mmskel prepare kinetics_skeleton kinetics-skeleton data/kinetics_skeleton.pkl
_base_ = '../loaders.py'
ann_file = 'data/kinetics_skeleton.pkl'
split = ''
layout = 'openpose18'
num_classes = 400
max_frames = 300
window = 150
num_person = 2
batch_size = 64

centre = dict(type='CentreImage')
persons = dict(type='SetPersons', sort='frame_score')
train_pipeline = [
    centre, persons,
    dict(type='PadFrames', length=max_frames),
    dict(type='RandomWindow', length=window),
    dict(type='RandomMove'),
    dict(type='PackSkeleton')
]
test_pipeline = [centre, persons, dict(type='PadFrames', length=max_frames), dict(type='PackSkeleton')]

data = dict(type='SkeletonDataset')
train_dataloader = dict(
    batch_size=batch_size,
    num_workers=4,
    drop_last=True,
    dataset=dict(**data, part='train', pipeline=train_pipeline))
val_dataloader = dict(num_workers=4, dataset=dict(**data, part='test', test_mode=True, pipeline=test_pipeline))
test_dataloader = val_dataloader
