"""Schedules of the learning rate that MMEngine lacks."""
from __future__ import annotations

import math

from mmaction.registry import PARAM_SCHEDULERS
from mmengine.optim.scheduler import CosineAnnealingLR


@PARAM_SCHEDULERS.register_module()
class CosineFromStartLR(CosineAnnealingLR):
    """A cosine that is counted from the start of training although it takes over after a warm-up.

    ``eta_min + (lr - eta_min) (1 + cos(pi t / end)) / 2`` with t steps since the start, from ``begin`` on (timm's
    scheduler without a prefix, as SkateFormer uses it; ``docs/published/skateformer.md``, D9). MMEngine's own begins at
    the top at ``begin``. Arguments are those of ``CosineAnnealingLR``; ``T_max`` is ``end``.
    """

    def _get_value(self) -> list[float]:
        share = (1 + math.cos(math.pi * (self.begin + self.last_step) / self.end)) / 2
        lowest = [self.eta_min if self.eta_min_ratio is None else base * self.eta_min_ratio
                  for base in self.base_values]
        return [low + (base - low) * share for base, low in zip(self.base_values, lowest)]
