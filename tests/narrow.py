"""Models of any config made narrow, so that tests take seconds."""
# channels of the features over those of the first stage
RATIO = {'C3DLight': 8, 'X3DShallow': 9, 'MANs': 2}


def narrow(cfg, width):
    """Sets the width of the first stage, and what the head then gets.

    Of two pathways the pose pathway gets half. SkateFormer needs at least 32 channels in every stage; of 8, all its
    stages have as many.
    """
    backbone, head = cfg.model.backbone, cfg.model.get('cls_head')
    if backbone.type == 'CascadeFormer':
        backbone.channels, backbone.num_heads, backbone.num_layers = 4 * width, 2, 1
        if head is not None:  # a pretraining has none
            head.in_channels = 4 * width
        return
    if backbone.type == 'RGBPoseConv3D':
        backbone.rgb_pathway.base_channels, backbone.pose_pathway.base_channels = width, width // 2
        head.in_channels = (32 * width, 8 * width)
        return
    if backbone.type in ('GSFResNet', 'GSFLateFusion'):
        late = backbone.type == 'GSFLateFusion'
        backbone.base_channels, backbone.stage_blocks = width, (1, 1, 1, 1)
        features = 8 * width * (4 if backbone.depth >= 50 else 1)
        head.in_channels = (features + 2 * width) // 4 if late else features
        return
    if backbone.type == 'SkateFormer':
        backbone.channels = (max(2 * width, 32), *(4 * width, ) * 3)
        backbone.depths = (1, 1, 1, 1) if width == 8 else (2, 2, 2, 2)
        head.in_channels = 4 * width
        return
    backbone.base_channels = width
    if backbone.get('network') == 'densenet161':
        head.in_channels = 23 * width
        return
    if 'inflate_stages' in backbone:
        head.in_channels = 2**len(backbone.inflate_stages) * width
        return
    stages = backbone.get('num_stages', 4)  # MMAction2's default, which its RGB networks leave out
    head.in_channels = (4 * 2**(stages - 1) if backbone.type == 'ResNet3dSlowOnly' else RATIO.get(backbone.type, 4)) * width
