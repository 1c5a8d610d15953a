# Ensem-NN's training: SGD, 128 clips per step. The published rate falls when a loss on the test clips stops
# falling; here it follows a cosine, step by step, to the published floor.
_base_ = '../runtime.py'

max_epochs = 120
base_lr = 0.01

train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=base_lr, momentum=0.9, weight_decay=0., nesterov=True))
param_scheduler = [
    dict(type='CosineAnnealingLR', eta_min=1e-4, by_epoch=True, begin=0, end=max_epochs, convert_to_iter_based=True)
]
auto_scale_lr = dict(enable=False, base_batch_size=128)
