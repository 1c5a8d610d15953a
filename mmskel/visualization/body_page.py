"""A fitted body as a page: skin and bones over the skeleton, to be turned and played."""
from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mmskel.files.errors import UserError
from mmskel.skeleton import Clip
from mmskel.visualization.animation import Caption
from mmskel.visualization.clip_player import MISSING, Shown, clips_json, stride_of
from mmskel.visualization.page import write_page

_LOOKS = {'skin': ((196, 176, 160), .45), 'bones': ((222, 214, 196), 1.)}
_OTHER = (150, 170, 190), .5


def write_body_page(path: str | Path, clip: Clip, meshes: Mapping[str, tuple[np.ndarray, np.ndarray]],
                    facts: Mapping[str, str]) -> Path:
    """Writes a page with a player that draws surfaces: triangles, without a renderer.

    Args:
        path: Page to write, ``.html``.
        clip: (1, T, V, 3) skeleton of one person.
        meshes: Name (``'skin'``, ``'bones'``) -> (T, P, 3) points, NaN in frames without it, and (F, 3) triangles.
        facts: Facts about the clip for the page, by name.

    Returns:
        The path.

    Raises:
        UserError: A clip in 2-D, surfaces of another number of frames, or more points than a page holds.
    """
    if clip.keypoint.shape[-1] != 3 or len(clip.keypoint) != 1:
        raise UserError(f"clip '{clip.id}': a body is drawn for one person in 3-D, found {clip.keypoint.shape}")
    stride, drawn = stride_of(clip), []
    for name, (points, faces) in meshes.items():
        if len(points) != clip.num_frames or points.shape[1] >= 2**15:
            raise UserError(f"clip '{clip.id}': the {name} has {points.shape[1]} points in {len(points)} frames; "
                            f'expected {clip.num_frames} frames and fewer than {2**15} points')
        drawn.append(_mesh(name, points[::stride], faces))
    data = clips_json([Shown(clip, Caption('', ''), None)])
    heights = np.concatenate([points[..., 1].ravel() for points, _ in meshes.values()])
    drawn_clip, low, high = data['clips'][0], float(np.nanmin(heights)), float(np.nanmax(heights))
    drawn_clip['extent'][1] = max(drawn_clip['extent'][1], 1.12 * (high - low))  # a head is above its joint
    drawn_clip['centre'][1] = (low + high) / 2
    drawn_clip['meshes'] = sorted(drawn, key=lambda mesh: -mesh['opacity'])
    return write_page(path, 'body.html', title=clip.id, headline='Drag to turn, double-click to turn back.',
                      clips=data, frames=-(-clip.num_frames // stride), facts=dict(facts))


def _mesh(name: str, points: np.ndarray, faces: np.ndarray) -> dict[str, Any]:
    """Points as base64 of little-endian 16-bit integers (T, P, 3), those of missing frames -32768, and their scale."""
    known = np.isfinite(points).all((1, 2))
    if not known.any():
        raise UserError(f'the {name} is missing in all frames')
    origin = (np.nanmin(points, (0, 1)) + np.nanmax(points, (0, 1))) / 2
    step = max(float(np.nanmax(np.abs(points - origin))), 1e-9) / 32000
    whole = np.where(known[:, None, None], np.round((np.nan_to_num(points) - origin) / step), MISSING).astype('<i2')
    colour, opacity = _LOOKS.get(name, _OTHER)
    return dict(points=base64.b64encode(whole.tobytes()).decode(), step=step, origin=origin.tolist(), colour=colour,
                opacity=opacity, faces=base64.b64encode(faces.astype('<i2').tobytes()).decode())
