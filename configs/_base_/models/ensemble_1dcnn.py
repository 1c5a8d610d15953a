# Ensem-NN with the published L1 penalty on all convolution kernels. Without --stream the base network is trained.
model = dict(
    type='PenalisedRecognizer',
    data_preprocessor=dict(type='SeriesEncoder', stream='joint'),
    backbone=dict(type='Ensemble1DCNN'),
    cls_head=dict(type='StreamProductHead', in_channels=256),
    penalties=[
        dict(
            type='KernelPenalty', l1=1e-4,
            kernels=('backbone.*stem.weight', 'backbone.*convs.?.weight', 'backbone.*down.weight'))
    ])

# the four networks of the ensemble; two of them take coordinates without the mean subtracted
members = dict(
    two_stream=dict(options={'model.backbone.network': 'two_stream', 'model.cls_head.num_streams': 2}),
    body_part=dict(options={
        'model.backbone.network': 'body_part', 'model.cls_head.num_streams': 5, 'model.data_preprocessor.mean': 0.}),
    attention=dict(options={'model.backbone.network': 'attention'}),
    frame_difference=dict(options={
        'model.backbone.network': 'frame_difference', 'model.data_preprocessor.mean': 0.}))
fusion = dict(rule='product')
