# ST-GCN on NTU RGB+D 120, 3-D skeletons: the recipe of NTU RGB+D 60. Splits: --split xsub, xset.
# Not trained here yet; published with this recipe and four streams, X-Sub: 86.2 % (PYSKL).
_base_ = './stgcn_ntu60_3d.py'

ann_file = 'data/ntu120_3d.pkl'
num_classes = 120
