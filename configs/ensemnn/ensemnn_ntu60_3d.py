# Ensem-NN on NTU RGB+D 60: raw coordinates, 300 frames, no augmentation, as published; of every clip the two main
# persons. Splits: --split xsub, xview (mean 0.5835 then).
# Members: two_stream, body_part, attention, frame_difference; --streams all trains and multiplies them. Without a
# stream: the base network.
# Not trained here yet; published, four networks: X-Sub 85.1 %, X-View 91.3 %.
_base_ = ['../_base_/datasets/ntu3d.py', '../_base_/models/ensemble_1dcnn.py',
          '../_base_/schedules/ensemble_1dcnn.py']

repeat = 1
clip_len = 300

model = dict(data_preprocessor=dict(mean=0.5909))

pipeline = [
    dict(type='SetPersons'),
    dict(type='FitFrames'),
    dict(type='PackSkeleton')
]
train_dataloader = dict(batch_size=128, dataset=dict(pipeline=pipeline))
val_dataloader = dict(batch_size=64, dataset=dict(pipeline=pipeline))
test_dataloader = dict(batch_size=64, dataset=dict(pipeline=pipeline))
