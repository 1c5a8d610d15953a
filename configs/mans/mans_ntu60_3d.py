# MANs_9 on NTU RGB+D 60, the published preprocessing (without augmentation) and batch; of every clip the two main
# persons. Splits: --split xsub, xview.
# Not trained here yet; no accuracy of the small network was published.
_base_ = ['../_base_/datasets/ntu3d.py', '../_base_/models/mans.py', '../_base_/schedules/mans.py']

repeat = 1
clip_len = 50

pipeline = [
    dict(type='AlignTrunk3D'),
    dict(type='SetPersons'),
    dict(type='FitFrames', place='centre'),
    dict(type='PackSkeleton')
]
train_dataloader = dict(batch_size=128, dataset=dict(pipeline=pipeline))
val_dataloader = dict(batch_size=64, dataset=dict(pipeline=pipeline))
test_dataloader = dict(batch_size=64, dataset=dict(pipeline=pipeline))
