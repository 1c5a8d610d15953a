"""What goes into the official CascadeFormer and what comes out of it, in its own order of axes and by its own names.

See docs/published/cascadeformer.md.
"""
from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from mmskel.models.layers.frame_embedding import bone_features
from mmskel.models.recognizers.masked_pretraining import hide
from mmskel.skeleton.coordinates import chosen_person, middle_part, rotation_xyz, stretch_frames, valid_frames
from mmskel.skeleton.graphs.bones import bone_pairs


def recogniser_outputs(model: nn.Module, x: Tensor, label: Tensor | None = None) -> dict[str, Tensor]:
    """Every stage of a recogniser.

    Args:
        model: Ours.
        x: (B, T, V C), (B, T, V, C) or (B, C, T, V, M), joints in the published order; of several persons the one with
            the larger sum of absolute coordinates is kept.
        label: (B,) classes, for the loss.

    Returns:
        ``out_logits`` (B, K); ``out_logits_nograd``, the same without gradients; ``out_t1_slice``, ``out_t2_slice``,
        ``out_fused_slice``: every fifth token and every fourth channel after each stage; ``out_pooled`` (B, d);
        ``out_loss``, cross-entropy; ``out_person`` (B,) where there are several; ``out_logits_cross4``, with four heads
        in the cross-attention, where the published test script has them.
    """
    backbone, outputs = model.backbone, {}
    if x.ndim == 5:
        outputs['out_person'], x = _keep_person(x)
    x = _joints(x, backbone)
    stages = backbone.stages(x)
    for name, tokens in zip(('t1', 't2', 'fused'), stages):
        outputs[f'out_{name}_slice'] = tokens[:, ::5, ::4]
    outputs['out_pooled'] = stages[-1].mean(1)
    outputs['out_logits'] = _classify(model, stages[-1])
    with torch.no_grad():
        outputs['out_logits_nograd'] = _classify(model, backbone.stages(x)[-1])
    if label is not None:
        outputs['out_loss'] = functional.cross_entropy(outputs['out_logits'], label)
    if backbone.cross.perceptron is None and backbone.channels % 4 == 0:
        outputs['out_logits_cross4'] = _classify(model, backbone.cross(*stages[:2], num_heads=4))
    return outputs


def pretraining_outputs(model: nn.Module, x: Tensor, mask: Tensor) -> dict[str, Tensor]:
    """Masked pretraining with a given mask.

    Args:
        model: Ours.
        x: As of :func:`recogniser_outputs`.
        mask: (B, T, V), true where a joint is hidden.

    Returns:
        ``out_masked`` and ``out_recon``, in the shape of ``x`` (of several persons: that of the one kept), and
        ``out_loss``; ``out_person`` where there are several.
    """
    outputs = {}
    if x.ndim == 5:
        outputs['out_person'], x = _keep_person(x)
    joints, mask = _joints(x, model.backbone), mask.bool()
    found = model.reconstruct(joints, mask)
    return dict(outputs, out_masked=hide(joints, mask).reshape(x.shape), out_recon=found.reshape(x.shape),
                out_loss=model.criterion(found, joints, mask))


def _joints(x: Tensor, backbone: nn.Module) -> Tensor:
    return x.reshape(*x.shape[:2], backbone.num_joints, backbone.in_channels)


def _keep_person(x: Tensor) -> tuple[Tensor, Tensor]:
    """(B, C, T, V, M) -> the person of every clip (B,), and (B, T, V, C)."""
    clips = x.permute(0, 4, 2, 3, 1)
    person = torch.tensor([chosen_person(clip.detach().numpy()) for clip in clips])
    return person, clips[torch.arange(len(x)), person]


def _classify(model: nn.Module, tokens: Tensor) -> Tensor:
    return model.cls_head(tokens.transpose(1, 2)[:, None, :, :, None])


class DataPipeline(nn.Module):
    """The steps of the NTU data pipeline and the features of version 1.4, as functions of published arrays."""

    def forward(self, *inputs: Tensor) -> dict[str, Tensor]:
        """Every step.

        Args:
            inputs: Clips (C, T, V, M), any number of them; two persons (B, C, T, V, M); angles (n, 3) about x, y and z;
                joints (B, T, 25, 3).

        Returns:
            ``out_test_resize_lenT`` per clip, (C, 64, V, M); ``out_person``, ``out_selected`` (B, T, V, C);
            ``out_rotation_matrix`` (3, 3) of the first angles; ``out_bone_features`` (B, T, 120); ``out_bone_pairs``
            (24, 2).
        """
        *clips, persons, angles, joints = inputs
        outputs: dict[str, Tensor] = {f'out_test_resize_len{clip.shape[1]}': _resized(clip) for clip in clips}
        outputs['out_person'], outputs['out_selected'] = _keep_person(persons)
        # the published matrices turn column vectors, by the transposes of the right-handed ones
        turn = rotation_xyz(-angles[0].double().numpy(), 'xyz').T
        pairs = torch.tensor(bone_pairs('ntu25'))
        return dict(outputs, out_rotation_matrix=torch.from_numpy(turn.astype(np.float32)), out_bone_pairs=pairs,
                    out_bone_features=bone_features(joints, pairs).flatten(2))


def _resized(clip: Tensor) -> Tensor:
    keypoint = clip.permute(3, 1, 2, 0).numpy()
    start, length = middle_part(valid_frames(keypoint), 0.95)
    return torch.from_numpy(stretch_frames(keypoint[:, start:start + length], 64)).permute(3, 1, 2, 0)
