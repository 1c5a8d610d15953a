"""One person of a clip, by a rule, for networks that look at one."""
from __future__ import annotations

from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS

from mmskel.data.transforms.base import COORDINATES, SCORES, SkeletonTransform

RULES = ('absolute_sum', 'motion')


def chosen_person(keypoint: np.ndarray, rule: str = 'absolute_sum') -> int:
    """Which person of (M, T, V, C) a rule keeps; the first of equals.

    Args:
        keypoint: Zeros where nobody is seen.
        rule: ``'absolute_sum'``: the largest sum of absolute coordinates over the clip. Since coordinates are relative
            to somebody's first position, a person that stands still far away wins; published results of CascadeFormer
            come from it. ``'motion'``: the largest variance over time, summed over joints and coordinates, of the
            frames in which the person is seen, as its paper has it.
    """
    if rule == 'absolute_sum':
        return int(np.abs(keypoint).sum((1, 2, 3)).argmax())
    seen = (keypoint != 0).any((2, 3))
    return int(np.argmax([person[frames].var(0).sum() if frames.any() else 0.
                          for person, frames in zip(keypoint, seen)]))


@TRANSFORMS.register_module()
class ChoosePerson(SkeletonTransform):
    """Keeps one person of the clip.

    Args:
        rule: ``'absolute_sum'`` or ``'motion'``, see :func:`chosen_person`.
    """
    writes = (*COORDINATES, *SCORES, 'person_label')

    def __init__(self, rule: str = 'absolute_sum'):
        if rule not in RULES:
            raise ValueError(f'ChoosePerson: rule is one of {", ".join(RULES)}, not {rule!r}')
        self.rule = rule

    def transform(self, sample: dict[str, Any]) -> dict[str, Any]:
        """(M, T, ...) -> (1, T, ...)."""
        person = chosen_person(sample['keypoint'], self.rule)
        changed = {key: sample[key][person:person + 1] for key in (*COORDINATES, *SCORES) if key in sample}
        if 'person_label' in sample:
            labels = np.asarray(sample['person_label'])
            known = len(labels) == len(sample['keypoint'])
            changed['person_label'] = labels[person:person + 1] if known else np.full(1, -1)
        return changed
