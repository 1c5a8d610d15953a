# Ensem-NN on any annotation file; layout, classes and persons are read off it, body parts follow from the layout.
#   mmskel train custom/ensemnn_custom.py --data my.pkl
#   mmskel train custom/ensemnn_custom.py --data my.pkl --streams all
_base_ = 'stgcn_custom.py'

max_epochs = 20
base_lr = 0.05

layout = {{_base_.layout}}
model = dict(
    type='PenalisedRecognizer',
    data_preprocessor=dict(_delete_=True, type='SeriesEncoder', layout=layout, stream='joint', with_score=False),
    backbone=dict(
        _delete_=True, type='Ensemble1DCNN', layout=layout, num_person={{_base_.num_person}},
        num_frames={{_base_.clip_len}}),
    cls_head=dict(_delete_=True, type='StreamProductHead', num_classes={{_base_.num_classes}}, in_channels=256),
    penalties=[
        dict(
            type='KernelPenalty', l1=1e-4,
            kernels=('backbone.*stem.weight', 'backbone.*convs.?.weight', 'backbone.*down.weight'))
    ])

members = dict(
    two_stream=dict(options={'model.backbone.network': 'two_stream', 'model.cls_head.num_streams': 2}),
    body_part=dict(options={'model.backbone.network': 'body_part', 'model.cls_head.num_streams': 5}),
    attention=dict(options={'model.backbone.network': 'attention'}),
    frame_difference=dict(options={'model.backbone.network': 'frame_difference'}))
fusion = dict(rule='product')

train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(optimizer=dict(lr=base_lr, weight_decay=0.))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=True, begin=0, end=1, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=1e-4, by_epoch=True, begin=1, end=max_epochs, convert_to_iter_based=True)
]
