# Masked pretraining of CascadeFormer 1.1 on N-UCLA, the published recipe (4 clips, 100 epochs of 10 copies augmented
# once). No labels are used. Not trained here yet. Then: cascadeformer_nwucla.py.
_base_ = ['../_base_/datasets/nwucla_copies.py', '../_base_/models/cascadeformer_pretrain.py',
          '../_base_/schedules/cascadeformer_pretrain.py']

# the published arrays have SkateFormer's order, in which the convolution finds its neighbours
model = dict(backbone=dict(joint_order='parts'))

# clips without labels will do
train_dataloader = dict(dataset=dict(need_labels=False))
val_dataloader = dict(dataset=dict(need_labels=False))
test_dataloader = val_dataloader
