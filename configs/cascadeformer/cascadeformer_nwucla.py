# CascadeFormer 1.1 on N-UCLA, views 1 and 2 -> 3, the published recipe, from cascadeformer_pretrain_nwucla.py. Another
# pretraining: --cfg-options load_from=FILE, none: load_from=None.
# Not trained here yet; published: 91.16 %, the best epoch on the test clips.
_base_ = ['../_base_/datasets/nwucla_copies.py', '../_base_/models/cascadeformer.py',
          '../_base_/schedules/cascadeformer.py']

load_from = 'work_dirs/cascadeformer_pretrain_nwucla/epoch_100.pth'
model = dict(backbone=dict(joint_order='parts'))
