# Volleyball without given boxes: people found and tracked, in 12 slots, and the ball; 41 frames.
#   mmskel prepare volleyball_weak volleyball data/volleyball_weak.pkl
_base_ = './volleyball.py'
ann_file = 'data/volleyball_weak.pkl'
clip_len = 41
