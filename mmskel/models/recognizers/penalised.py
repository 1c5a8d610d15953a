"""MMAction2's recogniser of skeletons with penalties on its kernels."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

from mmaction.models.recognizers import RecognizerGCN
from mmaction.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class PenalisedRecognizer(RecognizerGCN):
    """``RecognizerGCN`` whose loss has a term for some of its kernels.

    Args:
        backbone, cls_head, data_preprocessor: Arguments of ``RecognizerGCN``.
        penalties: Configs of :class:`~mmskel.models.losses.KernelPenalty`, one per group of kernels.
        train_cfg, test_cfg: MMAction2's; not used.
    """

    def __init__(self, backbone: Mapping, cls_head: Mapping | None = None, data_preprocessor: Mapping | None = None,
                 penalties: Sequence[Mapping] = (), train_cfg: Mapping | None = None, test_cfg: Mapping | None = None):
        super().__init__(backbone, cls_head, train_cfg=train_cfg, test_cfg=test_cfg,
                         data_preprocessor=data_preprocessor)
        self.penalties = [MODELS.build(penalty) for penalty in penalties]
        for penalty in self.penalties:
            penalty.named(self)  # a pattern without a kernel is a mistake that is reported at once

    def loss(self, inputs: Tensor, data_samples: Sequence, **kwargs) -> dict[str, Tensor]:
        """The head's losses and ``loss_penalty``."""
        losses = super().loss(inputs, data_samples, **kwargs)
        if self.penalties:
            losses['loss_penalty'] = sum(penalty(self) for penalty in self.penalties)
        return losses
