# NTU RGB+D 60 as CascadeFormer takes it: CTR-GCN's arrays and crops, and of every clip the person with the larger sum
# of absolute coordinates. rule='motion' keeps the one that moves more, as the paper has it.
#   mmskel prepare ntu nturgb+d_skeletons data/ntu60_sgn.pkl --denoise sgn --translate
# Splits: --split xsub, xview (60), xset (120).
_base_ = './ntu3d_resized.py'
person = dict(type='ChoosePerson', rule='absolute_sum')
train_pipeline = [
    dict(type='CropAndResize', share=(0.5, 1.0)),
    dict(type='RandomRotation3D', degrees=(17.18873385, 17.18873385, 17.18873385), order='xyz'),  # 0.3 rad
    person,
    dict(type='PackSkeleton')
]
test_pipeline = [dict(type='CropAndResize', share=0.95), person, dict(type='PackSkeleton')]
train_dataloader = dict(batch_size=64, drop_last=False, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
