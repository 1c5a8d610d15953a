"""Heatmaps in the loader, for MMAction2's own configs; ours are made on the device (:class:`HeatmapEncoder`)."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmaction.registry import TRANSFORMS

from mmskel.files.errors import UserError
from mmskel.models.encoders.heatmap import heatmap_volume, limb_swap, mirrored
from mmskel.skeleton import get_layout


@TRANSFORMS.register_module()
class GenerateHeatmapVolume:
    """MMAction2's ``GeneratePoseTarget`` with its arguments and values, only faster: change the name in the config.

    Joints and limbs together are concatenated, each mirrored with its own lists; the original writes limbs over the
    joints' channels (``docs/published/posec3d.md``, D1).

    Args:
        sigma, use_score, scaling: See :func:`~mmskel.models.encoders.heatmap.heatmap_volume`.
        with_kp, with_limb: Whether keypoints and limbs are drawn.
        double: Whether to append the mirror image along time.
        layout: Joint order, for those of the four lists below that are not given.
        skeletons: Pairs of joints, the limbs. The original's default order differs from the released configs' and our
            layout's: weights need the list they were trained with.
        left_kp, right_kp: Joints that are exchanged in the mirror image, in pairs.
        left_limb, right_limb: Limbs that are exchanged; default: those whose joints are.
    """

    def __init__(self, sigma: float = 0.6, use_score: bool = True, with_kp: bool = True, with_limb: bool = False,
                 skeletons: Sequence[Sequence[int]] | None = None, double: bool = False,
                 left_kp: Sequence[int] | None = None, right_kp: Sequence[int] | None = None,
                 left_limb: Sequence[int] | None = None, right_limb: Sequence[int] | None = None, scaling: float = 1.,
                 layout: str = 'coco17'):
        if not with_kp and not with_limb:
            raise UserError('GenerateHeatmapVolume: set with_kp, with_limb or both')
        table = get_layout(layout)
        self.sigma, self.use_score, self.scaling, self.double = sigma, use_score, scaling, double
        self.with_kp, self.layout = with_kp, table.name
        self.limbs = tuple(map(tuple, skeletons or table.limbs)) if with_limb else ()
        joints = _exchange(table.num_joints, left_kp, right_kp) if left_kp is not None else table.swap.tolist()
        limbs = _exchange(len(self.limbs), left_limb, right_limb) if left_limb is not None and with_limb \
            else limb_swap(self.limbs, joints)
        joints = joints if with_kp else []
        self._swap = torch.tensor([*joints, *(len(joints) + limb for limb in limbs)])

    def __call__(self, sample: dict[str, Any]) -> dict[str, Any]:
        """Writes ``imgs`` (``heatmap_imgs`` beside images), (T, C, H, W) float32, of ``keypoint`` and ``img_shape``."""
        keypoint = torch.from_numpy(np.asarray(sample['keypoint'], np.float32))[None, ..., :2]
        score = sample.get('keypoint_score') if self.use_score else None
        if score is not None:
            score = torch.from_numpy(np.asarray(score, np.float32))[None]
        volume = heatmap_volume(keypoint, score, sample['img_shape'], sigma=self.sigma, scaling=self.scaling,
                                joints=self.with_kp, limbs=self.limbs)[0]
        if self.double:
            volume = torch.cat([volume, mirrored(volume, self._swap)], 1)
        sample['heatmap_imgs' if 'imgs' in sample else 'imgs'] = volume.transpose(0, 1).numpy()
        return sample

    def __repr__(self) -> str:
        public = ', '.join(f'{k}={v!r}' for k, v in vars(self).items() if not k.startswith('_'))
        return f'{type(self).__name__}({public})'


def _exchange(count: int, left: Sequence[int], right: Sequence[int] | None) -> list[int]:
    if right is None or len(left) != len(right):
        raise UserError(f'left and right must be given in pairs, not {left} and {right}')
    order = list(range(count))
    for one, other in zip(left, right):
        order[one], order[other] = other, one
    return order
