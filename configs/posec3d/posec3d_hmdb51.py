# PoseC3D on HMDB51, fine-tuned from Kinetics-400 weights (joint), MMAction2's recipe (8 GPUs x 16 clips). Three splits:
# --split 1, 2, 3. Give the weights: --cfg-options load_from=posec3d_k400.pth
#   PYSKL's hmdb51_hrnet or MMAction2's hmdb51_2d pickle as it is
# Not trained here yet; published: 69.6 % (joint, split 1).
_base_ = 'posec3d_ucf101.py'

ann_file = 'data/hmdb51_2d.pkl'
num_classes = 51
