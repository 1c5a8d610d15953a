# Gate-Shift-Pose's network of joints alone on FR-FS: two convolutions along the list of joints, frame by frame; the
# loss weights the classes 0.662 and 0.338. Needs no images.
# Not trained here yet; no result is published.
_base_ = ['../_base_/datasets/frfs.py', '../_base_/schedules/gsp.py']

max_epochs = 250

model = dict(
    type='RecognizerGCN',
    data_preprocessor=dict(type='StreamEncoder', with_score=False),
    backbone=dict(type='JointConvNet', in_channels=2),
    cls_head=dict(type='GCNHead', in_channels=128, loss_cls=dict(type='CrossEntropyLoss', class_weight=[0.662, 0.338])))

person = dict(type='ChoosePerson', rule='largest')
frame = dict(type='ResizeImage', size=(360, 640))
train_pipeline = [person, dict(type='SampleSegments'), frame, dict(type='PackSkeleton')]
val_pipeline = [person, dict(type='SampleSegments', test_mode=True), frame, dict(type='PackSkeleton')]
test_pipeline = [person, dict(type='SampleSegments', num_clips=2, test_mode=True), frame, dict(type='PackSkeleton')]
train_dataloader = dict(batch_size=16, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(batch_size=16, dataset=dict(pipeline=val_pipeline))
test_dataloader = dict(batch_size=16, dataset=dict(pipeline=test_pipeline))

train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(optimizer=dict(lr=0.001))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=True, begin=0, end=10),
    dict(type='CosineAnnealingLR', eta_min=1e-10, by_epoch=True, begin=10, end=max_epochs)
]
