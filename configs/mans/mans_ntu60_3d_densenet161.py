# MANs as published, with DenseNet-161, on NTU RGB+D 60. Splits: --split xsub, xview.
# Not trained here yet; published: X-Sub 82.67 %, X-View 93.22 %. The published networks start from ImageNet's weights:
# --cfg-options model.backbone.pretrained=densenet161.pth (any file with torchvision's names).
_base_ = './mans_ntu60_3d.py'

clip_len = 224
# as a weight decay of 2e-4 on the kernels of GRUs and convolutions
model = dict(
    backbone=dict(network='densenet161'),
    cls_head=dict(in_channels=2208),
    penalties=[
        dict(type='KernelPenalty', l2=1e-4, kernels=('backbone.tarm.gru.weight_ih', 'backbone.stcm.*conv*.weight'))
    ])
pipeline = [
    dict(type='AlignTrunk3D', layout={{_base_.layout}}),
    dict(type='SetPersons', num_person={{_base_.num_person}}),
    dict(type='FitFrames', clip_len=clip_len, place='centre'),
    dict(type='PackSkeleton')
]
train_dataloader = dict(dataset=dict(pipeline=pipeline))
val_dataloader = dict(dataset=dict(pipeline=pipeline))
test_dataloader = dict(dataset=dict(pipeline=pipeline))
