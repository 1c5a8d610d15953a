# CascadeFormer on N-UCLA for two CPU cores, an hour in all by estimate: masked pretraining and fine-tuning as one
# command. Each has a folder of its own in the work dir; --resume goes on where it stopped.
#   mmskel train cascadeformer/cascadeformer_nwucla_short_plan.py --amp
# Not trained here yet; see cascadeformer_nwucla_short.py for what was published.
_base_ = 'cascadeformer_nwucla_short.py'

load_from = None
plan = dict(stages=dict(
    pretraining=dict(config='cascadeformer/cascadeformer_pretrain_nwucla_short.py', test=False),
    fine_tuning=dict(init_from=dict(stage='pretraining'))))
