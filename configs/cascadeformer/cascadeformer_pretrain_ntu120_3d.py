# Masked pretraining of CascadeFormer 1.0 on NTU RGB+D 120. Splits: --split xsub, xset. No labels are used.
# Nothing is published for NTU 120; the recipe is that of NTU 60. Not trained here yet. Then:
# cascadeformer_ntu120_3d.py.
_base_ = 'cascadeformer_pretrain_ntu60_3d.py'

ann_file = 'data/ntu120_sgn.pkl'
num_classes = 120
