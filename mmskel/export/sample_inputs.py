"""Made-up clips that a recogniser takes, as its test pipeline packs them: shapes, names and units of its inputs."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from torch import Tensor

from mmskel.apis.inferencer import SkeletonInferencer
from mmskel.configuration import ConfigError
from mmskel.skeleton import Clip, get_layout

_CLIPS = 4
# what PackSkeleton calls a tensor -> the name of the input; others keep theirs
NAMES = dict(keypoint_score='score', keypoint_score_next='score_next')


def made_up_samples(recogniser: SkeletonInferencer, persons: int | None = None) -> list[dict[str, Any]]:
    """What the test pipeline makes of random clips, one view each, that the recogniser takes.

    Few configs say whether their clips are 2-D or 3-D, with scores or without; only one kind fits a network.

    Args:
        recogniser: Recogniser with pipeline, encoder and network.
        persons: M, or None: what the pipeline makes of two.

    Raises:
        ConfigError: No kind does; says what happened to each. Or the pipeline makes another number of persons.
    """
    if recogniser.layout is None:
        raise ConfigError(f"'{recogniser.cfg.filename}' does not say its layout; write it into the test data set: "
                          'test_dataloader.dataset.layout')
    if persons is not None and persons < 1:
        raise ConfigError(f'a clip has at least 1 person, not {persons}')
    refusals = []
    for coords, with_score in ((2, True), (3, True), (3, False)):
        clips = [made_up_clip(recogniser.layout, coords, with_score, persons or 2, seed) for seed in range(_CLIPS)]
        try:
            samples = [_one_view(recogniser.pipeline(clip)) for clip in clips]
            recogniser.forward(pseudo_collate(samples))
        except Exception as error:  # pipelines and networks have no error of their own for it
            refusals.append(f'{coords}-D clips {"with" if with_score else "without"} scores: '
                            f'{(str(error) or type(error).__name__).splitlines()[0]}')
            continue
        made = _keypoint(samples[0]).shape[1]
        if persons not in (None, made):
            raise ConfigError(f'{persons} persons were asked for, but the test pipeline makes {made} of them; its '
                              'SetPersons and the network are made for that')
        return samples
    raise ConfigError(f"'{recogniser.cfg.filename}': its test pipeline and network take no clips. "
                      f'{"; ".join(refusals)}')


def _keypoint(sample: dict[str, Any]) -> Tensor:
    return sample['inputs']['keypoint'] if isinstance(sample['inputs'], dict) else sample['inputs']


def _one_view(sample: dict[str, Any]) -> dict[str, Any]:
    inputs = sample['inputs']
    inputs = {key: value[:1] for key, value in inputs.items()} if isinstance(inputs, dict) else inputs[:1]
    return dict(sample, inputs=inputs)


def made_up_clip(layout: str, coords: int, with_score: bool, persons: int, seed: int) -> Clip:
    """Moving points about a still pose. Every second clip lacks its last person, all but the first a few joints."""
    rng = np.random.default_rng(seed)
    frames, joints = 40 + 40 * seed, get_layout(layout).num_joints
    middle, size = (np.array([320, 240]), 120.) if coords == 2 else (np.array([0, 0, 3]), .6)
    pose = rng.normal(size=(persons, 1, joints, coords))
    phase = rng.uniform(0, 2 * np.pi, (persons, 1, joints, coords))
    swing = np.sin(np.linspace(0, 6, frames)[:, None, None] + phase) * rng.uniform(0, .5, phase.shape)
    keypoint = middle + size * (pose + swing + rng.normal(0, .05, (persons, 1, 1, 1)))
    seen = np.ones((persons, frames, joints), bool)
    if seed:
        seen &= rng.uniform(size=seen.shape) > .03
        seen[0, 0] = True  # bodies are aligned by it
    if seed % 2:
        seen[1:][-1:] = False
    score = rng.uniform(.5, 1, seen.shape) if with_score else np.ones(seen.shape)
    return Clip(f'made up {seed}', keypoint * seen[..., None], score * seen, layout,
                image_size=(480, 640) if coords == 2 else None)


def named_tensors(samples: Sequence[dict[str, Any]]) -> dict[str, Tensor]:
    """Name -> (N, ...), of N samples of one view. Frame numbers are left out: they only save work.

    Raises:
        ConfigError: Clips of several lengths.
    """
    packed = [sample['inputs'] if isinstance(sample['inputs'], dict) else dict(keypoint=sample['inputs'])
              for sample in samples]
    if len({one['keypoint'].shape for one in packed if 'keypoint' in one}) > 1:
        raise ConfigError('the test pipeline keeps clips at their full length, and a file takes clips of one length; '
                          "put dict(type='PadFrames', length=T) before its PackSkeleton")
    return {NAMES.get(key, key): torch.cat([one[key] for one in packed]).float()
            for key, value in packed[0].items() if value.is_floating_point()}
