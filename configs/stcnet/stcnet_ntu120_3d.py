# STC-Net on NTU RGB+D 120, the recipe of the config for NTU RGB+D 60. Splits: --split xsub, xset.
# Not trained here yet; published: X-Sub 89.9 %, X-Set 91.3 % (four streams).
_base_ = 'stcnet_ntu60_3d.py'

ann_file = 'data/ntu120_sgn.pkl'
num_classes = 120
model = dict(cls_head=dict(init_cfg=dict(std=0.1291)))
