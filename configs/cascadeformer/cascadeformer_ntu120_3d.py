# CascadeFormer 1.0 on NTU RGB+D 120, from cascadeformer_pretrain_ntu120_3d.py. Splits: --split xsub, xset.
# Nothing is published for NTU 120; the recipe is that of NTU 60. Not trained here yet.
_base_ = 'cascadeformer_ntu60_3d.py'

load_from = 'work_dirs/cascadeformer_pretrain_ntu120_3d/epoch_100.pth'
ann_file = 'data/ntu120_sgn.pkl'
num_classes = 120
