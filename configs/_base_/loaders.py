# What the loaders of every data set share, and the knobs: what a config gives at its top under one of these names is
# written into every part that takes an argument of that name and states none; `--cfg-options clip_len=32` into all of
# them.
knobs = ('ann_file', 'split', 'layout', 'num_classes', 'classes', 'num_person', 'person_order', 'objects', 'clip_len', 'video_len',
         'pose_len', 'repeat', 'base_channels')

train_dataloader = dict(
    batch_size=16,
    collate_fn=dict(type='stack_clips'),
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True))
val_dataloader = dict(
    batch_size=64,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False))
test_dataloader = val_dataloader
