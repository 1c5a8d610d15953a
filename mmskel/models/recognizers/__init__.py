"""Models around backbones that MMAction2 does not have."""
from mmskel.models.recognizers.masked_pretraining import MaskedPretraining, draw_mask

__all__ = ['MaskedPretraining', 'draw_mask']
