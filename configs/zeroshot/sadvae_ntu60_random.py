# SA-DVAE on NTU RGB+D 60, splits ntu60:random_1 to ntu60:random_3: features of ST-GCN (256), CLIP ViT-B/32 on class
# names; published mean of the three: ZSL 84.20, H 75.27 %. Not trained here yet: the features are a download.
#   mmskel zeroshot train stgcn_ntu60_5_r --config zeroshot/sadvae_ntu60_random.py --texts names.csv --encoder
# openai/clip-vit-base-patch32
model = dict(type='SADVAE', semantic_channels=224, style_channels=16)
training = dict(cycles=10, batch_size=32, lr=3.596163218514557e-5, discriminator_every=7)
seed = 5
