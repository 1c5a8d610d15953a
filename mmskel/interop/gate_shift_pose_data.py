"""The published data pipeline of Gate-Shift-Pose, step by step, as functions of published arrays.

See docs/published/gate_shift_pose.md, D1, D2 and D6.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mmskel.interop.system import ConversionError
from mmskel.models.encoders.frame_stack import joint_heatmap, normalize_cyclically
from mmskel.skeleton.segments import segment_centres, segments_of_views


def data_part(arguments: Mapping[str, Any]) -> nn.Module:
    """The step that the argument ``kind`` names: ``'heatmap'``, ``'preprocess'`` or ``'segments'``."""
    known = dict(heatmap=({'sigma'}, Heatmap), segments=({'cases'}, Segments),
                 preprocess=({'crop', 'mean', 'segments', 'short_edge', 'sigma', 'std'}, Preprocessing))
    names, part = known[arguments['kind']]
    if unknown := set(arguments) - names - {'kind'}:
        raise ConversionError(f'gate_shift_pose: unknown arguments of the {arguments["kind"]} '
                              f'{", ".join(sorted(unknown))}; known: {", ".join(sorted(names))}')
    return part(arguments)


class Heatmap(nn.Module):
    """The heatmap of all joints of one person.

    Args:
        arguments: ``sigma``, in pixels.
    """

    def __init__(self, arguments: Mapping[str, Any]):
        super().__init__()
        self.sigma = float(arguments.get('sigma', 10))

    def forward(self, keypoint: Tensor, size: Tensor) -> dict[str, Tensor]:
        """(T, V, 2) joints and (2,) H and W -> ``out_heatmap`` (T, H, W)."""
        return dict(out_heatmap=joint_heatmap(keypoint, size.tolist(), self.sigma))


class Segments(nn.Module):
    """The numbers of frames that are drawn for validation and tests.

    Args:
        arguments: ``cases``: name -> ``num_frames``, ``num_segments`` and ``num_clips``.
    """

    def __init__(self, arguments: Mapping[str, Any]):
        super().__init__()
        self.cases = dict(arguments['cases'])

    def forward(self) -> dict[str, Tensor]:
        """``out_val_NAME`` (S,) and ``out_test_NAME`` (clips, S), or (S,) for one clip."""
        found, rng = {}, np.random.default_rng(0)
        for name, case in self.cases.items():
            frames, segments, clips = (case[key] for key in ('num_frames', 'num_segments', 'num_clips'))
            views = segments_of_views(frames, segments, clips, rng)
            found[f'out_val_{name}'] = torch.from_numpy(segment_centres(frames, segments))
            found[f'out_test_{name}'] = torch.from_numpy(views[0] if clips == 1 else views)
        return found


class Preprocessing(nn.Module):
    """The released loader: RGBA, bilinear resize in Pillow, centre crop, cyclic normalisation.

    Args:
        arguments: ``sigma``, ``short_edge``, ``crop``, ``mean``, ``std``; ``segments`` is read off the images.
    """

    def __init__(self, arguments: Mapping[str, Any]):
        super().__init__()
        self.arguments = dict(arguments)

    def forward(self, images: Tensor, keypoint: Tensor) -> dict[str, Tensor]:
        """Images (S, H, W, 3) uint8 and joints (S, V, 2) as the network gets them.

        Returns:
            ``out_uint8`` and ``out_tensor`` (S * 4, crop, crop), and ``out_intended_rgb`` (S, crop, crop, 3), what the
            images are without an alpha channel.
        """
        heatmap = joint_heatmap(keypoint, images.shape[1:3], float(self.arguments['sigma']))
        stacked = torch.cat([images, (heatmap * 255).floor().to(torch.uint8)[..., None]], -1)
        found, intended = (np.stack([self._resized(image) for image in group.numpy()]) for group in (stacked, images))
        channels = torch.from_numpy(found).permute(0, 3, 1, 2).flatten(0, 1).contiguous()
        tensor = normalize_cyclically(channels.float() / 255, self.arguments['mean'], self.arguments['std'])
        return dict(out_uint8=channels, out_tensor=tensor, out_intended_rgb=torch.from_numpy(intended))

    def _resized(self, image: np.ndarray) -> np.ndarray:
        """(H, W, 3 or 4) -> (crop, crop, 3 or 4)."""
        from PIL import Image
        short, crop = self.arguments['short_edge'], self.arguments['crop']
        height, width = image.shape[:2]
        if width <= height:
            size = short, int(short * height / width)
        else:
            size = int(short * width / height), short
        picture = Image.fromarray(image)
        picture = picture if (width, height) == size else picture.resize(size, Image.Resampling.BILINEAR)
        left, top = (round((edge - crop) / 2) for edge in size)
        return np.asarray(picture)[top:top + crop, left:left + crop]
