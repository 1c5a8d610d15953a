"""SA-DVAE: two small variational autoencoders align clips and texts; the clip's style is kept out of the alignment.

S.-W. Li, Z.-X. Wei, W.-J. Chen, Y.-H. Yu, C.-Y. Yang, J. Y.-j. Hsu, "SA-DVAE: Improving Zero-Shot Skeleton-Based Action
Recognition by Disentangled Variational Autoencoders", ECCV 2024, arXiv 2407.13460. Official code:
github.com/pha123661/SA-DVAE, MIT licence; nothing of it is copied. Changed: mean and variance of a latent come from one
linear layer, features stay on the device, and the total-correlation term leaves the discriminator's gradients alone.
What is kept as published, and why: docs/published/sa_dvae.md.
"""
from __future__ import annotations

from collections.abc import Iterator

import torch
from mmaction.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional as F

from mmskel.models.zero_shot.aligner import Aligner, check_training_arrays
from mmskel.models.zero_shot.latents import Gaussian, Latents
from mmskel.models.zero_shot.sa_dvae_training import GeneratorNoise, Noise, SADVAETraining, train_cycles


class GaussianLayer(nn.Module):
    """Means and log variances of a latent, by one matrix product.

    Args:
        in_channels: Width of the input.
        out_channels: Width of the latent.

    Attributes:
        weight: (2, out_channels, in_channels): of the means, of the log variances.
        bias: (2, out_channels).
    """

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(2, out_channels, in_channels))
        self.bias = nn.Parameter(torch.empty(2, out_channels))

    def forward(self, x: Tensor) -> Gaussian:
        """(B, in_channels) -> the latents."""
        return Gaussian(*F.linear(x, self.weight.flatten(0, 1), self.bias.flatten()).chunk(2, 1))


class Discriminator(nn.Module):
    """Guesses whether a semantic and a style latent come from the same clip; its hidden layer is a quarter as wide.

    Args:
        channels: Width of both together.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.hidden, self.out = nn.Linear(channels, channels // 4), nn.Linear(channels // 4, 1)

    def forward(self, semantic: Tensor, style: Tensor, frozen: bool = False) -> Tensor:
        """(B, r), (B, v) -> (B, 1) probabilities; ``frozen``: gradients reach the latents only."""
        x = torch.cat([semantic, style], 1)
        for layer, activation in ((self.hidden, F.relu), (self.out, torch.sigmoid)):
            weight, bias = (layer.weight.detach(), layer.bias.detach()) if frozen else (layer.weight, layer.bias)
            x = activation(F.linear(x, weight, bias))
        return x

    def loss(self, semantic: Tensor, style: Tensor, noise: Noise) -> Tensor:
        """Binary cross-entropy of true pairs and of pairs of which both halves were permuted independently."""
        size = len(semantic)
        mixed = self(semantic[noise.permutation(size)], style[noise.permutation(size)])
        true = self(semantic, style)
        return (F.binary_cross_entropy(true, torch.ones_like(true))
                + F.binary_cross_entropy(mixed, torch.zeros_like(mixed))) / 2


@MODELS.register_module()
class SADVAE(Aligner):
    """Two linear variational autoencoders with a shared semantic space (section 3 of the paper).

    Args:
        skeleton_channels: Width of a clip's feature, D.
        text_channels: Width of a class embedding, E.
        semantic_channels: Width of the space in which clips and texts are aligned, r.
        style_channels: Width of the rest (who, which view), v.
    """
    training_type = SADVAETraining

    def __init__(self, skeleton_channels: int, text_channels: int, semantic_channels: int = 160,
                 style_channels: int = 8):
        super().__init__(skeleton_channels, text_channels)
        self.semantic_channels, self.style_channels = semantic_channels, style_channels
        latent = semantic_channels + style_channels
        self.skeleton_encoder = GaussianLayer(skeleton_channels, latent)
        self.skeleton_decoder = nn.Linear(latent, skeleton_channels)
        self.text_encoder = GaussianLayer(text_channels, semantic_channels)
        self.text_decoder = nn.Linear(semantic_channels, text_channels)
        self.discriminator = Discriminator(latent)
        self.init_weights()

    def init_weights(self) -> None:
        """Uniform weights after Glorot with a gain of 0.5, means and variances each by their own size; no biases."""
        for encoder in (self.skeleton_encoder, self.text_encoder):
            for half in encoder.weight:
                nn.init.xavier_uniform_(half, 0.5)
        for layer in (self.skeleton_decoder, self.text_decoder, self.discriminator.hidden, self.discriminator.out):
            nn.init.xavier_uniform_(layer.weight, 0.5)
        for name, parameter in self.named_parameters():
            if name.endswith('bias'):
                nn.init.zeros_(parameter)

    def halves(self) -> list[nn.Parameter]:
        """The parameters of the four halves of the autoencoders, without the discriminator."""
        return [p for name, p in self.named_parameters() if not name.startswith('discriminator.')]

    def encode(self, skeleton: Tensor) -> tuple[Gaussian, Gaussian]:
        """(B, D) features -> the clips' content and style."""
        sizes = self.semantic_channels, self.style_channels
        return tuple(map(Gaussian, *(half.split(sizes, 1) for half in self.skeleton_encoder(skeleton))))

    def encode_text(self, text: Tensor) -> Gaussian:
        """(B, E) class embeddings -> their latents."""
        return self.text_encoder(text)

    def decode(self, semantic: Tensor, style: Tensor) -> Tensor:
        """(B, r), (B, v) latents -> (B, D) features, which are non-negative."""
        return F.relu(self.skeleton_decoder(torch.cat([semantic, style], 1)))

    def decode_text(self, semantic: Tensor) -> Tensor:
        """(B, r) latents -> (B, E) class embeddings; the ReLU cannot reach negative entries, as published (D2)."""
        return F.relu(self.text_decoder(semantic))

    def latents(self, skeleton: Tensor, text: Tensor) -> Latents:
        """(B, D) features and (B, E) embeddings of their classes -> all latents."""
        return Latents(*self.encode(skeleton), self.encode_text(text))

    def discriminator_loss(self, latents: Latents, noise: Noise) -> tuple[Tensor, Tensor]:
        """The discriminator's loss on pairs of a clip, and of a text with a clip's style; encoders get no gradient."""
        semantic, style, text = (one.detach() for one in latents)
        size = len(style.mean)
        return tuple(self.discriminator.loss(one.sample(noise.normal(size)), style.sample(noise.normal(size)), noise)
                     for one in (semantic, text))

    def training_cycles(self, features: Tensor, labels: Tensor, texts: Tensor, training: SADVAETraining,
                        seed: int) -> Iterator[int]:
        """See :meth:`Aligner.training_cycles`; a cycle is at least one pass over the clips."""
        check_training_arrays(self, features, labels, texts)
        yield from train_cycles(self, features, labels, texts, training, GeneratorNoise(seed, features.device))

    def class_scorer(self, texts: Tensor, seed: int) -> nn.Module:
        """A linear classifier trained on latents drawn from the texts (section 3.3); clips go by their mean."""
        return LatentClassifier.trained(self, texts, seed)


class LatentClassifier(nn.Module):
    """A linear layer and a ReLU (D3) on the semantic latent.

    Args:
        aligner: Aligner whose latents are classified.
        num_classes: Number of classes, K.
    """

    def __init__(self, aligner: SADVAE, num_classes: int):
        super().__init__()
        self.fc = nn.Linear(aligner.semantic_channels, num_classes)
        self._encode = aligner.encode  # not a submodule: its weights belong to the aligner

    def forward(self, skeleton: Tensor) -> Tensor:
        """(N, D) features -> (N, K) logits, which are not negative."""
        return self.of_latent(self._encode(skeleton)[0].mean)

    def of_latent(self, semantic: Tensor) -> Tensor:
        """(N, r) latents -> (N, K) logits."""
        return F.relu(self.fc(semantic))

    @classmethod
    def trained(cls, aligner: SADVAE, texts: Tensor, seed: int, copies: int = 500, steps: int = 300,
                lr: float = 1e-3) -> LatentClassifier:
        """A classifier trained with Adam on latents of every text, drawn once and all shown in every step.

        Args:
            aligner: Aligner whose latents are used; it is not changed.
            texts: (K, E) class embeddings.
            seed: Seed of the initial weights and of the latents.
            copies: Number of latents of each class.
            steps: Number of steps.
            lr: Learning rate.
        """
        noise = GeneratorNoise(seed, texts.device)
        with torch.random.fork_rng(devices=[]):  # a new layer draws weights; these are drawn below
            classifier = cls(aligner, len(texts))
        nn.init.xavier_uniform_(classifier.fc.weight, 0.5, generator=noise.generator)
        nn.init.zeros_(classifier.fc.bias)
        classifier.to(texts.device)
        target = torch.arange(len(texts), device=texts.device).repeat(copies)
        with torch.no_grad():
            latent = aligner.encode_text(texts.repeat(copies, 1)).sample(noise.normal(len(target)))
        optimizer = torch.optim.Adam(classifier.parameters(), lr=lr)
        with torch.enable_grad():
            for _ in range(steps):
                optimizer.zero_grad()
                F.cross_entropy(classifier.of_latent(latent), target).backward()
                optimizer.step()
        return classifier.eval().requires_grad_(False)
