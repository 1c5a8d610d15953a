# CascadeFormer 1.0 on NTU RGB+D 60, the published recipe, from cascadeformer_pretrain_ntu60_3d.py. Splits: --split
# xsub, xview; cross-view has base_lr 1e-4, width 512, 8 heads, 12 layers, see docs/cascadeformer.md.
# Not trained here yet; published: X-Sub 81.01 %, X-View 88.17 %, last epoch.
_base_ = ['../_base_/datasets/ntu3d_one_person.py', '../_base_/models/cascadeformer.py',
          '../_base_/schedules/cascadeformer.py']

max_epochs = 100
load_from = 'work_dirs/cascadeformer_pretrain_ntu60_3d/epoch_100.pth'
model = dict(
    backbone=dict(
        embedding='linear', channels=768, num_heads=16, num_layers=16, max_frames=64,
        second_dropout=0.2, cross_perceptron=True, cross_dropout=0.2),
    cls_head=dict(
        _delete_=True, type='PerceptronHead', in_channels=768, dropout=0.2,
        label_smooth_eps=0.05))

optim_wrapper = dict(optimizer=dict(weight_decay=1e-2))
param_scheduler = [dict(type='CosineAnnealingLR', eta_min=1e-6, by_epoch=True, begin=0, end=max_epochs)]
auto_scale_lr = dict(enable=False, base_batch_size=64)
