"""One person of a clip, by a rule, for networks that look at one."""
from __future__ import annotations

from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS

from mmskel.data.transforms.base import COORDINATES, SCORES, SkeletonTransform, sample_name
from mmskel.files.errors import UserError
from mmskel.skeleton.coordinates import PERSON_RULES, chosen_person


@TRANSFORMS.register_module()
class ChoosePerson(SkeletonTransform):
    """Keeps one person of the clip.

    Args:
        rule: ``'absolute_sum'``, ``'motion'`` or ``'largest'``, see :func:`~mmskel.skeleton.coordinates.chosen_person`.
    """
    writes = (*COORDINATES, *SCORES, 'person_label')

    def __init__(self, rule: str = 'absolute_sum'):
        if rule not in PERSON_RULES:
            raise UserError(f'ChoosePerson: rule must be one of {", ".join(PERSON_RULES)}, not {rule!r}')
        self.rule = rule

    def transform(self, sample: dict[str, Any]) -> dict[str, Any]:
        """(M, T, ...) -> (1, T, ...).

        Raises:
            UserError: A clip without persons; names it.
        """
        if not len(sample['keypoint']):
            raise UserError(f"clip '{sample_name(sample)}': ChoosePerson: nobody is in it; remove the clip, or extract "
                            'it again with a lower detection threshold')
        person = chosen_person(sample['keypoint'], self.rule)
        changed = {key: sample[key][person:person + 1] for key in (*COORDINATES, *SCORES) if key in sample}
        if 'person_label' in sample:
            labels = np.asarray(sample['person_label'])
            known = len(labels) == len(sample['keypoint'])
            changed['person_label'] = labels[person:person + 1] if known else np.full(1, -1)
        return changed
