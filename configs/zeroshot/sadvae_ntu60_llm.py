# SA-DVAE on NTU RGB+D 60, splits ntu60:random_1 to ntu60:random_3: features of ST-GCN (256), CLIP ViT-B/32 on sentences
# of a language model; published figures not known here. Not trained here yet: the features are a download.
#   mmskel zeroshot train stgcn_ntu60_5_r --config zeroshot/sadvae_ntu60_llm.py --texts sentences.txt --encoder
# openai/clip-vit-base-patch32
model = dict(type='SADVAE', semantic_channels=96, style_channels=8)
training = dict(cycles=10, batch_size=32, lr=4.9372938499672305e-5, discriminator_every=4)
seed = 5
