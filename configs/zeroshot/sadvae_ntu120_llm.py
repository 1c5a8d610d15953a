# SA-DVAE on NTU RGB+D 120, splits ntu120:random_1 to ntu120:random_3: features of ST-GCN (256), CLIP ViT-B/32 on
# sentences of a language model; published figures not known here. Not trained here yet: the features are a download.
#   mmskel zeroshot train stgcn_ntu120_10_r --config zeroshot/sadvae_ntu120_llm.py --texts sentences.txt --encoder
# openai/clip-vit-base-patch32
model = dict(type='SADVAE', semantic_channels=304, style_channels=12)
training = dict(cycles=10, batch_size=24, lr=2.133571484619993e-5, discriminator_every=16)
seed = 5
