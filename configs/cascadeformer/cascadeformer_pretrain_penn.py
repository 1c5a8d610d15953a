# Masked pretraining of CascadeFormer 1.0 on Penn Action, the published recipe (4 clips, 1000 epochs).
# No labels are used. Not trained here yet. Then: cascadeformer_penn.py.
_base_ = ['../_base_/datasets/penn_action.py', '../_base_/models/cascadeformer_pretrain.py',
          '../_base_/schedules/cascadeformer_pretrain.py']

max_epochs = 1000

model = dict(
    backbone=dict(in_channels=2, embedding='linear', max_frames=1000, position_std=0.))
train_cfg = dict(max_epochs=max_epochs, val_interval=10)

# clips without labels will do
train_dataloader = dict(dataset=dict(need_labels=False))
val_dataloader = dict(dataset=dict(need_labels=False))
test_dataloader = val_dataloader
