"""Linear blend skinning, shape and pose offsets, as SMPL and SKEL share them."""
from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

_BLOCK = 40_000  # vertices of all frames that are posed at a time: what they need stays in the cache


def shaped_by(template: Tensor, dirs: Tensor, betas: Tensor) -> Tensor:
    """``template + sum_k beta_k dirs_k``: (V, 3), (V, 3, 10), (B, 10) -> (B, V, 3)."""
    return template + (betas @ dirs.flatten(0, 1).T).unflatten(1, template.shape)


def pose_directions(posedirs: np.ndarray) -> Tensor:
    """(V, 3, P) of the file -> (P, 3 V), all x first: one product with (B, P) features gives (B, 3, V) offsets."""
    return torch.as_tensor(posedirs).permute(2, 1, 0).flatten(1).contiguous()


def blend(weights: Tensor, rotations: Tensor, joints: Tensor, rest: Tensor, points: Tensor,
          offsets: Tensor | None = None) -> Tensor:
    """Posed points: ``sum_j w_ij (G_j (x_i - rest_j) + joint_j)``.

    Args:
        weights: (V, 24).
        rotations: (3, 3, 24, B) world rotations of the joints.
        joints: (3, 24, B) posed joints.
        rest: (B, 24, 3) or (1, 24, 3) joints at rest.
        points: (B, V, 3) or (1, V, 3) points at rest.
        offsets: (B, 3, V) to add to the points; default: none.

    Returns:
        (B, V, 3).
    """
    rest = rest.permute(2, 1, 0)
    shift = joints - (rotations * rest).sum(1)
    moves = torch.cat((rotations, shift[:, None]), 1).permute(3, 0, 1, 2)  # (B, 3, 4, 24)
    points, spread = points.mT, weights.T.contiguous()
    batch, step = len(moves), max(1, _BLOCK // len(weights))
    posed = []
    for start in range(0, batch, step):
        block = slice(start, start + step)
        mixed = moves[block] @ spread  # (b, 3, 4, V)
        here = points if len(points) == 1 else points[block]
        here = here if offsets is None else here + offsets[block]
        found = mixed[:, :, 3]
        for axis in range(3):
            found = torch.addcmul(found, mixed[:, :, axis], here[:, axis, None])
        posed.append(found.mT)
    return torch.cat(posed)
