# Volleyball without given boxes: people found and tracked, in 12 slots, and the ball; 41 frames.
#   mmskel prepare volleyball_weak volleyball data/volleyball_weak.pkl
_base_ = './volleyball.py'
ann_file = 'data/volleyball_weak.pkl'
frames = 41

pipeline = [
    dict(type='SetPersons', num_person={{_base_.num_person}}),
    dict(type='AddObjects', names={{_base_.objects}}),
    dict(type='PadFrames', length=frames),
    dict(type='PackSkeleton', meta_keys=('frame_dir', 'img_shape', 'fps', 'person_label'))
]
data = dict(ann_file=ann_file, pipeline=pipeline)
train_dataloader = dict(dataset=data)
val_dataloader = dict(dataset=data)
test_dataloader = val_dataloader
