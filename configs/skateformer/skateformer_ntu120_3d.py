# SkateFormer on NTU RGB+D 120, the published recipe. Splits: --split xsub, xset. The authors' arrays let a lone person
# fill both slots here, and not in NTU 60.
# Not trained here yet; published: X-Sub 87.7 % (joint), 89.8 % (four streams); X-Set 89.3 %, 91.4 %.
_base_ = 'skateformer_ntu60_3d.py'

ann_file = 'data/ntu120_sgn.pkl'
num_classes = 120

persons = dict(type='SetPersons', pad='loop')
train_pipeline = [persons, {{_base_.train_sampling}}, {{_base_.augmentation}}, dict(type='PackSkeleton')]
test_pipeline = [persons, {{_base_.test_sampling}}, dict(type='PackSkeleton')]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
