# CTR-GCN on NTU RGB+D 60, 2-D skeletons; PYSKL's recipe, which is that of ST-GCN here (8 GPUs x 16 clips, 16 epochs of
# 5 passes). Splits: --split xsub, xview. --streams all trains joint, bone and the motion of both, and fuses the four.
# Not trained here yet; published with this recipe, PYSKL, X-Sub: joint 90.6 %, four streams 93.6 %; X-View 96.9, 98.4 %.
_base_ = '../stgcn/stgcn_ntu60_2d.py'

model = dict(backbone=dict(_delete_=True, type='CTRGCN'))
# joint and bone count twice
fusion = dict(preset='pyskl')
