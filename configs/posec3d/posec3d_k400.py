# PoseC3D on Kinetics-400, 2-D skeletons (HRNet), the recipe of MMAction2 and PYSKL (8 GPUs x 32 clips).
#   MMAction2's k400_2d pickle and its folder kpfiles as they are, a list of skeletons per video, which DecompressPose
#   sorts into frames
# Not trained here yet; published: 47.4 % (joint, MMAction2), 46.9 % (limb, PYSKL), 49.1 % (both, PYSKL).
_base_ = [
    '../_base_/loaders.py', '../_base_/models/posec3d.py', '../_base_/schedules/posec3d.py'
]

ann_file = 'data/k400_2d.pkl'
skeletons = 'data/kpfiles'
layout = 'coco17'
num_classes = 400
clip_len = 48
passes = 10

model = dict(backbone=dict(stage_blocks=(3, 4, 6)))

frames = dict(type='DecompressPose', squeeze=True)
persons = dict(type='CropToPersons', hw_ratio=1)
train_pipeline = [
    frames,
    dict(type='SampleUniformly'), persons,
    dict(type='ResizeImage', size=64),
    dict(type='CropAtRandom', area=(0.56, 1.0)),
    dict(type='ResizeImage', size=(56, 56)),
    dict(type='MirrorImage'),
    dict(type='PackSkeleton')
]
val_pipeline = [
    frames,
    dict(type='SampleUniformly', test_mode=True), persons,
    dict(type='ResizeImage', size=(64, 64)),
    dict(type='PackSkeleton')
]
test_pipeline = [
    frames,
    dict(type='SampleUniformly', num_clips=10, test_mode=True), persons,
    dict(type='ResizeImage', size=(64, 64)),
    dict(type='PackSkeleton', with_frames=True, mirror_views=True)
]

data = dict(type='PoseDataset', data_prefix=dict(skeleton=skeletons), box_thr=0.5, valid_ratio=0.0)
train_dataloader = dict(
    batch_size=32,
    dataset=dict(type='RepeatDataset', times=passes, dataset=dict(**data, split='train', pipeline=train_pipeline)))
val_dataloader = dict(batch_size=16, dataset=dict(**data, split='val', test_mode=True, pipeline=val_pipeline))
test_dataloader = dict(batch_size=1, dataset=dict(**data, split='val', test_mode=True, pipeline=test_pipeline))

optim_wrapper = dict(optimizer=dict(lr=0.4, weight_decay=1e-4))
auto_scale_lr = dict(enable=False, base_batch_size=256)
