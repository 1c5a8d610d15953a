"""The published motion capture network and losses as modules behind their published inputs."""
from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from mmskel.body import SMPL
from mmskel.body.capture.camera import BodyParameters, Camera, place
from mmskel.body.capture.losses import (
    published_flow_loss,
    published_keypoint_loss,
    published_silhouette_loss,
    published_silhouette_maps,
)
from mmskel.body.capture.network import MocapNet, heat_maps
from mmskel.body.capture.visibility import visible_vertices
from mmskel.interop.bodies import PublishedBody
from mmskel.interop.motion_capture_variables import key_of, theirs_of

_LARGE = 3000  # elements of a kernel from which on only two outputs' gradients are listed


class PublishedNetwork(nn.Module):
    """The network behind the published inputs; gradients are those of the sum of squares of its outputs minus 0.1.

    Args:
        model: Network.
        shapes: TensorFlow name -> shape of every weight.
        running: Whether moving statistics are known.
    """

    def __init__(self, model: MocapNet, shapes: Mapping[str, torch.Size], running: bool):
        super().__init__()
        self.model, self.running, self._shapes = model, running, dict(shapes)
        self._gradients: dict[str, Tensor] = {}

    def published_parameters(self) -> int:
        """The number of learned parameters."""
        return sum(value.numel() for value in self.model.parameters())

    def published_gradients(self) -> dict[str, Tensor]:
        """TensorFlow name -> gradient of the loss of the last call, in double precision.

        Of a kernel of more than 3,000 numbers only the first two outputs (``[..., :2]``).
        """
        return dict(self._gradients)

    def published_state(self) -> dict[str, Tensor]:
        """The weights under TensorFlow's names, in its order."""
        ours = self.model.state_dict()
        return {name: theirs_of(name, ours[key_of(name)], self._channels).clone() for name in self._shapes}

    @property
    def _channels(self) -> int:
        return self.model.convs[-1].out_channels

    def forward(self, image: Tensor, keypoints: Tensor, gender: Tensor, focal: Tensor, center: Tensor,
                resize_scale: Tensor) -> dict[str, Tensor]:
        """Bodies by the statistics of the batch and, if they are known, by the moving ones.

        Args:
            image: (N, S, S, 3) bytes, or floats in [0, 1].
            keypoints: (N, 24, 2) pixels of the crop.
            gender: (N,) 0 or 1.
            focal, center: (N, 2).
            resize_scale: (N,).

        Returns:
            ``out_`` and ``out_running_`` ``beta``, ``pose``, ``R``, ``T``; ``out_heatmap_0_3``, every fourth pixel of
            a map; ``out_heatmap_sum``; ``out_conv1``, ``out_conv10``, parts of the first and last activation;
            ``out_loss``.
        """
        image = image.permute(0, 3, 1, 2)
        image = image.float() / 255 if not image.is_floating_point() else image
        maps, camera = heat_maps(keypoints, self.model.size), Camera(focal, center, resize_scale)
        found: dict[str, Tensor] = {}
        with _statistics(self.model, batch=True):
            first, last = self.model.trunk(torch.cat((20 * maps, image), 1) - 0.5)
            body = self.model.head(last, gender, camera)
            found.update(zip(('out_beta', 'out_pose', 'out_R', 'out_T'), body))
            self._differentiate(image, maps, gender, camera)
        if self.running:
            with _statistics(self.model, batch=False):
                names = ('out_running_beta', 'out_running_pose', 'out_running_R', 'out_running_T')
                found.update(zip(names, self.model(image, maps, gender, camera)))
        first, last = first.permute(0, 2, 3, 1), last.permute(0, 2, 3, 1)
        loss = sum((one - 0.1).square().sum() for one in body)
        return dict(found, out_heatmap_0_3=maps[0, 3, ::4, ::4], out_heatmap_sum=maps.sum((2, 3)), out_loss=loss,
                    out_conv1=first[:, ::8, ::8, :8], out_conv10=last[..., ::8])

    def _differentiate(self, image: Tensor, maps: Tensor, gender: Tensor, camera: Camera) -> None:
        """Batch statistics of two images amplify the rounding of float32: gradients are taken in double precision."""
        twin = copy.deepcopy(self.model).double()
        with torch.enable_grad():
            body = twin(image.double(), maps.double(), gender, Camera(*(one.double() for one in camera)))
            sum((one - 0.1).square().sum() for one in body).backward()
        ours = dict(twin.named_parameters())
        for name, shape in self._shapes.items():
            if (key := key_of(name)) in ours:
                value = theirs_of(name, ours[key].grad, self._channels)
                self._gradients[name] = value[..., :2] if len(shape) > 1 and shape.numel() > _LARGE else value


class _statistics:
    """Evaluation with the statistics of the batch or the moving ones, for a while."""

    def __init__(self, model: MocapNet, batch: bool):
        self._norms, self._batch, self._model = list(model.norms), batch, model

    def __enter__(self) -> None:
        self._before = self._model.training, [norm.batch_statistics for norm in self._norms]
        self._model.eval()
        for norm in self._norms:
            norm.batch_statistics = self._batch


    def __exit__(self, *error: object) -> None:
        training, flags = self._before
        self._model.train(training)
        for norm, flag in zip(self._norms, flags):
            norm.batch_statistics = flag


class PublishedLosses(PublishedBody):
    """The published self-supervised losses of one pair of frames."""

    def __init__(self, smpl: SMPL, arguments: Mapping[str, Any]):
        super().__init__()
        self.smpl = smpl
        self.alpha, self.scale = float(arguments.get('alpha', 0.5)), float(arguments.get('chamfer_scale', 0.5))
        self.size, self.step = int(arguments.get('image_size', 128)), int(arguments.get('visibility_step', 6))

    def forward(self, pose: Tensor, beta: Tensor, rotation: Tensor, translation: Tensor, focal: Tensor, center: Tensor,
                resize_scale: Tensor, keypoints: Tensor, segmentation: Tensor, chamfer: Tensor,
                flow: Tensor) -> dict[str, Tensor]:
        """Bodies, projections, maps and losses; gradients are those by pose, rotation and translation.

        Args:
            pose, beta, rotation, translation: (2, 24, 3), (2, 10), (2, 6), (2, 3).
            focal, center, resize_scale: (2, 2), (2, 2), (2,).
            keypoints: (2, 24, 2) pixels of the crop.
            segmentation: (2, S, S) mask.
            chamfer: (2, s, s) distance to the smaller mask.
            flow: (V, 2) displacement of the vertices.
        """
        camera = Camera(focal, center, resize_scale)
        with torch.enable_grad():
            leaves = {name: value.detach().clone().requires_grad_() for name, value in
                      (('pose', pose), ('rotation', rotation), ('translation', translation))}
            body = place(self.smpl, BodyParameters(beta, *leaves.values()))
            skin, joints = camera.project(body.vertices), camera.project(body.joints)
            visible = visible_vertices(body.vertices[0], self.smpl.faces, self.step)
            away, inside = published_silhouette_maps(skin, self.size, self.scale)
            keypoint = published_keypoint_loss(joints, keypoints)
            losses = dict(keypoint=keypoint[-1], silhouette=published_silhouette_loss(
                skin, segmentation, chamfer, self.alpha, self.scale),
                flow=published_flow_loss(skin[0], skin[1], flow, visible))
            for name, loss in losses.items():
                self._remember_of(name, loss, leaves)
        return dict(out_vertices=body.vertices, out_joints=body.joints, out_projected_vertices=skin,
                    out_projected_joints=joints, out_visible=visible, out_model_chamfer=away,
                    out_model_segmentation=inside, out_keypoint_loss=keypoint,
                    out_silhouette_loss=losses['silhouette'], out_flow_loss=losses['flow'])

    def _remember_of(self, name: str, loss: Tensor, leaves: Mapping[str, Tensor]) -> None:
        found = torch.autograd.grad(loss, list(leaves.values()), retain_graph=True)
        self._gradients.update({f'{name}_{leaf}': gradient.clone for leaf, gradient in zip(leaves, found)})
