"""Angles between the bones of any skeleton: readable features without a body model."""
from __future__ import annotations

import numpy as np

from mmskel.skeleton.layout import Layout, LayoutError
from mmskel.skeleton.tables import get_layout


def bone_angles(keypoint: np.ndarray, layout: str | Layout) -> tuple[np.ndarray, tuple[str, ...]]:
    """How far every joint is bent: 0 where its two bones lie in line, pi where they fold.

    The angles are those of the body, whatever the point of view: turning, moving, mirroring or scaling the skeleton
    changes none of them.

    Args:
        keypoint: (..., V, 3) joints; 0 where missing.
        layout: Joint order.

    Returns:
        (..., A) float32 in radians, and names: ``'left_knee'``, or ``'spine_shoulder/neck'`` where a joint has several
        bones towards the ends. An angle is 0 where one of its three joints is missing, or two coincide.

    Raises:
        LayoutError: If the joints are not three-dimensional or not those of the layout.

    Example:
        >>> angles, names = bone_angles(np.random.default_rng(0).normal(size=(30, 20, 3)), 'kinect20')
        >>> angles.shape, names[:3]
        ((30, 15), ('pelvis/left_hip', 'pelvis/right_hip', 'spine'))
    """
    layout, keypoint = get_layout(layout), np.asarray(keypoint)
    if keypoint.shape[-2:] != (layout.num_joints, 3):
        raise LayoutError(f"keypoint has shape {keypoint.shape}; expected (..., {layout.num_joints}, 3), the joints of "
                          f"'{layout.name}' in 3-D")
    parents = layout.parents
    children = [[c for c in range(layout.num_joints) if parents[c] == j and c != j] for j in range(layout.num_joints)]
    triples = [(parents[j], j, c) for j in range(layout.num_joints) if j != layout.centre for c in children[j]]
    names = tuple(layout.joints[j] if len(children[j]) == 1 else f'{layout.joints[j]}/{layout.joints[c]}'
                  for _, j, c in triples)
    before, at, after = np.array(triples, int).reshape(-1, 3).T
    first, second = keypoint[..., at, :] - keypoint[..., before, :], keypoint[..., after, :] - keypoint[..., at, :]
    lengths = np.linalg.norm(first, axis=-1) * np.linalg.norm(second, axis=-1)
    seen = (keypoint != 0).any(-1)
    valid = seen[..., before] & seen[..., at] & seen[..., after] & (lengths > 0)
    cosine = np.einsum('...c,...c->...', first, second) / np.where(lengths > 0, lengths, 1)
    return np.where(valid, np.arccos(np.clip(cosine, -1, 1)), 0).astype(np.float32), names
