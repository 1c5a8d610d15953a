"""Models of any config made narrow, so that tests take seconds."""
# channels of the features over those of the first stage
RATIO = {'ResNet3dSlowOnly': 16, 'C3DLight': 8, 'X3DShallow': 9}


def narrow(cfg, width):
    """Sets ``base_channels`` and what the head then gets."""
    cfg.model.backbone.base_channels = width
    cfg.model.cls_head.in_channels = RATIO.get(cfg.model.backbone.type, 4) * width
