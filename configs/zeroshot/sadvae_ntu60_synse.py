# SA-DVAE on NTU RGB+D 60, splits ntu60:55_5 and ntu60:48_12: features of Shift-GCN (256), stsb-bert-large on class
# names; published ZSL 82.37 and 41.38, H 66.27 and 42.56 %. Not trained here yet: the features are a download.
#   mmskel zeroshot train shift_ntu60_5_r --config zeroshot/sadvae_ntu60_synse.py --texts names.csv --encoder
# stsb-bert-large
model = dict(type='SADVAE', semantic_channels=160, style_channels=8)
training = dict(cycles=10, batch_size=32, lr=3.389022400898623e-5, discriminator_every=5)
seed = 5
