# PP-TinyPose (PaddleDetection), a top-down model for COCO's 17 joints that is quick on a CPU; its network is mmpose's
# LiteHRNet. For `--pose-config mmskel::_base_/pose/pp_tinypose_256x192.py`; the weights have to be converted from
# Paddle.
default_scope = 'mmpose'
model = dict(
    type='TopdownPoseEstimator',
    data_preprocessor=dict(type='PoseDataPreprocessor', bgr_to_rgb=True, mean=[123.675, 116.28, 103.53],
                           std=[58.395, 57.12, 57.375]),
    backbone=dict(
        type='LiteHRNet', in_channels=3,
        extra=dict(
            stem=dict(stem_channels=32, out_channels=32, expand_ratio=1), num_stages=3,
            stages_spec=dict(
                num_modules=(2, 4, 2), num_branches=(2, 3, 4), num_blocks=(2, 2, 2), module_type=('NAIVE', ) * 3,
                with_fuse=(True, ) * 3, reduce_ratios=(8, 8, 8),
                num_channels=((40, 80), (40, 80, 160), (40, 80, 160, 320))),
            with_head=True)),
    head=dict(
        type='HeatmapHead', in_channels=40, out_channels=17, deconv_out_channels=None,
        loss=dict(type='KeypointMSELoss', use_target_weight=True),
        decoder=dict(type='UDPHeatmap', input_size=(192, 256), heatmap_size=(48, 64), sigma=2)),
    test_cfg=dict(flip_test=False))
pipeline = [dict(type='LoadImage'), dict(type='GetBBoxCenterScale'),
            dict(type='TopdownAffine', input_size=(192, 256), use_udp=True), dict(type='PackPoseInputs')]
dataset = dict(type='CocoDataset', pipeline=pipeline)
train_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
