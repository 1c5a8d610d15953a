# SkateFormer on NTU RGB+D 120, the published recipe. Splits: --split xsub, xset. The authors' arrays let a lone person fill
# both slots here, and not in NTU 60.
# Not trained here yet; published: X-Sub 87.7 % (joint), 89.8 % (four streams); X-Set 89.3 %, 91.4 %.
_base_ = 'skateformer_ntu60_3d.py'

ann_file = 'data/ntu120_sgn.pkl'
persons = dict(type='SetPersons', num_person={{_base_.num_person}}, pad='loop')
data = dict(ann_file=ann_file, num_classes=120)
train_pipeline = [persons, {{_base_.train_sampling}}, {{_base_.augmentation}}, dict(type='PackSkeleton')]
test_pipeline = [persons, {{_base_.test_sampling}}, dict(type='PackSkeleton')]
model = dict(cls_head=dict(num_classes=120))
train_dataloader = dict(dataset=dict(**data, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(**data, pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(**data, pipeline=test_pipeline))
