# NTU RGB+D 60, 3-D skeletons as SkateFormer takes them: SGN's denoising, 64 frames picked from a part of the clip, with
# their times; augmented within and between clips.
#   mmskel prepare ntu nturgb+d_skeletons data/ntu60_sgn.pkl --denoise sgn --translate
# Splits: --split xsub, xview (60), xset (120).
_base_ = '../loaders.py'
ann_file = 'data/ntu60_sgn.pkl'
split = 'xsub'
layout = 'ntu25'
num_classes = 60
clip_len = 64
num_person = 2

# pad: what fills the second slot of a lone person; 'zero' (NTU 60), 'loop': that person again (NTU 120)
persons = dict(type='SetPersons', pad='zero')
within_clip = [
    dict(type='RandomSwapPersons', probability=0.5),
    dict(type='RandomShear', amount=0.5, probability=0.5),
    dict(type='RandomRotation3D', degrees=(30, 30, 30), one_axis=True, probability=0.5),
    dict(type='RandomScale', low=0.8, high=1.2, per_axis=True, probability=0.5),
    dict(type='RandomMirror', negate=False, probability=0.5),
    dict(type='RandomDropAxis', probability=0.5),
    dict(type='RandomDropJoints', joints=(5, 15), frames=(16, 32), probability=0.5)
]
train_sampling = dict(type='SampleTrimmed', share=(0.5, 1.0))
augmentation = dict(
    type='OneBranch',
    branches=[
        dict(probability=0.5, transforms=within_clip),
        dict(probability=0.2, transforms=[dict(type='BorrowBoneLengths')])
    ])
# clamp=True would not read the zero frame beyond the end of short clips, which the published numbers are tested with
test_sampling = dict(type='SampleTrimmed', share=0.95)
train_pipeline = [persons, train_sampling, augmentation, dict(type='PackSkeleton')]
test_pipeline = [persons, test_sampling, dict(type='PackSkeleton')]

data = dict(type='SkeletonDataset')
train_dataloader = dict(batch_size=128, drop_last=True, dataset=dict(**data, part='train', pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(**data, part='test', test_mode=True, pipeline=test_pipeline))
test_dataloader = val_dataloader
