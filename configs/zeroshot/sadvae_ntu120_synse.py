# SA-DVAE on NTU RGB+D 120, splits ntu120:110_10 and ntu120:96_24: features of Shift-GCN (256), stsb-bert-large on class
# names; published ZSL 68.77 and 46.12, H 60.42 and 44.50 %. Not trained here yet: the features are a download.
#   mmskel zeroshot train shift_ntu120_10_r --config zeroshot/sadvae_ntu120_synse.py --texts names.csv --encoder
# stsb-bert-large
model = dict(type='SADVAE', semantic_channels=256, style_channels=32)
training = dict(cycles=10, batch_size=32, lr=3.4779964302664534e-5, discriminator_every=4)
gate = dict(temperatures=[2], thresholds=[0.5])  # fixed, as published
seed = 5
