"""From a clip to a recogniser's sample: joints by name, then the test pipeline."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmengine.dataset import Compose

from mmskel.skeleton import LAYOUTS, Clip, ClipError, LayoutError, get_layout, joint_map


class ClipPipeline:
    """The test pipeline of a recogniser, ours or MMAction2's, for clips that do not belong to a data set.

    Args:
        steps: Configs of the test pipeline's transforms.
        layout: Joints that the recogniser takes; None: the clip's own.
        coords: Numbers of coordinates per joint that clips may have; None: any.
        num_person: Person slots of the network, for pipelines without a step that fills them, written for
            data sets that never have more persons. None: any number.
        video_root: Folder of the clips' videos, for recognisers that look at images as well; '': the path that a clip
            names.
    """

    def __init__(self, steps: Sequence[Mapping[str, Any]], layout: str | None = None,
                 coords: Sequence[int] | None = None, num_person: int | None = None, video_root: str = ''):
        if num_person and not any('num_person' in step for step in steps):
            steps = [dict(type='SetPersons', num_person=num_person), *steps]
        self.transforms = Compose(steps)
        self.layout = get_layout(layout).name if layout else None
        self.coords, self.video_root = coords, video_root

    def fitted(self, clip: Clip) -> Clip:
        """The clip in the recogniser's joints.

        Raises:
            LayoutError: Joints that the recogniser needs and the clip cannot provide.
            ClipError: 2-D for a recogniser of 3-D, or the reverse.
        """
        if self.layout and clip.layout != self.layout:
            try:
                clip = clip.to_layout(self.layout)
            except LayoutError as error:
                fits = [name for name in LAYOUTS if not joint_map(name, self.layout, 'zero').missing]
                raise LayoutError(f"clip '{clip.id}': the recogniser takes skeletons of layout '{self.layout}'; "
                                  f'{str(error).partition(";")[0]}. Skeletons that can be converted: '
                                  f'{", ".join(fits)}: use a pose model or a recogniser of another layout') from None
        coords = clip.keypoint.shape[-1]
        if self.coords is not None and coords not in self.coords:
            raise ClipError(f"clip '{clip.id}' has {coords} coordinates per joint, but the recogniser was made for "
                            f'{" or ".join(map(str, self.coords)) or "others"}; use a recogniser trained on skeletons '
                            'of the same kind, or (2-D to 3-D) lift them: lift_config=...')
        return clip

    def __call__(self, clip: Clip, video: Any = None, start: int = 0, with_score: bool = False) -> dict[str, Any]:
        """The packed sample of a clip returned by :meth:`fitted`.

        Args:
            clip: Clip to pack.
            video: Video it was found in, for recognisers that look at images as well; None: the one the clip names.
            start: Number of the video's frame with which the clip begins.
            with_score: Whether the sample must have scores because others of its batch have some.
        """
        sample = dict(clip.to_annotation(), layout=clip.layout, start_index=0, modality='Pose', label=-1,
                      rng=np.random.default_rng(0), video=video, video_start=start, video_root=self.video_root)
        if with_score:
            sample['keypoint_score'] = clip.score
        return self.transforms(sample)
