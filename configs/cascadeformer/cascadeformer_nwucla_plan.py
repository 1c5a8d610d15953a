# CascadeFormer on N-UCLA, the published recipe: masked pretraining and fine-tuning as one command. Each has a
# folder of its own in the work dir; --resume goes on where it stopped.
#   mmskel train cascadeformer/cascadeformer_nwucla_plan.py
# Not trained here yet; see cascadeformer_nwucla.py for what was published.
_base_ = 'cascadeformer_nwucla.py'

load_from = None
plan = dict(stages=dict(
    pretraining=dict(config='cascadeformer/cascadeformer_pretrain_nwucla.py', test=False),
    fine_tuning=dict(init_from=dict(stage='pretraining'))))
