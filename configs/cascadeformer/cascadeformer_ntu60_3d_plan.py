# CascadeFormer on NTU RGB+D 60, the published recipe: masked pretraining and fine-tuning as one command. Each has a
# folder of its own in the work dir; --resume goes on where it stopped.
#   mmskel train cascadeformer/cascadeformer_ntu60_3d_plan.py
# Not trained here yet; see cascadeformer_ntu60_3d.py for what was published.
_base_ = 'cascadeformer_ntu60_3d.py'

load_from = None
plan = dict(stages=dict(
    pretraining=dict(config='cascadeformer/cascadeformer_pretrain_ntu60_3d.py', test=False),
    fine_tuning=dict(init_from=dict(stage='pretraining'))))
