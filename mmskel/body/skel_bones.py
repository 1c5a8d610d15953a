"""SKEL's mesh of the bones: scaled to the shape, placed at rest, posed (docs/published/skel.md)."""
from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from mmskel.body.errors import BodyError
from mmskel.body.skel_joints import CHILDREN
from mmskel.body.skinning import blend

if TYPE_CHECKING:
    from mmskel.body.skel_shape import SkelShape

_SMPL_VERTICES = 6890
_PARENTS = [j for j, child in enumerate(CHILDREN) if child]
_LUMBAR, _THORAX, _HEAD, _HANDS = 11, 12, 13, (18, 23)
# vertices a and b of SMPL's topology, axis on which they lie apart
_HEAD_PAIRS = ((410, 384, 2), (414, 384, 1), (196, 3708, 0))
_HAND_PAIRS = ((6179, 6137, 1), (5670, 5906, 0))
_CHEST_PAIRS = ((3027, 3495, 2), (3027, 3506, 2))


def bone_scale(offsets: Tensor, a_pose: Tensor, shaped: Tensor, template: Tensor) -> Tensor:
    """The scale of each bone along its own axes.

    Args:
        offsets: (B, 24, 3) rest offsets of the joints from their parents.
        a_pose: (24, 3) the same in the A pose.
        shaped: (B, 6890, 3) skin at rest.
        template: (6890, 3) skin of the mean shape.

    Returns:
        (B, 24, 3). Both hands have the scale of the right one, as published.

    Raises:
        BodyError: If the skin has another topology than SMPL's: widths are read off vertices by number.
    """
    if len(template) != _SMPL_VERTICES:
        raise BodyError(f"the scale of the bones is read off SMPL's {_SMPL_VERTICES} vertices by number; this body has "
                        f'{len(template)}. Ask for joints and skin only')
    children = [CHILDREN[j] for j in _PARENTS]
    lengths = offsets.new_ones(len(offsets), 24)
    lengths[:, _PARENTS] = offsets[:, children].norm(dim=-1) / a_pose[children].norm(dim=-1)
    lengths[:, 16], lengths[:, 21] = lengths[:, 17], lengths[:, 22]
    lengths[:, _THORAX] = lengths[:, _LUMBAR]
    lengths[:, _LUMBAR] = offsets[:, _LUMBAR, 1].abs() / a_pose[_LUMBAR, 1].abs()

    def ratio(a: int, b: int, axis: int) -> Tensor:
        return (shaped[:, a, axis] - shaped[:, b, axis]) / (template[a, axis] - template[b, axis])

    scale = lengths[..., None].repeat(1, 1, 3)
    head, hand = [ratio(*pair) for pair in _HEAD_PAIRS], [ratio(*pair) for pair in _HAND_PAIRS]
    scale[:, _HEAD] = torch.stack(head, 1)
    for joint in _HANDS:
        scale[:, joint, 0], scale[:, joint, 1] = hand
    chest = torch.minimum(*(ratio(*pair) for pair in _CHEST_PAIRS))
    scale[:, _THORAX, 0] = scale[:, _LUMBAR, 0] = chest
    return scale


def posed_bones(template: Tensor, weights: Tensor, owner: Tensor, scale: Tensor, shape: SkelShape, world: Tensor,
                joints: Tensor) -> Tensor:
    """The mesh of the bones in a pose.

    Args:
        template: (K, 3) bones, each in its own frame.
        weights: (K, 24) skinning weights.
        owner: (K,) bone of each vertex.
        scale: (B, 24, 3) or (1, 24, 3), see :func:`bone_scale`.
        shape: Constants of the shape.
        world: (3, 3, 24, B) world rotations.
        joints: (3, 24, B) joints.

    Returns:
        (B, K, 3).
    """
    scaled = shape.orientation * scale[:, :, None]
    rest = (scaled[:, owner] @ template[..., None])[..., 0] + shape.joints[:, owner]
    return blend(weights, world, joints, shape.joints, rest)
