# AAGCN (2s-AGCN's successor), MMAction2's own network, on any annotation file; layout, classes and persons are read off
# it.   mmskel train custom/aagcn_custom.py --data my.pkl
# With --cfg-options model.backbone.gcn_attention=False it is 2s-AGCN.
_base_ = 'stgcn_custom.py'

model = dict(backbone=dict(_delete_=True, type='AAGCN', graph_cfg=dict(mode='spatial')))
