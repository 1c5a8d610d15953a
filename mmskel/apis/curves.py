"""The curves that a trained STC-Net follows through a clip: what ``mmskel draw --curves`` does."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from mmengine.dataset import pseudo_collate

from mmskel.apis.draw import find_clip
from mmskel.apis.inferencer import SkeletonInferencer
from mmskel.configuration import ConfigError
from mmskel.files.atomic import atomic_path, output_path
from mmskel.files.errors import UserError
from mmskel.models import STCNet
from mmskel.skeleton import Clip, get_layout


def clip_curves(recogniser: SkeletonInferencer, clip: Clip, block: int = 1) -> tuple[Clip, np.ndarray]:
    """The curves of a clip's first person, and the poses that they go through.

    Args:
        recogniser: A trained STC-Net.
        clip: Its skeletons.
        block: Number of the block whose curves are read, counted from 1.

    Returns:
        The clip as the test pipeline makes it, of every frame that the block sees; (T, V) joints: where the curve that
        begins at each joint of the first frame is in every frame.

    Raises:
        ConfigError: If the recogniser is another network.
        LayoutError: If the clip's joints are not those of the recogniser and cannot be converted.
        UserError: If there is no such block.
    """
    backbone = recogniser.model.backbone
    if not isinstance(backbone, STCNet):
        raise ConfigError(f'only STC-Net has curves; the config describes a {type(backbone).__name__}')
    sample = recogniser.pipeline(recogniser.pipeline.fitted(clip))
    inputs = recogniser.model.data_preprocessor(pseudo_collate([sample]))['inputs']  # (1, views, M, T, V, C)
    curves = backbone.curves(inputs[:, 0], block)[0, 0].cpu().numpy()
    keypoint = torch.as_tensor(sample['inputs']['keypoint'])[0, :1].cpu().numpy()  # (M, T, V, C) of the first view
    step = -(-keypoint.shape[1] // len(curves))  # blocks after a stride see every second or fourth frame
    keypoint = keypoint[:, ::step][:, :len(curves)]
    given = keypoint != 0  # a joint may well lie in the origin for a frame
    score = (given.any((2, 3))[:, :, None] & given.any((1, 3))[:, None]).astype(np.float32)
    return Clip(clip.id, keypoint, score, recogniser.layout, label=clip.label), curves


def draw_clip_curves(path: str | Path, config: str | Path, checkpoint: str | Path, name: str | None = None,
                     out: str | Path | None = None, block: int = 1, joints: Sequence[str] = ()) -> Path:
    """Draws the curves that a trained STC-Net follows through a clip, as one image.

    Args:
        path: Annotation file.
        config, checkpoint: The network: the config in its work dir, and its weights.
        name: Id of the clip; optional if there is only one.
        out: ``.png`` or ``.jpg``; default: the id with ``_curves.png``, here.
        block: Number of the block, counted from 1; later blocks compare what earlier ones made of the joints.
        joints: Names of the joints whose curves are drawn thick; default: the ends of the limbs.

    Returns:
        The path that was written.

    Raises:
        AnnotationError, ClipError, ConfigError, LayoutError: A clip, network or joint that there is not, or that do not
            go together.
        UserError: A suffix that cannot be written, or a block that there is not.
    """
    from PIL import Image

    from mmskel.visualization.joint_curves import draw_curves
    clip = find_clip(path, name)
    out = Path(out or f'{clip.id.replace("/", "_")}_curves.png')
    if out.suffix.lower() not in ('.png', '.jpg', '.jpeg'):
        raise UserError(f"'{out}': curves are drawn as one image, .png or .jpg, not as '{out.suffix}'")
    output_path(out, path, config, checkpoint)
    recogniser = SkeletonInferencer(str(config), checkpoint)
    layout = get_layout(recogniser.layout)
    chosen = [layout.index(joint) for joint in joints]
    clip, curves = clip_curves(recogniser, clip, block)
    label = f', {recogniser.class_names[clip.label]}' if clip.label is not None and clip.label >= 0 else ''
    image = draw_curves(clip, curves, chosen, f'{clip.id}{label}: curves of block {block}')
    with atomic_path(out) as temporary:
        Image.fromarray(image).save(temporary, 'PNG' if out.suffix.lower() == '.png' else 'JPEG')
    return out
