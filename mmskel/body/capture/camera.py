"""The camera of motion capture: where a body stands, where it projects to, and the crop around a person.

One place for focal length f, centre c and scale s of a crop: ``u = s f X_xy / X_z + c``, in pixels of the crop.
"""
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from mmskel.body.errors import BodyError
from mmskel.body.smpl import SMPL

ROOT = (math.pi, 0., 0.)
"""Rotation of SMPL's root: upside down, since y of an image points down."""
MIN_DEPTH = 0.1
"""Least depth in metres that is projected: a network's depth may be 0."""
_ROOM = 1.2  # half side of a crop over the largest distance of a keypoint from its centre


class Camera(NamedTuple):
    """The camera of N crops.

    Args:
        focal: (N, 2) focal lengths in pixels of the image.
        centre: (N, 2) principal point in pixels of the crop.
        scale: (N,) pixels of the crop per pixel of the image.
    """
    focal: Tensor
    centre: Tensor
    scale: Tensor

    def project(self, points: Tensor) -> Tensor:
        """(N, P, 3) points in camera coordinates, metres -> (N, P, 2) pixels of the crop."""
        depth = points[..., 2:].clamp_min(MIN_DEPTH)
        return points[..., :2] / depth * (self.scale[:, None] * self.focal)[:, None] + self.centre[:, None]

    def of(self, rows: Tensor | slice) -> Camera:
        """The cameras of some of the crops."""
        return Camera(self.focal[rows], self.centre[rows], self.scale[rows])


class BodyParameters(NamedTuple):
    """The bodies of N frames.

    Args:
        betas: (N, 10) shape.
        pose: (N, 24, 3) axis-angle, radians; the root's is :data:`ROOT`.
        rotation: (N, 6) global rotation: sines, then cosines of the angles about x, y, z (``euler``), or its first two
            columns (``6d``).
        trans: (N, 3) translation, metres, in camera coordinates.
    """
    betas: Tensor
    pose: Tensor
    rotation: Tensor
    trans: Tensor


class PlacedBody(NamedTuple):
    """Bodies in camera coordinates: ``vertices`` (N, V, 3) and ``joints`` (N, 24, 3), metres."""
    vertices: Tensor
    joints: Tensor


def euler_matrices(rotation: Tensor) -> Tensor:
    """(N, 6) sines and cosines of the angles about x, y, z -> (N, 3, 3), ``Rz Ry Rx``."""
    (sx, sy, sz), (cx, cy, cz) = rotation[:, :3].unbind(1), rotation[:, 3:].unbind(1)
    rows = (cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx,
            sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx,
            -sy, cy * sx, cy * cx)
    return torch.stack(rows, 1).unflatten(1, (3, 3))


def six_d_matrices(rotation: Tensor) -> Tensor:
    """(N, 6) two columns -> (N, 3, 3) by Gram-Schmidt (Zhou et al., "On the Continuity of Rotation Representations in
    Neural Networks", CVPR 2019)."""
    normal = torch.nn.functional.normalize
    first = normal(rotation[:, :3], dim=1)
    second = normal(rotation[:, 3:] - (first * rotation[:, 3:]).sum(1, keepdim=True) * first, dim=1)
    return torch.stack((first, second, torch.linalg.cross(first, second)), 2)


ROTATIONS = dict(euler=euler_matrices, **{'6d': six_d_matrices})
"""Forms of the global rotation."""


def place(smpl: SMPL, body: BodyParameters, form: str = 'euler', skin: bool = True) -> PlacedBody:
    """The bodies before the camera: ``X = R x + T``.

    Args:
        smpl: Body model.
        body: Parameters.
        form: Form of the rotation, see :data:`ROTATIONS`.
        skin: Whether vertices are wanted; otherwise (N, 0, 3).
    """
    poses, turn = body.pose.flatten(1), ROTATIONS[form](body.rotation)
    if skin:
        found = smpl(poses, body.betas)
        vertices, joints = found.vertices, found.joints
    else:
        joints = smpl.joints(poses, body.betas)
        vertices = joints[:, :0]
    return PlacedBody(*(points @ turn.mT + body.trans[:, None] for points in (vertices, joints)))


def recentre(camera: Camera, keypoints: Tensor, joints: Tensor, depth: Tensor) -> Tensor:
    """The translation that keeps a projection when the centre of a crop is moved to its middle.

    Args:
        camera: Camera with the new centre.
        keypoints: (N, J, 2) projected joints, pixels of the crop.
        joints: (N, J, 3) rotated joints without translation.
        depth: (N,) depth, which is kept.

    Returns:
        (N, 3).
    """
    at = joints[..., 2] + depth[:, None]
    wanted = (keypoints - camera.centre[:, None]) / (camera.scale[:, None] * camera.focal)[:, None] * at[..., None]
    return torch.cat(((wanted - joints[..., :2]).mean(1), depth[:, None]), 1)


@dataclass(frozen=True)
class CropBox:
    """A square around a person.

    Args:
        left, top: Corner in pixels of the image.
        side: Side in pixels of the image.
        size: Side in pixels of the crop.
    """
    left: int
    top: int
    side: int
    size: int

    @classmethod
    def around(cls, keypoints: Tensor, size: int, centre: Tensor | None = None, shift: Tensor | None = None) -> CropBox:
        """The box of a person's keypoints.

        Args:
            keypoints: (J, 2) keypoints that are seen, pixels of the image.
            size: Side of the crop.
            centre: (2,) pelvis; default: middle of the keypoints' box.
            shift: (2,) shift of the centre for training, pixels.

        Raises:
            BodyError: No keypoint, or all at one place: the person is too small.
        """
        if not len(keypoints):
            raise BodyError('a crop needs at least one keypoint; none is seen')
        middle = (keypoints.amin(0) + keypoints.amax(0)) / 2 if centre is None else centre
        middle = (middle if shift is None else middle + shift).round() + 0.5
        half = round(_ROOM * float((keypoints - middle).abs().max()))
        if half < 1 or float((keypoints.amax(0) - keypoints.amin(0)).max()) < 1:
            raise BodyError('a person of less than a pixel cannot be cropped')
        corner = (middle - half).floor().long().tolist()
        return cls(corner[0], corner[1], 2 * half, size)

    @property
    def scale(self) -> float:
        """Pixels of the crop per pixel of the image."""
        return self.size / self.side

    def points(self, points: Tensor) -> Tensor:
        """(..., 2) pixels of the image -> pixels of the crop; pixel centres are whole numbers in both."""
        corner = points.new_tensor((self.left, self.top))
        return (points - corner + 0.5) * self.scale - 0.5

    def back(self, points: Tensor) -> Tensor:
        """(..., 2) pixels of the crop -> pixels of the image."""
        return (points + 0.5) / self.scale - 0.5 + points.new_tensor((self.left, self.top))

    def image(self, image: Tensor) -> Tensor:
        """(C, H, W) image -> (C, size, size), zeros outside the image."""
        _, height, width = image.shape
        left, top = max(0, -self.left), max(0, -self.top)
        right, bottom = max(0, self.left + self.side - width), max(0, self.top + self.side - height)
        rows, columns = (slice(max(0, one), max(0, one + self.side)) for one in (self.top, self.left))
        inside = image[:, rows, columns]
        if not inside.numel():
            return image.new_zeros((len(image), self.size, self.size))
        whole = torch.nn.functional.pad(inside, (left, right, top, bottom))[None]
        return torch.nn.functional.interpolate(whole, (self.size, self.size), mode='bilinear', align_corners=False,
                                               antialias=self.side > self.size)[0]

    def camera(self, focal: Tensor) -> Camera:
        """The camera of the crop, whose centre is defined as the crop's; (2,) focal lengths in pixels."""
        middle = (self.size - 1) / 2
        return Camera(focal[None], focal.new_full((1, 2), middle), focal.new_full((1,), self.scale))
