"""Adaptation to a video: a copy of the network learns on the very frames it is then asked about, without labels.

Tung et al., NeurIPS 2017, section 3.2. The losses are the corrected ones, see docs/published/motion_capture.md, D4 to
D9. Frames that are adapted to are also evaluated: report errors of them as those of adaptation data.
"""
from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from mmskel.body.capture.camera import BodyParameters, Camera, PlacedBody, place
from mmskel.body.capture.losses import distance_to_mask, flow_loss, keypoint_loss, prior_loss, silhouette_loss
from mmskel.body.capture.network import MocapNet, heat_maps
from mmskel.body.capture.visibility import visible_vertices
from mmskel.body.errors import BodyError
from mmskel.body.smpl import SMPL
from mmskel.files.progress import progress_bar

_STALLED = 1e-3  # relative gain of a window of steps below which the adaptation ends


@dataclass(frozen=True)
class Track:
    """One person in the crops of T frames.

    Args:
        images: (T, 3, S, S) in [0, 1].
        keypoints: (T, 24, 2) pixels of the crop, in SMPL's order.
        score: (T, 24) of the detector; 0 for a missing keypoint.
        camera: Camera of the T crops.
        gender: 0 female, 1 male, 0.5 unknown.
        masks: (T, S, S) boolean; default: none, and no silhouette term.
        flow: (T - 1, S, S, 2) optical flow to the next crop, pixels; default: none, and no flow term.

    Raises:
        BodyError: If a shape is wrong.
    """
    images: Tensor
    keypoints: Tensor
    score: Tensor
    camera: Camera
    gender: float = 0.5
    masks: Tensor | None = None
    flow: Tensor | None = None

    def __post_init__(self):
        frames, size = len(self.images), self.images.shape[-1]
        wanted = dict(images=(frames, 3, size, size), keypoints=(frames, 24, 2), score=(frames, 24),
                      masks=(frames, size, size), flow=(max(0, frames - 1), size, size, 2))
        for name, shape in wanted.items():
            value = getattr(self, name)
            if value is not None and (value.shape != shape or not frames):
                raise BodyError(f'{name} of a track has shape {tuple(value.shape)}; expected {shape}, at least a frame')
        if len(self.camera.scale) != frames:
            raise BodyError(f'the camera is of {len(self.camera.scale)} crops, the track has {frames} frames')


class LossWeights(NamedTuple):
    """The weights of the terms; pixel terms are divided by the side of the crop."""
    keypoints: float = 1.
    flow: float = 1.
    silhouette: float = 0.1
    prior: float = 1e-3


@dataclass(frozen=True)
class AdaptOptions:
    """The options of an adaptation.

    Args:
        steps: Number of steps at most.
        lr: Learning rate of Adam, whose first moment has a rate of 0.5, as published (there: 1e-6).
        pairs: Number of pairs of neighbouring frames per step; published: 1.
        weights: Weights of the terms.
        window: Number of steps whose mean loss is compared with that of the window before, to stop early.
        visibility_step: Distance of the triangles whose visibility is found out, for flow.
        seed: Seed of the order of the frames.
        progress: Whether to show a progress bar.
    """
    steps: int = 200
    lr: float = 1e-4
    pairs: int = 4
    weights: LossWeights = LossWeights()
    window: int = 50
    visibility_step: int = 6
    seed: int = 0
    progress: bool = False


class Adapted(NamedTuple):
    """What an adaptation found: ``body`` and ``placed`` of all frames, the ``losses`` of its steps, the ``network``."""
    body: BodyParameters
    placed: PlacedBody
    losses: tuple[float, ...]
    network: MocapNet


def predict_track(network: MocapNet, smpl: SMPL, track: Track, skin: bool = True) -> tuple[BodyParameters, PlacedBody]:
    """The bodies of all frames of a track, without gradient; ``skin``: whether vertices are wanted, too."""
    with torch.no_grad():
        body = _bodies(network, track, torch.arange(len(track.images)))
        return body, place(smpl, body, network.rotation, skin)


def self_supervised_loss(network: MocapNet, smpl: SMPL, track: Track, first: Tensor,
                         options: AdaptOptions = AdaptOptions()) -> Tensor:
    """The loss of some pairs of neighbouring frames.

    Args:
        network, smpl: Network and body.
        track: Person.
        first: (P,) first frames of the pairs; of a track of one frame: (1,), and there is no flow term.
        options: Options, of which weights and ``visibility_step`` are read.

    Raises:
        BodyError: If a body of the network is no longer finite.
    """
    weights, size = options.weights, network.size
    paired = len(track.images) > 1
    frames = torch.cat((first, first + 1)) if paired else first
    body = _bodies(network, track, frames)
    camera = track.camera.of(frames)
    with_flow, with_mask = paired and track.flow is not None, track.masks is not None
    placed = place(smpl, body, network.rotation, skin=with_flow or with_mask)
    if not torch.isfinite(placed.joints).all():
        raise BodyError(f'the network no longer gives finite bodies; lower lr={options.lr:g}')
    loss = weights.keypoints * keypoint_loss(camera.project(placed.joints), track.keypoints[frames],
                                             track.score[frames], size)
    loss = loss + weights.prior * prior_loss(body)
    skin = camera.project(placed.vertices)
    if with_mask:
        masks = track.masks[frames]
        loss = loss + weights.silhouette * silhouette_loss(skin, masks, distance_to_mask(masks))
    if with_flow:
        for row, frame in enumerate(first.tolist()):
            seen = visible_vertices(placed.vertices[row], smpl.faces, options.visibility_step)
            term = flow_loss(skin[row], skin[row + len(first)], track.flow[frame], seen, size)
            loss = loss + weights.flow * term / len(first)
    return loss


def adapt(network: MocapNet, smpl: SMPL, track: Track, options: AdaptOptions = AdaptOptions()) -> Adapted:
    """Adapts a copy of a network to one person of one video and predicts that person; the network stays as it is.

    Args:
        network: Network to start from.
        smpl: Body.
        track: Person; several persons are adapted to one by one, each from the same start.
        options: Options.

    Raises:
        BodyError: No keypoint in the whole track, or bodies that are no longer finite.

    Example:
        >>> found = adapt(network, smpl, track, AdaptOptions(steps=200))  # doctest: +SKIP
        >>> found.placed.joints.shape  # doctest: +SKIP
        torch.Size([120, 24, 3])
    """
    if not (track.score > 0).any():
        raise BodyError('not a single keypoint of this track is seen; there is nothing to adapt to')
    twin = copy.deepcopy(network).eval()
    optimiser = torch.optim.Adam(twin.parameters(), options.lr, betas=(0.5, 0.999))
    generator, losses = torch.Generator().manual_seed(options.seed), []
    pairs = max(1, len(track.images) - 1)
    with torch.enable_grad():
        for _ in progress_bar(range(options.steps), 'adapt', unit='step', wanted=options.progress):
            first = torch.randperm(pairs, generator=generator)[:options.pairs]
            loss = self_supervised_loss(twin, smpl, track, first, options)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(float(loss.detach()))
            if _stalled(losses, options.window):
                break
    return Adapted(*predict_track(twin, smpl, track), tuple(losses), twin)


def _bodies(network: MocapNet, track: Track, frames: Tensor) -> BodyParameters:
    # a missing keypoint may be anything, NaN, too
    seen = track.score[frames] > 0
    maps = heat_maps(torch.where(seen[..., None], track.keypoints[frames], 0.), network.size, seen)
    gender = track.images.new_full((len(frames), ), track.gender)
    return network(track.images[frames], maps, gender, track.camera.of(frames))


def _stalled(losses: list[float], window: int) -> bool:
    if len(losses) < 2 * window or len(losses) % window:
        return False
    before, now = sum(losses[-2 * window:-window]), sum(losses[-window:])
    return now > before * (1 - _STALLED)
