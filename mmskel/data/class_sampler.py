"""Classes seen more or less often than they occur."""
from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import torch
from mmaction.registry import DATA_SAMPLERS
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Dataset, Sampler

from mmskel.files.errors import UserError


@DATA_SAMPLERS.register_module()
class ClassSampler(Sampler):
    """Draws every clip as often per pass as its class says (PYSKL's ``class_prob``): NTU120's new classes twice, say.

    A class of weight 2.5 has all its clips twice and half of them, redrawn every epoch, once more.

    Args:
        dataset: :class:`~mmskel.data.dataset.SkeletonDataset`, or another one with ``labels()``.
        class_prob: Weight of each class, in order; or class -> weight, 1 for the others.
        shuffle: Whether the indices are shuffled.
        seed: Seed of the draws; default: one that all ranks agree on.
    """

    def __init__(self, dataset: Dataset, class_prob: Sequence[float] | Mapping[int, float], shuffle: bool = True,
                 seed: int | None = None):
        weight = dict(class_prob) if isinstance(class_prob, Mapping) else dict(enumerate(class_prob))
        if any(w < 0 for w in weight.values()):
            raise UserError(f'ClassSampler: weights must not be negative, found {min(weight.values())}')
        self.rank, self.world_size = get_dist_info()
        self.shuffle, self.epoch = shuffle, 0
        self.seed = sync_random_seed() if seed is None else seed
        members: dict[int, list[int]] = {}
        for index, label in enumerate(dataset.labels()):
            members.setdefault(label, []).append(index)
        known = set(weight) if not isinstance(class_prob, Mapping) else set(members)
        if missing := sorted(set(members) - known):
            raise UserError(f'ClassSampler: the clips have the class {missing[0]}, but there are {len(weight)} weights')
        self._classes = [(torch.tensor(of), weight.get(label, 1)) for label, of in sorted(members.items())]
        self.total = sum(round(len(of) * w) for of, w in self._classes)
        if not self.total:
            raise UserError('ClassSampler: with these weights no clip is ever seen')

    def __iter__(self) -> Iterator[int]:
        """This rank's indices of the epoch."""
        rng = torch.Generator().manual_seed(self.seed + self.epoch)
        chosen = []
        for of, weight in self._classes:
            whole, more = divmod(round(len(of) * weight), len(of))
            chosen += [of] * whole + [of[torch.randperm(len(of), generator=rng)[:more]]]
        indices = torch.cat(chosen)
        if self.shuffle:
            indices = indices[torch.randperm(len(indices), generator=rng)]
        padded = indices.repeat(math.ceil(len(self) * self.world_size / len(indices)))[:len(self) * self.world_size]
        return iter(padded[self.rank::self.world_size].tolist())

    def __len__(self) -> int:
        """Clips per rank and epoch."""
        return math.ceil(self.total / self.world_size)

    def set_epoch(self, epoch: int) -> None:
        """Draws differ from epoch to epoch."""
        self.epoch = epoch
