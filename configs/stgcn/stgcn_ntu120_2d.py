# ST-GCN on NTU RGB+D 120, 2-D skeletons: the recipe of NTU RGB+D 60. Splits: --split xsub, xset.
# Not trained here yet; published with this recipe and four streams, X-Sub: 85.2 % (MMAction2).
_base_ = './stgcn_ntu60_2d.py'

ann_file = 'data/ntu120_2d.pkl'
num_classes = 120
