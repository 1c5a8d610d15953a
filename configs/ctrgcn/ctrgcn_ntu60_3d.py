# CTR-GCN on NTU RGB+D 60, 3-D skeletons; PYSKL's recipe, which is that of ST-GCN here (8 GPUs x 16 clips, 16 epochs of
# 5 passes). Splits: --split xsub, xview. --streams all trains joint, bone and the motion of both, and fuses the four.
# Not trained here yet; published with this recipe, PYSKL, X-Sub: joint 89.6 %, four streams 92.1 %; X-View 95.6, 97.0 %.
_base_ = '../stgcn/stgcn_ntu60_3d.py'

model = dict(backbone=dict(_delete_=True, type='CTRGCN'))
# joint and bone count twice
fusion = dict(preset='pyskl')
