# ST-GCN on NTU RGB+D 120, 3-D skeletons; PYSKL's recipe (8 GPUs x 16 clips, 16 epochs of 5 passes). Splits: --split xsub, xset.
# Not trained here yet; published with this recipe, PYSKL, four streams, X-Sub: 86.2 %. One GPU: scale the rate with auto_scale_lr.
_base_ = ['../_base_/runtime.py', '../_base_/datasets/ntu3d.py', '../_base_/models/stgcn.py']

max_epochs = 16
base_lr = 0.1
num_classes = 120
ann_file = 'data/ntu120_3d.pkl'

layout = {{_base_.layout}}
model = dict(
    data_preprocessor=dict(layout=layout),
    backbone=dict(layout=layout, dropout=0.),
    cls_head=dict(num_classes=num_classes))

train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=base_lr, momentum=0.9, weight_decay=5e-4, nesterov=True))
param_scheduler = [
    dict(type='CosineAnnealingLR', eta_min=0, by_epoch=True, begin=0, end=max_epochs, convert_to_iter_based=True)
]

data = dict(ann_file=ann_file, num_classes=num_classes)
train_dataloader = dict(dataset=data)
val_dataloader = dict(dataset=data)
test_dataloader = dict(dataset=data)
auto_scale_lr = dict(enable=False, base_batch_size=128)
