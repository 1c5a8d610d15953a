"""The base of aligners, which learn from seen classes and score classes known only by their texts."""
from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from mmskel.files.errors import UserError


class ZeroShotError(UserError):
    """Features, texts and classes that do not belong together; the message says which and what to do."""


@dataclass(frozen=True)
class AlignerTraining:
    """The options of training an aligner; every aligner has its own fields.

    Args:
        cycles: Number of parts of the training, after each of which the aligner can be evaluated.
    """
    cycles: int = 10


class Aligner(nn.Module):
    """Base class of the aligners.

    Args:
        skeleton_channels: Width of a clip's feature, D: the input of a recogniser's classifier.
        text_channels: Width of a class embedding, E.

    Attributes:
        training_type: Dataclass of its training arguments.
    """
    training_type: ClassVar[type[AlignerTraining]] = AlignerTraining

    def __init__(self, skeleton_channels: int, text_channels: int):
        super().__init__()
        self.skeleton_channels, self.text_channels = skeleton_channels, text_channels

    @abstractmethod
    def training_cycles(self, features: Tensor, labels: Tensor, texts: Tensor, training: AlignerTraining,
                        seed: int) -> Iterator[int]:
        """Trains in place and stops after every cycle, so that a caller can evaluate and keep the weights.

        Args:
            features: (N, D) clips of seen classes, on the aligner's device.
            labels: (N,) rows of ``texts``.
            texts: (K, E) embeddings of all classes; only the rows in ``labels`` are used.
            training: Options of type :attr:`training_type`.
            seed: Seed of everything random.

        Yields:
            The number of the cycle that has just ended, from 0.
        """

    @abstractmethod
    def class_scorer(self, texts: Tensor, seed: int) -> nn.Module:
        """A classifier of the classes that these texts describe.

        Args:
            texts: (K, E) class embeddings; the classes need not have been seen.
            seed: Seed of everything random.

        Returns:
            A module: (N, D) features -> (N, K) logits, whose softmax are the scores.
        """

    def scores(self, features: Tensor, texts: Tensor, seed: int = 5) -> Tensor:
        """(N, D) features, (K, E) class embeddings -> (N, K) scores that sum to 1.

        Raises:
            ZeroShotError: If a width is not the aligner's.
        """
        self.check_widths(features, texts)
        scorer = self.class_scorer(texts, seed)
        with torch.no_grad():
            return scorer(features).softmax(1)

    def check_widths(self, features: Tensor, texts: Tensor) -> None:
        """Refuses arrays of another width.

        Raises:
            ZeroShotError: Names both widths.
        """
        for what, given, wanted, cure in (
                ('clip features', features, self.skeleton_channels, 'use features of the recogniser it was made for'),
                ('class embeddings', texts, self.text_channels, 'use the text encoder it was trained with')):
            if given.ndim != 2 or given.shape[1] != wanted:
                raise ZeroShotError(f'{what} of shape {tuple(given.shape)}; this aligner takes (n, {wanted}): {cure}')


def check_training_arrays(aligner: Aligner, features: Tensor, labels: Tensor, texts: Tensor) -> None:
    """Refuses arrays that an aligner cannot be trained on.

    Raises:
        ZeroShotError: No clip, labels without a text, numbers that are not finite, or wrong widths.
    """
    aligner.check_widths(features, texts)
    if len(features) != len(labels) or not len(labels):
        raise ZeroShotError(f'{len(features)} features with {len(labels)} labels; expected equal numbers, and at least '
                            'one')
    if labels.min() < 0 or labels.max() >= len(texts):
        raise ZeroShotError(f'labels reach from {int(labels.min())} to {int(labels.max())}, but there are texts of '
                            f'{len(texts)} classes')
    for what, given in (('clip features', features), ('class embeddings', texts)):
        if not torch.isfinite(given).all():
            row = int((~torch.isfinite(given)).any(1).nonzero()[0])
            raise ZeroShotError(f'{what}: row {row} has numbers that are not finite')
