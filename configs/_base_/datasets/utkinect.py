# UT-Kinect, prepared as N-UCLA (same joints, units and axes). Half cross-subject by default; the original protocol is
# leave-one-sequence-out: --split loseqo01 ... loseqo20, averaged over the segments.
#   mmskel prepare utkinect joints.zip data/utkinect.pkl
_base_ = './nwucla.py'
ann_file = 'data/utkinect.pkl'
split = 'xsub'
repeat = 25

val_dataloader = dict(dataset=dict(subsets=dict(_delete_=True)))
test_dataloader = val_dataloader
