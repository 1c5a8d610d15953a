# STC-Net in the form of docs/published/stc_net.md.
model = dict(
    type='RecognizerGCN',
    data_preprocessor=dict(type='StreamEncoder', stream='joint'),
    backbone=dict(type='STCNet'),
    # the classifier's weights are drawn with the square root of 2 / num_classes
    cls_head=dict(type='GCNHead', in_channels=256, init_cfg=dict(type='Normal', layer='Linear', std=0.1826)))

# joint, bone and the motion of both; every clip's scores at unit length, equal weights
fusion = dict(preset='hdgcn')
