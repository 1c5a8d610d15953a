"""Models made narrow, so that whatever is tested with them is quick."""


def narrow(model, width: int = 8) -> None:
    """Sets the first blocks of a recogniser's config to ``width`` channels, and its classifier's input to four times that.

    SkateFormer needs at least 32 in every stage; of 8, all its stages have as many.
    """
    model.cls_head.in_channels = 4 * width
    if model.backbone.type == 'SkateFormer':
        model.backbone.channels = (max(2 * width, 32), *(4 * width, ) * 3)
        model.backbone.depths = (1, 1, 1, 1) if width == 8 else (2, 2, 2, 2)
    else:
        model.backbone.base_channels = width
