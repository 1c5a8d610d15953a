# A linear map from features to texts, trained by contrastive loss: the plain baseline, and quick.
#   mmskel zeroshot train features.npz --texts classes.csv --unseen "wave;kick" --config zeroshot/linear_custom.py
model = dict(type='LinearAligner', temperature=0.1)
training = dict(cycles=10, batch_size=64, lr=1e-3, weight_decay=1e-2, steps_per_cycle=100)
seed = 5
