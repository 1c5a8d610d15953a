# SA-DVAE on features of any recogniser. A cycle has at least a thousand batches, however few clips there are.
#   mmskel zeroshot train features.npz --texts classes.csv --unseen "wave;kick"
model = dict(type='SADVAE', semantic_channels=160, style_channels=8)
training = dict(cycles=10, batch_size=32, lr=2e-4, discriminator_every=5, min_steps=1000)
seed = 5
