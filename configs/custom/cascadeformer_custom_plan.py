# CascadeFormer on any annotation file: masked pretraining and fine-tuning as one command. Each has a folder of its own
# in the work dir; --resume goes on where it stopped.
#   mmskel train custom/cascadeformer_custom_plan.py --data my.pkl
# Pretraining on clips of another file: cascadeformer_pretrain_custom.py, then cascadeformer_custom.py.
# Not trained here yet.
_base_ = 'cascadeformer_custom.py'

plan = dict(stages=dict(
    pretraining=dict(config='custom/cascadeformer_pretrain_custom.py', test=False),
    fine_tuning=dict(init_from=dict(stage='pretraining'))))
