# HD-GCN on NTU RGB+D 120, the published recipe. Splits: --split xsub, xset. The released arrays of this pipeline let a
# lone person fill both slots: `mmskel prepare ntu ... --denoise sgn --translate --duplicate-single-actor`.
# Not trained here yet; published: X-Sub 85.7 % (joint), 90.1 % (six members); X-Set 87.3 %, 91.6 %.
_base_ = 'hdgcn_ntu60_3d.py'

ann_file = 'data/ntu120_sgn.pkl'
num_classes = 120
