# SkateFormer on NTU RGB+D 60, the published recipe (one GPU, 128 clips, 500 epochs). Splits: --split xsub, xview.
# Streams: --streams all trains joint, bone and their motions and adds up their raw scores.
# Not trained here yet; published: X-Sub 92.6 % (joint), 93.5 % (four streams); X-View 97.0 %, 97.8 %; the best of the
# test scores of the last 51 epochs.
_base_ = ['../_base_/datasets/ntu3d_trimmed.py', '../_base_/models/skateformer.py',
          '../_base_/schedules/skateformer.py']
