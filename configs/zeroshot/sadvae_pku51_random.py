# SA-DVAE on PKU-MMD, splits pku51:random_1 to pku51:random_3: features of ST-GCN (256), CLIP ViT-B/32 on class names;
# published mean of the three: ZSL 66.54 %. Not trained here yet: the features are a download.
#   mmskel zeroshot train stgcn_pku51_5_r --config zeroshot/sadvae_pku51_random.py --texts names.csv --encoder
# openai/clip-vit-base-patch32
model = dict(type='SADVAE', semantic_channels=128, style_channels=16)
training = dict(cycles=10, batch_size=64, lr=3.074099555160793e-5, discriminator_every=2)
seed = 5
