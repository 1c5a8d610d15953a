"""The encoder of MP-GCN: several persons and objects to joint, motion, bone and bone motion, fused early as channels.

As in MP-GCN, ``docs/published/mp_gcn.md``, D5 to D9. Symbols: ``...`` any leading axes, M persons, T
frames, V joints, O objects, v = V + O nodes of a person, C coordinates (a confidence may be the last), S streams.
"""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmaction.registry import MODELS
from torch import Tensor

from mmskel.files.errors import UserError
from mmskel.models.encoders.base import SkeletonEncoder
from mmskel.skeleton import get_layout, panoramic_graph

# the published order, whatever the requested order
PANORAMA_STREAMS = ('joint', 'joint_motion', 'bone', 'bone_motion')
_BONE_FLOOR = 1e-4  # pixels; keeps the angle of a zero bone at pi / 2


def append_objects(keypoint: Tensor, objects: Tensor) -> Tensor:
    """Gives every person a copy of every object as additional nodes.

    Args:
        keypoint: (..., M, T, V, C).
        objects: (..., T, O, C); zeros where an object is not seen.

    Returns:
        (..., M, T, V + O, C).
    """
    copies = objects.unsqueeze(-4).expand(*keypoint.shape[:-2], *objects.shape[-2:])
    return torch.cat([keypoint, copies], -2)


def fill_slots(keypoint: Tensor, score: Tensor | None, num_person: int) -> tuple[Tensor, Tensor | None]:
    """Keeps or fills exactly ``num_person`` persons.

    Of too many, those with the largest sum of scores over the clip stay (without scores: with the most nodes that are
    not zero; on a tie the earlier one), in their original order, since links between persons go by it. If too few, the
    last slots are zeros.

    Args:
        keypoint: (..., M, T, v, C).
        score: (..., M, T, v) or None.
    """
    persons = keypoint.shape[-4]
    if persons > num_person:
        rank = (keypoint != 0).any(-1).to(keypoint.dtype) if score is None else score
        order = torch.sort(rank.sum((-1, -2)), stable=True, dim=-1, descending=True).indices
        kept = order[..., :num_person].sort(-1).values
        keypoint = keypoint.take_along_dim(kept[..., None, None, None], -4)
        score = None if score is None else score.take_along_dim(kept[..., None, None], -3)
    elif persons < num_person:
        lack = num_person - persons
        keypoint = torch.cat([keypoint, keypoint.new_zeros(*keypoint.shape[:-4], lack, *keypoint.shape[-3:])], -4)
        if score is not None:
            score = torch.cat([score, score.new_zeros(*score.shape[:-3], lack, *score.shape[-2:])], -3)
    return keypoint, score


def steps(x: Tensor, seen: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Motion over one and over two frames, ``x[t + 1] - x[t]`` and ``x[t + 2] - x[t]``; (..., T, v, C) each.

    Args:
        x: (..., T, v, C).
        seen: (..., T, v, 1): whether a node is present. None, as published: the last two frames of both are zero, and
            somebody who appears moves from the origin. Otherwise a motion is zero where either end is missing or there
            is no such frame.
    """
    found = []
    for step in (1, 2):
        moved = torch.zeros_like(x)
        last = x.shape[-3] - (2 if seen is None else step)
        if last > 0:
            moved[..., :last, :, :] = x[..., step:step + last, :, :] - x[..., :last, :, :]
            if seen is not None:
                moved[..., :last, :, :] *= seen[..., step:step + last, :, :] * seen[..., :last, :, :]
        found.append(moved)
    return found[0], found[1]


def bone_angles(bone: Tensor) -> Tensor:
    """``arccos(b / (|b| + 1e-4))`` of every coordinate; pi / 2 where the bone is zero. (..., C) -> (..., C).

    Computed as an arc tangent, since the arc cosine loses half of the digits if a bone lies along an axis; of one
    argument, since ONNX has none of two, and its substitute fails at -0.
    """
    squared = bone.square()
    total = squared.sum(-1, keepdim=True)
    rest = (total - squared).clamp_min(0) if bone.shape[-1] > 3 else _sum_of_others(squared)
    return math.pi / 2 - torch.atan(bone / (rest + 2 * _BONE_FLOOR * total.sqrt() + _BONE_FLOOR**2).sqrt())


def _sum_of_others(squared: Tensor) -> Tensor:
    """Without the cancellation of ``total - own``; C up to 3."""
    rolled = [squared.roll(shift, -1) for shift in range(1, squared.shape[-1])]
    return sum(rolled, torch.zeros_like(squared))


def spread_of(keypoint: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and spread (root mean square distance from it, per axis) of all seen nodes of a clip.

    Args:
        keypoint: (..., M, T, v, C).
        seen: (..., M, T, v, 1) of 0 and 1.

    Returns:
        (..., 1, 1, 1, C) and (..., 1, 1, 1, 1); the spread is 1 if nothing is seen or everything is in one place.
    """
    axes = (-4, -3, -2)
    count = seen.sum(axes, keepdim=True).clamp_min(1)
    mean = (keypoint * seen).sum(axes, keepdim=True) / count
    spread = (((keypoint - mean) * seen).square().sum(axes, keepdim=True) / count).mean(-1, keepdim=True).sqrt()
    return mean, torch.where(spread > 0, spread, 1)


@MODELS.register_module()
class PanoramaEncoder(SkeletonEncoder):
    """Joints and objects to the (N, clips, M, T, v, S * 2C) input of :class:`~mmskel.models.MPGCN`.

    Streams, two halves of C channels each (``extended``; otherwise the first half only):

    ============ ==================== =========================================
    joint        x                    x - x of its person's centre
    joint_motion over one frame       over two frames, see :func:`steps`
    bone         b = x - x of origin  :func:`bone_angles`
    bone_motion  of b, over one frame over two frames
    ============ ==================== =========================================

    Args:
        layout: Joint order.
        objects: Objects as in :func:`~mmskel.skeleton.person_graph`; nodes after the joints (the transform
            ``AddObjects``).
        streams: Streams to make, some of ``PANORAMA_STREAMS``; always stacked in that order.
        extended: Whether both halves are made.
        with_score: Whether to append the confidence as a coordinate. Where a clip has none, 1 for nodes that are not
            zero.
        centre: Joint, index or name; default, as published: the first one. (Where every person is a graph of its own,
            the published centre is the layout's: the neck of OpenPose.)
        num_person: Person slots, see :func:`fill_slots`; None: the persons in the clip.
        normalized: Whether coordinates are normalised. False, as published: raw coordinates; missing nodes count as
            points at the origin; no motion in the last two frames. True: coordinates are shifted and scaled by the
            clip's own mean and spread, whatever needs a missing node is zero, and motion reaches up to the last frame.
    """

    def __init__(self, layout: str, objects: Sequence[str | Mapping] = (),
                 streams: Sequence[str] = PANORAMA_STREAMS, extended: bool = True, with_score: bool = False,
                 centre: int | str | None = None, num_person: int | None = None, normalized: bool = False):
        super().__init__()
        unknown = [name for name in streams if name not in PANORAMA_STREAMS]
        if unknown or not streams:
            raise UserError(f"unknown streams {unknown}; expected some of {', '.join(PANORAMA_STREAMS)}")
        self.layout, self.stacked = get_layout(layout).name, tuple(s for s in PANORAMA_STREAMS if s in streams)
        self.extended, self.with_score, self.num_person = extended, with_score, num_person
        self.normalized = normalized
        graph = panoramic_graph(layout, 2, objects, centre=centre)
        self.objects, self.centre = graph.person.objects, graph.centre
        self.register_buffer('origins', torch.tensor(graph.person.bone_origins), persistent=False)

    def channels(self, coords: int = 3) -> int:
        """S * 2C, or S * C without ``extended``; the confidence counts as a coordinate."""
        return len(self.stacked) * (1 + self.extended) * (coords + self.with_score)

    def backbone_arguments(self, coords: int = 3) -> dict[str, Any]:
        """:class:`~mmskel.models.MPGCN` counts coordinates, and gets streams and halves as arguments."""
        return dict(in_channels=coords + self.with_score, streams=len(self.stacked), extended=self.extended)

    def encode(self, batch: Mapping[str, Tensor], samples: Sequence = ()) -> Tensor:
        """Computes the network's input; a pure function of any leading axes.

        Args:
            batch: ``keypoint`` (..., M, T, v, C) and, optional, ``keypoint_score`` (..., M, T, v). With ``objects``
                (..., T, O, 3), which are x, y and score in the order of the encoder's objects (3-D: four numbers),
                the two have V joints.
            samples: Data samples; ignored.

        Returns:
            (..., M, T, v, S * 2C), streams first, then halves, then coordinates.

        Raises:
            UserError: If the nodes are not those of layout and objects.
        """
        keypoint, score, objects = batch['keypoint'], batch.get('keypoint_score'), batch.get('objects')
        if objects is not None:
            if score is not None:
                score = append_objects(score[..., None], objects[..., -1:])[..., 0]
            keypoint = append_objects(keypoint, objects[..., :-1])
        if keypoint.shape[-2] != len(self.origins):
            raise UserError(f"the clips have {keypoint.shape[-2]} nodes per person, but the encoder's layout "
                            f"'{self.layout}' with the objects {list(self.objects)} has {len(self.origins)}; give the "
                            f'data set layout={self.layout!r} and the pipeline AddObjects({list(self.objects)})')
        if self.num_person is not None:
            keypoint, score = fill_slots(keypoint, score, self.num_person)
        seen = (keypoint != 0).any(-1, keepdim=True).to(keypoint.dtype) if self.normalized else None
        if self.normalized:
            mean, spread = spread_of(keypoint, seen)
            keypoint = (keypoint - mean) / spread * seen
        if self.with_score:
            if score is None:
                score = seen[..., 0] if self.normalized else (keypoint != 0).any(-1).to(keypoint.dtype)
            keypoint = torch.cat([keypoint, score[..., None]], -1)
        return torch.cat([half for name in self.stacked for half in self._halves(name, keypoint, seen)], -1)

    def _halves(self, name: str, x: Tensor, seen: Tensor | None) -> tuple[Tensor, ...]:
        if name.startswith('bone'):
            x = x - x.index_select(-2, self.origins)
            if seen is not None:
                seen = seen * seen.index_select(-2, self.origins)
                x = x * seen
        if name.endswith('motion'):
            halves = steps(x, seen)
        elif name == 'bone':
            angles = bone_angles(x) if self.extended else x
            halves = x, angles if seen is None else angles * seen * (x != 0).any(-1, keepdim=True)
        else:
            middle = slice(self.centre, self.centre + 1)
            relative = x - x[..., middle, :]
            halves = x, relative if seen is None else relative * seen * seen[..., middle, :]
        return halves if self.extended else halves[:1]
