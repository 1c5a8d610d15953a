# The published pretraining of Penn Action and N-UCLA: Adam at one rate, the last epoch kept; without labels, the metric
# is the error of the reconstruction.
_base_ = '../runtime.py'
max_epochs = 100
base_lr = 1e-4

train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=base_lr))
param_scheduler = []
auto_scale_lr = dict(enable=False, base_batch_size=4)

default_hooks = dict(checkpoint=dict(save_best='reconstruction/error', rule='less'))
val_evaluator = dict(type='ReconstructionError')
test_evaluator = val_evaluator
