"""One prediction of several streams of features: the product of their probabilities. Symbols: S streams."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

from mmaction.models.heads import GCNHead
from mmaction.registry import MODELS
from torch import Tensor, nn

from mmskel.files.errors import UserError
from mmskel.models.layers.keras import he_normal_


@MODELS.register_module()
class StreamProductHead(GCNHead):
    """A linear classifier per stream; their probabilities are multiplied and divided by the sum over classes.

    The scores are the sum of the streams' raw scores, whose softmax is that product: the constants by which
    probabilities and raw scores differ are the same for all classes. Nothing is multiplied, so nothing underflows.

    Args:
        num_classes: Number of classes, K.
        in_channels: Number of channels of every stream's features.
        num_streams: Number of streams, S.
        loss_cls, dropout, label_smooth_eps, topk, average_clips: Arguments of MMAction2's heads.
        init_cfg: Initialisation; default, as published: truncated He normal, zero biases.
    """

    def __init__(self, num_classes: int, in_channels: int, num_streams: int = 1, loss_cls: Mapping | None = None,
                 dropout: float = 0., label_smooth_eps: float = 0., topk: int | tuple[int, ...] = (1, 5),
                 average_clips: str | None = 'prob', init_cfg: Mapping | Sequence | None = None):
        super().__init__(num_classes, in_channels, loss_cls or dict(type='CrossEntropyLoss'), dropout, average_clips,
                         init_cfg, label_smooth_eps=label_smooth_eps, topk=topk)
        del self.fc
        self.num_streams = num_streams
        self.fcs = nn.ModuleList(nn.Linear(in_channels, num_classes) for _ in range(num_streams))

    def init_weights(self) -> None:
        """The published initialisation, or that of ``init_cfg``."""
        if self.init_cfg:
            super().init_weights()
            return
        for fc in self.fcs:
            he_normal_(fc.weight)
            nn.init.zeros_(fc.bias)

    def stream_scores(self, x: Tensor) -> list[Tensor]:
        """(N, S, C, T, V) features -> S raw scores (N, K).

        Raises:
            UserError: Features with a different number of streams.
        """
        if x.shape[1] != self.num_streams:
            raise UserError(f'StreamProductHead was built for num_streams={self.num_streams}, but the backbone has '
                            f'features of {x.shape[1]}; its network decides, so set both')
        pooled = x.mean((3, 4))
        if self.dropout is not None:
            pooled = self.dropout(pooled)
        return [fc(stream) for fc, stream in zip(self.fcs, pooled.unbind(1))]

    def forward(self, x: Tensor, **kwargs) -> Tensor:
        """(N, S, C, T, V) features -> (N, K) scores."""
        return sum(self.stream_scores(x))
