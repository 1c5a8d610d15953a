# HD-GCN on any annotation file; layout, classes and persons are read off it, the layout's own centre is the
# hierarchy's.   mmskel train custom/hdgcn_custom.py --data my.pkl
_base_ = 'stgcn_custom.py'

model = dict(backbone=dict(_delete_=True, type='HDGCN'))
