# The pretraining of CascadeFormer 1.1: the first transformer alone reconstructs joints that are hidden from it.
model = dict(
    type='MaskedPretraining',
    data_preprocessor=dict(type='PaddedStreamEncoder', stream='joint'),
    backbone=dict(
        type='CascadeFormer', in_channels=3, channels=256, num_heads=8, num_layers=4,
        embedding='joint_conv', cascade=False),
    mask='joint', mask_ratio=0.3, decoder='linear')
