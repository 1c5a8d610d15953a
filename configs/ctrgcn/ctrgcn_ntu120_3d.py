# CTR-GCN on NTU RGB+D 120, 3-D skeletons: the recipe of NTU RGB+D 60. Splits: --split xsub, xset.
# Not trained here yet; published with this recipe, PYSKL, X-Sub: joint 84.0 %, four streams 88.1 %; X-Set 85.9, 89.9 %.
_base_ = './ctrgcn_ntu60_3d.py'

ann_file = 'data/ntu120_3d.pkl'
num_classes = 120
