"""The network of "Self-supervised Learning of Motion Capture": an image and heat maps of a person to a body.

H.-Y. F. Tung, H.-W. Tung, E. Yumer, K. Fragkiadaki, "Self-supervised Learning of Motion Capture", NeurIPS 2017,
https://github.com/htung0101/3d_smpl (no licence file; written from the description, no code was copied). Ours adds
running statistics and a rotation in six dimensions as options; see docs/published/motion_capture.md.
"""
from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from mmskel.body.capture.camera import ROOT, ROTATIONS, BodyParameters, Camera
from mmskel.body.errors import BodyError

NUM_KEYPOINTS, _BLOCKS, _BETAS = 24, 5, 10
_SPREAD = 0.25 * 7  # standard deviation of a heat map, pixels of the crop
_MAX_DEPTH = 6.  # metres per unit of the network's depth


def heat_maps(keypoints: Tensor, size: int, present: Tensor | None = None) -> Tensor:
    """Normal densities around keypoints, each map of sum 1.

    Args:
        keypoints: (N, J, 2) pixels of the crop; may lie outside.
        size: Side of the maps.
        present: (N, J) whether a keypoint is known; the map of a missing one is zero.

    Returns:
        (N, J, size, size).
    """
    grid = torch.arange(size, dtype=keypoints.dtype, device=keypoints.device)
    across, down = (torch.exp(-(grid - keypoints[..., axis, None]).square() / (2 * _SPREAD**2)) for axis in (0, 1))
    # the sum of a product of two profiles is the product of their sums
    total = (across.sum(-1) * down.sum(-1)).clamp_min(1e-9)[..., None]
    across = across if present is None else torch.where(present[..., None], across, 0)
    return (down / total)[..., :, None] * across[..., None, :]


class BatchNorm(nn.BatchNorm2d):
    """Batch normalisation that may use the statistics of the batch in evaluation, too, as published."""

    def __init__(self, channels: int, batch_statistics: bool):
        super().__init__(channels, eps=1e-5, momentum=0.1)
        self.batch_statistics = batch_statistics

    def forward(self, x: Tensor) -> Tensor:
        if self.training or not self.batch_statistics:
            return super().forward(x)
        return functional.batch_norm(x, None, None, self.weight, self.bias, True, 0., self.eps)


class MocapNet(nn.Module):
    """One crop and its keypoints to the parameters of SMPL.

    Args:
        size: Side of the crop in pixels, a multiple of 32.
        width: Channels of the first block; each of the five has twice as many as the one before.
        batch_statistics: Whether evaluation, too, normalises by the statistics of the batch, as published.
        rotation: Form of the global rotation: ``'euler'``, as published, or ``'6d'``, which is continuous.

    Raises:
        BodyError: If a size or a form is impossible.
    """

    def __init__(self, size: int = 128, width: int = 32, batch_statistics: bool = True, rotation: str = 'euler'):
        super().__init__()
        if size < 32 or size % 32 or width < 1:
            raise BodyError(f'size={size}, width={width}: expected a multiple of 32 and a positive number of channels')
        if rotation not in ROTATIONS:
            raise BodyError(f"rotation='{rotation}'; known: {', '.join(ROTATIONS)}")
        self.size, self.rotation = size, rotation
        self.arguments = dict(size=size, width=width, batch_statistics=batch_statistics, rotation=rotation)
        convs, norms, before = [], [], NUM_KEYPOINTS + 3
        for block in range(_BLOCKS):
            wide = width * 2**block
            convs += [nn.Conv2d(before, wide, 5, 2), nn.Conv2d(wide, wide, 3, padding=1)]
            norms += [BatchNorm(wide, batch_statistics), BatchNorm(wide, batch_statistics)]
            before = wide
        self.convs, self.norms = nn.ModuleList(convs), nn.ModuleList(norms[:-1])
        self.fc = nn.Linear(before * (size // 32)**2 + 1, 1024)
        self.fc_body = nn.Linear(512, 512)
        self.fc_shape, self.betas = nn.Linear(256, 128), nn.Linear(128, _BETAS)
        self.pose = nn.Linear(256, (NUM_KEYPOINTS - 1) * 4)
        self.fc_place = nn.Linear(516, 512)
        self.turn = nn.Linear(256, 6)
        self.fc_depth, self.depth = nn.Linear(128, 128), nn.Linear(128, 1)
        self.shift = nn.Linear(128, 2)
        self.init_weights()

    def init_weights(self) -> None:
        """Published initial weights; biases of rotation and depth start at a person upright, 3 m away (published: 0).
        """
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.trunc_normal_(module.weight, std=0.02, a=-0.04, b=0.04)
                nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)
        with torch.no_grad():
            upright = (0., 1.) * 3 if self.rotation == 'euler' else (1., 0., 0., 0., 1., 0.)
            self.turn.bias.copy_(torch.tensor(upright))
            self.depth.bias.fill_(3 / _MAX_DEPTH)

    def trunk(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The first and the last activation of the convolutions.

        Args:
            x: (N, 27, size, size).

        Returns:
            (N, width, size / 2, size / 2) and (N, 16 width, size / 32, size / 32).
        """
        first = None
        for place, conv in enumerate(self.convs):
            if conv.stride[0] == 2:
                x = functional.pad(x, (1, 2, 1, 2))  # TensorFlow's SAME on even sizes
            x = conv(x)
            if place < len(self.norms):
                x = self.norms[place](x)
            x = functional.leaky_relu(x, 0.2)
            first = x if first is None else first
        return first, x

    def forward(self, image: Tensor, maps: Tensor, gender: Tensor, camera: Camera) -> BodyParameters:
        """The bodies of N crops.

        Args:
            image: (N, 3, size, size) in [0, 1], RGB.
            maps: (N, 24, size, size) of :func:`heat_maps`, in SMPL's order.
            gender: (N,) 0 female, 1 male; 0.5 if unknown.
            camera: Camera of the crops.

        Raises:
            BodyError: If a shape is wrong.
        """
        shape = (len(image), NUM_KEYPOINTS, self.size, self.size)
        if image.shape != (shape[0], 3, *shape[2:]) or maps.shape != shape:
            raise BodyError(f'image {tuple(image.shape)} and heat maps {tuple(maps.shape)}; expected '
                            f'(N, 3, {self.size}, {self.size}) and (N, {NUM_KEYPOINTS}, {self.size}, {self.size})')
        return self.head(self.trunk(torch.cat((20 * maps, image), 1) - 0.5)[1], gender, camera)

    def head(self, features: Tensor, gender: Tensor, camera: Camera) -> BodyParameters:
        """The last activation of :meth:`trunk` -> bodies; other arguments as for :meth:`forward`."""
        def lrelu(x: Tensor) -> Tensor:
            return functional.leaky_relu(x, 0.2)

        hidden = lrelu(self.fc(torch.cat((features.flatten(1), gender.to(features)[:, None]), 1)))
        body = lrelu(self.fc_body(hidden[:, :512]))
        betas = self.betas(lrelu(self.fc_shape(body[:, :256])))
        turned = self.pose(body[:, 256:]).unflatten(1, (NUM_KEYPOINTS - 1, 4))
        axis = turned[..., :3]
        pose = axis / (axis.norm(dim=-1, keepdim=True) + 1e-8) * turned[..., 3:]
        root = pose.new_tensor(ROOT).expand(len(pose), 1, 3)
        scaled = camera.scale[:, None]
        placed = torch.cat((hidden[:, 512:], scaled * camera.focal / 400, scaled * camera.centre / 100), 1)
        placed = lrelu(self.fc_place(placed))
        rotation = self.turn(placed[:, :256])
        if self.rotation == 'euler':
            rows = rotation.unflatten(1, (3, 2))
            rotation = (rows / (rows.norm(dim=-1, keepdim=True) + 1e-8)).mT.flatten(1)
        depth = _MAX_DEPTH * self.depth(self.fc_depth(placed[:, 256:384]).relu()).relu()
        trans = torch.cat((self.shift(placed[:, 384:]), depth), 1)
        return BodyParameters(betas, torch.cat((root, pose), 1), rotation, trans)
