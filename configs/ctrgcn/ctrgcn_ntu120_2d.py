# CTR-GCN on NTU RGB+D 120, 2-D skeletons: the recipe of NTU RGB+D 60. Splits: --split xsub, xset.
# Not trained here yet; published with this recipe, PYSKL, X-Sub: joint 82.2 %, four streams 86.6 %; X-Set 84.5, 90.1 %.
_base_ = './ctrgcn_ntu60_2d.py'

ann_file = 'data/ntu120_2d.pkl'
num_classes = 120
