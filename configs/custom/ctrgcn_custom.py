# CTR-GCN on any annotation file; layout, classes and persons are read off it.
#   mmskel train custom/ctrgcn_custom.py --data my.pkl
_base_ = 'stgcn_custom.py'

model = dict(backbone=dict(_delete_=True, type='CTRGCN'))
