"""Models of any config made narrow, so that tests take seconds."""
# channels of the features over those of the first stage
RATIO = {'C3DLight': 8, 'X3DShallow': 9}


def narrow(cfg, width):
    """Sets ``base_channels`` and what the head then gets; of two pathways the pose pathway gets half."""
    backbone, head = cfg.model.backbone, cfg.model.cls_head
    if backbone.type == 'RGBPoseConv3D':
        backbone.rgb_pathway.base_channels, backbone.pose_pathway.base_channels = width, width // 2
        head.in_channels = (32 * width, 8 * width)
        return
    backbone.base_channels = width
    stages = backbone.get('num_stages', 4)  # MMAction2's default, which its RGB networks leave out
    head.in_channels = (4 * 2**(stages - 1) if backbone.type == 'ResNet3dSlowOnly' else RATIO.get(backbone.type, 4)) * width
