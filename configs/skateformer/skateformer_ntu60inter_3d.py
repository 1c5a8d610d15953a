# SkateFormer on the 11 interactions of NTU RGB+D 60 (classes 50 to 60 of the file become 0 to 10). Splits: --split
# xsub, xview.
# Not trained here yet; published (joint): X-Sub 97.1 %, X-View 99.3 %.
_base_ = 'skateformer_ntu60_3d.py'

classes = tuple(range(49, 60))
num_classes = len(classes)
