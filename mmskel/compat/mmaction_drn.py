"""Placeholder for ``mmaction.models.localizers.drn``, which the mmaction2 1.2.0 wheel lacks."""
from mmaction.registry import MODELS
from torch import nn


@MODELS.register_module()
class DRN(nn.Module):
    """Dense Regression Network for temporal grounding: named, but not to be built.

    Raises:
        ImportError: Always (https://github.com/open-mmlab/mmaction2/issues/2714).
    """

    def __init__(self, *args, **kwargs) -> None:
        raise ImportError('the mmaction2 wheel does not contain DRN (open-mmlab/mmaction2#2714); '
                          'install mmaction2 from its sources to use it')
