"""The published preprocessing of MANs and of the ensemble of 1-D networks, which read the same raw files."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mmskel.skeleton.trunk import TrunkAxes

_SLOTS = 2  # bodies of a frame that are kept, in file order; frames with more are left out
_NAMES = ('one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight')


def preprocessing(arguments: Mapping[str, Any], state: Mapping[str, Any]) -> nn.Module | None:
    """The part of both systems that has neither arguments nor weights; None where there are any."""
    return None if arguments or state else Preprocessing()


class Preprocessing(nn.Module):
    """Joints of raw NTU files to the inputs of MANs, of the frame-difference and of the body-part network."""

    def forward(self, *clips: Tensor) -> dict[str, Tensor]:
        """Joints and numbers of bodies, clip after clip.

        Args:
            clips: Per clip joints (T, slots, 25, 3) in metres, NaN where a body is absent, and (T,) bodies in a frame.

        Returns:
            Per clip, which are called one, two, ...: ``out_mans_*`` (50, 50, 3), ``out_difference_*`` (T + 2, 150),
            ``out_parts_*`` (5, T, 36); of the last clip ``out_mans_224_center``, rows 75 to 84 and columns 80 to 139
            of the image (224, 224, 3).
        """
        from mmskel.models.backbones.ensemble_1dcnn import Ensemble1DCNN
        trunk, found = TrunkAxes('ntu25'), {}
        for name, joints, count in zip(_NAMES, clips[::2], clips[1::2]):
            keypoint = np.nan_to_num(joints[:, :_SLOTS].double().numpy()).swapaxes(0, 1)
            keypoint[:, count.numpy() > _SLOTS] = 0
            frames = keypoint.shape[1]
            aligned = trunk.place(keypoint, trunk.find(keypoint))
            found[f'out_mans_{name}'] = _image(aligned, 50)
            found['out_mans_224_center'] = _image(aligned, 224)[75:85, 80:140]
            raw = torch.from_numpy(keypoint).float()
            series = nn.functional.pad(raw.transpose(0, 1).flatten(1).t()[None], (0, max(300 - frames, 0)))
            network = Ensemble1DCNN('ntu25', network='frame_difference', base_channels=1)
            found[f'out_difference_{name}'] = network.difference(series)[0].t()[:frames + 2]
            network = Ensemble1DCNN('ntu25', network='body_part', base_channels=1)
            found[f'out_parts_{name}'] = network.part_series(raw[None])[0]
        return found


def _image(keypoint: np.ndarray, size: int) -> Tensor:
    """(M, T, V, 3) -> (size, size, 3)."""
    from mmskel.models.backbones.mans import MANs
    network = MANs('ntu25', num_frames=size, columns=size, hidden=1, base_channels=1)
    return network.image(torch.from_numpy(keypoint)[None])[0].permute(1, 2, 0)
