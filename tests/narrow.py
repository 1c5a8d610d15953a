"""Models made narrow, so that whatever is tested with them is quick."""


def narrow(model, width: int = 8) -> None:
    """Sets the first blocks of a recogniser's config to ``width`` channels, and its classifier's input to four times that.

    SkateFormer takes no fewer than 32; of ``width=8`` it has two stages of one block and one head per attention.
    """
    model.cls_head.in_channels = 4 * width
    if model.backbone.type != 'SkateFormer':
        model.backbone.base_channels = width
    elif width == 8:
        model.backbone.update(channels=(32, 32), depths=(1, 1), num_heads=8)
    else:
        model.backbone.channels = (2 * width, *(4 * width, ) * 3)
