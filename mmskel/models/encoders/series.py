"""The encoder of networks that take a clip as a time series of raw coordinates."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

from mmaction.registry import MODELS
from torch import Tensor

from mmskel.models.encoders.streams import StreamEncoder


@MODELS.register_module()
class SeriesEncoder(StreamEncoder):
    """Turns joints into the (N, clips, M, T, V, C) input of ``Ensemble1DCNN``, one number subtracted from all of them.

    The number is subtracted from every coordinate of the leading run of frames that are not empty, absent persons and
    missing joints included, as published; later frames stay as they are (docs/published/ensemble_1dcnn.md, D5 and D6).

    Args:
        layout: Joint order.
        stream: Stream, as for :class:`StreamEncoder`.
        with_score: Whether to append the confidence as a channel.
        mean: Number to subtract: the mean coordinate of the training clips (``mmskel.data.mean_coordinate``). NTU RGB+D
            60: 0.5909 (cross-subject), 0.5835 (cross-view). 0 for the body-part and the frame-difference network.
        positive_frames: Whether a frame counts as empty unless its coordinates have a positive sum, as in the published
            code, instead of only where all are 0.
    """

    def __init__(self, layout: str, stream: str = 'joint', with_score: bool = False, mean: float = 0.,
                 positive_frames: bool = False):
        super().__init__(layout, stream, with_score)
        self.mean, self.positive_frames = mean, positive_frames

    def encode(self, batch: Mapping[str, Tensor], samples: Sequence = ()) -> Tensor:
        """Like :class:`StreamEncoder`, minus the mean."""
        x = super().encode(batch, samples)
        if not self.mean:
            return x
        frames = x.movedim(-3, -4).flatten(-3)  # (..., T, M V C)
        empty = frames.sum(-1) <= 0 if self.positive_frames else (frames == 0).all(-1)
        leading = empty.to(x.dtype).cumsum(-1) == 0
        return x - self.mean * leading[..., None, :, None, None].to(x.dtype)
