# ST-GCN of half the width on 32 frames, for any annotation file: small data sets, trials, `mmskel demo --video`.
#   mmskel train custom/stgcn_custom_small.py --data my.pkl
_base_ = 'stgcn_custom.py'

clip_len = 32
model = dict(backbone=dict(base_channels=32, dropout=0.25), cls_head=dict(in_channels=128))
