# STC-Net on any annotation file; layout, classes and persons are read off it, the layout's own centre is the graph's.
#   mmskel train custom/stcnet_custom.py --data my.pkl
_base_ = 'stgcn_custom.py'

model = dict(
    data_preprocessor=dict(layout={{_base_.layout}}, with_score=False),
    backbone=dict(_delete_=True, type='STCNet', layout={{_base_.layout}}, num_person={{_base_.num_person}}))
