# ST-GCN on NTU RGB+D 120, 3-D skeletons: the recipe of NTU RGB+D 60. Splits: --split xsub, xset.
# Not trained here yet; published with this recipe and four streams, X-Sub: 86.2 % (PYSKL).
_base_ = './stgcn_ntu60_3d.py'

ann_file = 'data/ntu120_3d.pkl'
num_classes = 120

data = dict(ann_file=ann_file, num_classes=num_classes)
train_dataloader = dict(dataset=data)
val_dataloader = dict(dataset=data)
test_dataloader = dict(dataset=data)
model = dict(cls_head=dict(num_classes=num_classes))
