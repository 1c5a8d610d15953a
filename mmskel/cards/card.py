"""The content of a model card. Plain data: nothing of ours and nothing heavy is imported."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

NOT_STATED = 'not stated'
ANY_LAYOUT = ('any', )


@dataclass(frozen=True)
class Paper:
    """The publication of a model."""
    title: str
    authors: str
    venue: str
    year: int
    arxiv: str

    @property
    def url(self) -> str:
        """The paper's page on arXiv."""
        return f'https://arxiv.org/abs/{self.arxiv}'


@dataclass(frozen=True)
class Official:
    """The authors' code and checkpoints.

    Args:
        repository: URL.
        code_licence, weights_licence: ``NOT_STATED`` where the authors state none.
        weights: Existing checkpoints: file names, or what they were trained on.
        convert: Command that turns one of them into a checkpoint of ours.
    """
    repository: str
    code_licence: str
    weights_licence: str
    weights: tuple[str, ...]
    convert: str


@dataclass(frozen=True)
class Reference:
    """The published model, in our terms, and its cost.

    Args:
        arguments: Arguments of the backbone's constructor.
        num_classes: Number of classes K of the linear classifier after it.
        input_shape: One clip, (M, T, V, C); of an aligner, one feature, (D,).
        parameters: Exact number of parameters of backbone and classifier.
        gmacs: Billions of multiply-adds for this clip, as published or as counted on the published code.
        gmacs_of: Layers and input that were counted.
        encoder: Config of the encoder that turns the clip into the backbone's input; empty: it takes the joints.
        images: Size (T, H, W) of the images beside them; empty: none.
    """
    arguments: Mapping[str, Any]
    num_classes: int
    input_shape: tuple[int, ...]
    parameters: int
    gmacs: float
    gmacs_of: str
    encoder: Mapping[str, Any] = field(default_factory=dict)
    images: tuple[int, ...] = ()


@dataclass(frozen=True)
class Published:
    """An accuracy that somebody published: top-1 in percent."""
    data: str
    split: str
    streams: str
    top1: float
    source: str


@dataclass(frozen=True)
class Measured:
    """An accuracy of ours: top-1 of the last epoch in percent.

    Args:
        config: Path relative to ``configs``.
        top1_clean: Top-1 accuracy on the test clips without twins in the training part; None where a benchmark has
            none.
        epochs: Number of epochs and of passes over the training clips in each, in words.
        machine: Hardware and precision of the training.
        date: Date of the measurement, ISO 8601.
    """
    config: str
    data: str
    split: str
    stream: str
    top1: float
    top1_clean: float | None
    epochs: str
    seed: int
    machine: str
    date: str


@dataclass(frozen=True)
class ModelCard:
    """One model: its origin, its cost, its accuracy.

    Args:
        name: Name of the system, as in ``mmskel convert NAME``.
        title: Name as in the paper.
        summary: Description in one sentence.
        backbone: Name in MMAction2's ``MODELS``; of an aligner, its own.
        layouts: Joint orders our backbone takes; ``ANY_LAYOUT`` for all of them.
        published_layouts: Layouts of the official code.
        config: Config to start with, relative to ``configs``.
        notes: Facts a user should know first.
        published: Published accuracies in percent, best-known benchmarks first.
        ours: Our own measurements; empty if there are none yet.
    """
    name: str
    title: str
    summary: str
    paper: Paper
    official: Official
    backbone: str
    reference: Reference
    layouts: tuple[str, ...]
    published_layouts: tuple[str, ...]
    config: str
    notes: str
    published: tuple[Published, ...]
    ours: tuple[Measured, ...] = ()

    @property
    def command(self) -> str:
        """The command to start with."""
        aligns = len(self.reference.input_shape) == 1
        return f'mmskel zeroshot train FEATURES --config {self.config}' if aligns else f'mmskel train {self.config}'

    def takes(self, layout: str) -> bool:
        """Whether our backbone can be built for a layout, by its name."""
        return self.layouts == ANY_LAYOUT or layout in self.layouts
