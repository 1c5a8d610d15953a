"""The training of SA-DVAE: schedules inside a cycle, losses, the discriminator's cadence.

As in the published scripts, which is not what the paper describes (docs/published/sa_dvae.md, D4 and D5).
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmskel.models.zero_shot.aligner import AlignerTraining, ZeroShotError
from mmskel.models.zero_shot.latents import Latents


@dataclass(frozen=True)
class SADVAETraining(AlignerTraining):
    """The options of training SA-DVAE; the defaults are those of NTU RGB+D 60 with Shift-GCN's features.

    Args:
        cycles: Number of cycles; the schedules restart in each.
        batch_size: Number of clips in a batch.
        lr: Learning rate of both optimisers (Adam).
        discriminator_every: Number of batches between two steps of the discriminator.
        min_steps: Smallest number of batches in a cycle. A small data set is used several times, since the
            published learning rates are meant for a thousand batches or more; 0: one pass, as published.
        annealing: Schedule of weights. None for the published scripts' schedule; a pair of final weights (clips, texts)
            for the paper's kind, which is zero in the first third of a cycle and then rises linearly.
    """
    batch_size: int = 32
    lr: float = 3.389022400898623e-5
    discriminator_every: int = 5
    min_steps: int = 0
    annealing: tuple[float, float] | None = None

    def __post_init__(self):
        for name in ('cycles', 'batch_size', 'discriminator_every'):
            if getattr(self, name) < 1:
                raise ZeroShotError(f'{name} must be at least 1, not {getattr(self, name)}')


class LossWeights(NamedTuple):
    """Weights of the losses in one batch.

    Args:
        skeleton: Divergence of both latents of a clip.
        text: Divergence of a text's latent, and the total correlation.
        alignment: Cross reconstruction.
    """
    skeleton: float
    text: float
    alignment: float


def loss_weights(step: int, steps: int, cycle: int, annealing: tuple[float, float] | None = None) -> LossWeights:
    """The weights of a batch.

    Args:
        step: Number of the batch in its cycle, from 0.
        steps: Number of batches in a cycle.
        cycle: Number of the cycle, from 0.
        annealing: See :class:`SADVAETraining`.
    """
    late = int(0.8 * steps)
    if annealing is None:
        rise = steps / 1700 * 3000
        skeleton = max(0.1 * (step - steps / 1700 * 1000) / rise, 0.)
        text = max(0.1 * (step - late) / rise, 0.) * (cycle > 1)
    elif step <= int(steps / 3):
        skeleton = text = 0.
    else:
        skeleton, text = (1.5 * (step / steps - 1 / 3) * final for final in annealing)
    return LossWeights(skeleton, text, float(step > late))


class Noise(Protocol):
    """The source of random numbers, in the order of their use."""

    def normal(self, size: int) -> Tensor:
        """(B, 1) standard-normal numbers: one per sample, shared by all dimensions of its latent."""

    def permutation(self, size: int) -> Tensor:
        """(B,) the numbers below B in random order."""


class GeneratorNoise:
    """Noise of a generator.

    Args:
        seed: Seed of the generator.
        device: Device the numbers are needed on.
    """

    def __init__(self, seed: int, device: torch.device | str = 'cpu'):
        self.device, self.generator = device, torch.Generator().manual_seed(seed)

    def normal(self, size: int) -> Tensor:
        """See :class:`Noise`."""
        return torch.randn(size, 1, generator=self.generator).to(self.device)

    def permutation(self, size: int) -> Tensor:
        """See :class:`Noise`."""
        return torch.randperm(size, generator=self.generator).to(self.device)


def autoencoder_losses(model: nn.Module, latents: Latents, skeleton: Tensor, text: Tensor,
                       noise: Iterable[Tensor]) -> dict[str, Tensor]:
    """Every loss of the autoencoders for one batch.

    Args:
        model: Aligner to train.
        latents: Latents of the batch.
        skeleton: (B, D) features.
        text: (B, E) embeddings of their classes.
        noise: (B, 1) numbers for the semantic, the style and the text latent.

    Returns:
        By name: ``skeleton`` and ``text`` (reconstructions), ``skeleton_from_text`` and ``text_from_skeleton``,
        ``kl_semantic``, ``kl_style``, ``kl_text``, ``total_correlation``.
    """
    semantic, style, said = (one.sample(numbers) for one, numbers in zip(latents, noise))
    return dict(
        skeleton=F.mse_loss(model.decode(semantic, style), skeleton),
        text=F.mse_loss(model.decode_text(said), text),
        skeleton_from_text=F.mse_loss(model.decode(said, style), skeleton),
        text_from_skeleton=F.mse_loss(model.decode_text(semantic), text),
        kl_semantic=latents.semantic.divergence(), kl_style=latents.style.divergence(),
        kl_text=latents.text.divergence(),
        total_correlation=model.discriminator(semantic, style, frozen=True).mean())


def weighted_sum(losses: dict[str, Tensor], weights: LossWeights) -> Tensor:
    """The loss that the autoencoders are trained on (equations 1 to 5 of the paper)."""
    return (losses['skeleton'] + losses['text']
            + weights.skeleton * (losses['kl_semantic'] + losses['kl_style']) + weights.text * losses['kl_text']
            + weights.alignment * (losses['skeleton_from_text'] + losses['text_from_skeleton'])
            + weights.text * losses['total_correlation'])


class SADVAETrainer:
    """Trains batch by batch; its optimisers persist across cycles.

    Args:
        model: The aligner, trained in place.
        training: Arguments of the training.
        noise: Source of random numbers.
    """

    def __init__(self, model: nn.Module, training: SADVAETraining, noise: Noise):
        self.model, self.training, self.noise = model, training, noise
        self.optimizer = torch.optim.Adam(model.halves(), lr=training.lr)
        self.discriminator_optimizer = torch.optim.Adam(model.discriminator.parameters(), lr=training.lr)

    def run_cycle(self, batches: Iterable[tuple[Tensor, Tensor]], steps: int, cycle: int) -> None:
        """One cycle.

        Args:
            batches: Features (B, D) and the embeddings of their classes (B, E).
            steps: Number of batches.
            cycle: Number of the cycle, from 0.
        """
        for step, (skeleton, text) in enumerate(batches):
            weights = loss_weights(step, steps, cycle, self.training.annealing)
            self.step(skeleton, text, weights, (step + 1) % self.training.discriminator_every == 0)

    def step(self, skeleton: Tensor, text: Tensor, weights: LossWeights, with_discriminator: bool) -> None:
        """One batch: the discriminator first, when it is its turn, then the autoencoders against the new one."""
        model, noise = self.model, self.noise
        latents = model.latents(skeleton, text)
        numbers = [noise.normal(len(skeleton)) for _ in latents]
        if with_discriminator:
            loss = weights.text * sum(model.discriminator_loss(latents, noise)) / 2
            self.discriminator_optimizer.zero_grad()
            loss.backward()
            self.discriminator_optimizer.step()
        loss = weighted_sum(autoencoder_losses(model, latents, skeleton, text, numbers), weights)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()


def train_cycles(model: nn.Module, features: Tensor, labels: Tensor, texts: Tensor, training: SADVAETraining,
                 noise: Noise) -> Iterator[int]:
    """Trains in place and yields the number of every cycle when it has ended.

    Args:
        model: The aligner.
        features: (N, D) clips of seen classes.
        labels: (N,) rows of ``texts``.
        texts: (K, E) class embeddings.
        training: See :class:`SADVAETraining`.
        noise: Source of random numbers, the order of the clips included.
    """
    trainer = SADVAETrainer(model, training, noise)
    in_a_pass = ceil(len(features) / training.batch_size)
    passes = max(1, ceil(training.min_steps / in_a_pass))

    def batches() -> Iterator[tuple[Tensor, Tensor]]:
        for _ in range(passes):
            for rows in noise.permutation(len(features)).split(training.batch_size):
                yield features[rows], texts[labels[rows]]

    for cycle in range(training.cycles):
        with torch.enable_grad():
            trainer.run_cycle(batches(), passes * in_a_pass, cycle)
        yield cycle
