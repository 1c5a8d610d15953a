"""One of several ways through a pipeline."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS

from mmskel.data.transforms.base import SkeletonTransform
from mmskel.files.errors import UserError


@TRANSFORMS.register_module()
class OneBranch(SkeletonTransform):
    """At most one of several lists of transforms, by one draw.

    Args:
        branches: Dictionaries of ``probability`` and ``transforms``. Where the probabilities sum to less than 1, the
            rest of the samples stay as they are.

    Raises:
        UserError: Probabilities that are negative or sum to more than 1.
    """
    reads = ()

    def __init__(self, branches: Sequence[Mapping[str, Any]]):
        self.probabilities = tuple(branch['probability'] for branch in branches)
        if min(self.probabilities, default=0) < 0 or sum(self.probabilities) > 1 + 1e-9:
            raise UserError('OneBranch: probabilities must be at least 0 and sum to at most 1; found '
                            f'{self.probabilities}')
        self.transforms = tuple(tuple(TRANSFORMS.build(one) if isinstance(one, Mapping) else one
                                      for one in branch['transforms']) for branch in branches)
        written = [one.writes if isinstance(one, SkeletonTransform) else None for one in chain(*self.transforms)]
        self.writes = None if None in written else tuple(dict.fromkeys(chain(*written)))

    def make_params(self, sample: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        """The branch; their number if it is none."""
        return dict(branch=int(np.searchsorted(np.cumsum(self.probabilities), rng.random(), side='right')))

    def transform(self, sample: dict[str, Any], branch: int) -> dict[str, Any]:
        """The changes by the branch; its transforms draw from the sample's generator one after another."""
        after = dict(sample)
        for one in self.transforms[branch] if branch < len(self.transforms) else ():
            after = one(after)
        return {key: value for key, value in after.items() if key not in sample or value is not sample[key]}
