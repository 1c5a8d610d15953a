# ST-GCN++, MMAction2's own network, on any annotation file; layout, classes and persons are read off it.
#   mmskel train custom/stgcnpp_custom.py --data my.pkl
_base_ = 'stgcn_custom.py'

model = dict(
    backbone=dict(
        _delete_=True, type='STGCN', gcn_adaptive='init', gcn_with_res=True, tcn_type='mstcn',
        graph_cfg=dict(mode='spatial')))
