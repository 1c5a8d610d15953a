# Penn Action, pixels as they are, clips at their full length; a batch is padded to its longest clip.
#   mmskel prepare penn_action Penn_Action data/penn_action.pkl
# Published networks have no padding mask, so a clip's scores depend on the other clips of its batch: its size is the
# published one in the test, too. model.backbone.padding_mask=True makes them independent.
_base_ = '../loaders.py'
ann_file = 'data/penn_action.pkl'
split = ''
layout = 'penn13'
num_classes = 15
num_person = 1

train_pipeline = [dict(type='PackSkeleton')]
test_pipeline = [dict(type='PackSkeleton')]

data = dict(type='SkeletonDataset')
train_dataloader = dict(batch_size=4, dataset=dict(**data, part='train', pipeline=train_pipeline))
val_dataloader = dict(batch_size=4, dataset=dict(**data, part='test', test_mode=True, pipeline=test_pipeline))
test_dataloader = val_dataloader
