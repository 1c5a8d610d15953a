# MANs_9, the small network, with the published penalty on the kernels of GRUs and convolutions (as a weight decay
# 2e-4).
model = dict(
    type='PenalisedRecognizer',
    data_preprocessor=dict(type='StreamEncoder', stream='joint'),
    backbone=dict(type='MANs'),
    cls_head=dict(type='GCNHead', in_channels=128),
    penalties=[
        dict(
            type='KernelPenalty', l2=1e-4,
            kernels=('backbone.tarm.gru.weight_ih', 'backbone.stcm.*conv*.weight', 'backbone.stcm.*down.weight'))
    ])

# the average of the scores of two networks (--streams joint joint_motion); the fusion of the journal paper (C-MANs) is
# not public
fusion = dict(rule='softmax')
