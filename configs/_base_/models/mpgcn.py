# MP-GCN with the published streams, fused early, and the published links: disjoint couples at the nose.
model = dict(
    type='RecognizerGCN',
    data_preprocessor=dict(type='PanoramaEncoder'),
    backbone=dict(
        type='MPGCN', in_channels=2, streams=4, extended=True, inter_link='pairwise', hop=1, dilation=2,
        labeling='intra-inter'),
    cls_head=dict(type='GroupActivityHead', in_channels=256))
