# MP-GCN on any annotation file of several persons; layout, classes and persons (up to 12) are read off it. Objects, if
# any: their names in AddObjects, encoder and backbone (docs/mp_gcn.md).
#   mmskel train custom/mpgcn_custom.py --data my.pkl
# Coordinates are shifted and scaled by the clip's own mean and spread; published networks take them as they are.
_base_ = 'stgcn_custom.py'

max_person = 12
model = dict(
    data_preprocessor=dict(_delete_=True, type='PanoramaEncoder', normalized=True),
    backbone=dict(
        _delete_=True, type='MPGCN', in_channels=3, streams=4, extended=True, inter_link='full', corrected=True),
    cls_head=dict(_delete_=True, type='GroupActivityHead', in_channels=256))
