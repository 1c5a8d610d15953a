# SA-DVAE on NTU RGB+D 120, splits ntu120:random_1 to ntu120:random_3: features of ST-GCN (256), CLIP ViT-B/32 on class
# names; published mean of the three: ZSL 50.67 %. Not trained here yet: the features are a download.
#   mmskel zeroshot train stgcn_ntu120_10_r --config zeroshot/sadvae_ntu120_random.py --texts names.csv --encoder
# openai/clip-vit-base-patch32
model = dict(type='SADVAE', semantic_channels=176, style_channels=20)
training = dict(cycles=10, batch_size=32, lr=7.360616069743272e-5, discriminator_every=12)
seed = 5
