# ST-GCN on NTU RGB+D 120, 2-D skeletons: the recipe of NTU RGB+D 60. Splits: --split xsub, xset.
# Not trained here yet; published with this recipe and four streams, X-Sub: 85.2 % (MMAction2).
_base_ = './stgcn_ntu60_2d.py'

ann_file = 'data/ntu120_2d.pkl'
num_classes = 120

data = dict(ann_file=ann_file, num_classes=num_classes)
train_dataloader = dict(dataset=data)
val_dataloader = dict(dataset=data)
test_dataloader = dict(dataset=data)
model = dict(cls_head=dict(num_classes=num_classes))
