"""The two small real checkpoints beside the repository, as configs that mmpose and mmdet read; and models with random
weights, of any config of mmpose."""
from pathlib import Path

TINYPOSE = '''
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
'''
DETECTOR = 'mmpose::../demo/mmdetection_cfg/rtmdet_nano_320-8xb32_coco-person.py'


def random_weights(config: str | Path, path: Path, seed: int = 0) -> str:
    """Writes a checkpoint of random tensors for a config of mmpose; returns its name."""
    import torch
    from mmengine.registry import DefaultScope
    from mmpose.models import build_pose_estimator

    from mmskel.pose.loading import find_model_config
    torch.manual_seed(seed)
    cfg = find_model_config(config, '--pose-config')
    if cfg.model.get('init_cfg', {}).get('type') == 'Pretrained':  # would be fetched
        cfg.model.pop('init_cfg')
    with DefaultScope.overwrite_default_scope('mmpose'):
        model = build_pose_estimator(cfg.model)
    model.init_weights()
    torch.save(dict(state_dict=model.state_dict()), path)
    return str(path)
