# MP-GCN with the published streams, fused early, and the published links: disjoint couples at the nose.
model = dict(
    type='RecognizerGCN',
    data_preprocessor=dict(type='PanoramaEncoder', layout='coco17'),
    backbone=dict(
        type='MPGCN', layout='coco17', num_person=12, in_channels=2, streams=4, extended=True, inter_link='pairwise',
        hop=1, dilation=2, labeling='intra-inter'),
    cls_head=dict(type='GroupActivityHead', num_classes=8, in_channels=256))
