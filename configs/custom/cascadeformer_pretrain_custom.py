# Masked pretraining of CascadeFormer on any annotation file; layout and persons are read off it. No labels are needed,
# and no splits: without them all clips are used, and the error is that of all clips.
#   mmskel train custom/cascadeformer_pretrain_custom.py --data my.pkl
# Then: cascadeformer_custom.py.
_base_ = 'cascadeformer_custom.py'

base_lr = 5e-4
model = dict(
    _delete_=True, type='MaskedPretraining',
    data_preprocessor=dict(type='PaddedStreamEncoder'),
    backbone=dict(type='CascadeFormer', cascade=False),
    mask='joint', mask_ratio=0.3, decoder='linear')

default_hooks = dict(checkpoint=dict(save_best='reconstruction/error', rule='less'))
val_evaluator = dict(_delete_=True, type='ReconstructionError')
test_evaluator = val_evaluator
optim_wrapper = dict(optimizer=dict(type='AdamW', lr=base_lr))

# clips without labels will do
train_dataloader = dict(dataset=dict(need_labels=False))
val_dataloader = dict(dataset=dict(need_labels=False))
test_dataloader = val_dataloader
