"""How a published system becomes ours: one table entry per system."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


class ConversionError(ValueError):
    """A state dict that is not what the system's published code writes; the message names the keys."""


@dataclass(frozen=True)
class Piece:
    """A part of one of our tensors: where ours is one tensor, the published code may have many.

    Args:
        key: Ours.
        index: What to take of it; all by default.
    """
    key: str
    index: tuple[int | slice, ...] = ()


@dataclass(frozen=True)
class System:
    """What is known about the published code of one system.

    Args:
        name: As in file names and on the command line, e.g. ``'st_gcn'``.
        config: Published constructor arguments -> our model config (a dictionary for MMAction2's ``MODELS``).
        rename: Published key, number of its elements -> where ours are (several where the published code shares a
            tensor; none where ours needs none). Raises KeyError for a key the system does not have.
        logits: Our model and the published input tensors -> published logits.
        guess: Published state dict -> constructor arguments, for checkpoints that come without any.
    """
    name: str
    config: Callable[[Mapping[str, Any]], dict[str, Any]]
    rename: Callable[[str, int], Sequence[Piece]]
    logits: Callable[..., Tensor]
    guess: Callable[[Mapping[str, Tensor]], dict[str, Any]]

    def convert(self, state: Mapping[str, Any], model: nn.Module) -> dict[str, Tensor]:
        """A published state dict as the state dict of ``model``, every tensor accounted for.

        Args:
            state: Published key -> tensor or array. Fixed buffers (graphs) may be missing: ours come from the layout.

        Raises:
            ConversionError: Unknown or missing keys, shapes that do not fit.
        """
        ours = {key: value.clone() for key, value in model.state_dict().items()}
        unknown, wrong, filled = [], [], dict.fromkeys(ours, 0)
        for key, value in state.items():
            value = torch.as_tensor(value)
            try:
                targets = self.rename(key, value.numel())
            except KeyError:
                unknown.append(key)
                continue
            for target in targets:
                part = ours[target.key][target.index] if target.key in ours else None
                if part is None or part.numel() != value.numel():
                    found = 'nothing' if part is None else tuple(part.shape)
                    wrong.append(f'{key} {tuple(value.shape)} -> {target.key} {found}')
                    continue
                part.copy_(value.reshape(part.shape))
                filled[target.key] += part.numel()
        learned = {key for key, _ in model.named_parameters()}
        learned |= {key for key in ours if key.endswith(('running_mean', 'running_var'))}
        open_keys = {key for key in learned if filled[key] < ours[key].numel()}
        problems = [f'{len(what)} {label}, e.g. {", ".join(sorted(what)[:3])}' for what, label in (
            (unknown, 'keys it does not know'), (wrong, 'tensors that do not fit'),
            (open_keys, 'tensors that are missing')) if what]
        if problems:
            raise ConversionError(f"this is no checkpoint of '{self.name}' (or its arguments are wrong): "
                                  + '; '.join(problems))
        return ours


class PublishedModel(nn.Module):
    """Our model behind the published door: published input tensors in, published logits out.

    Attributes:
        model: Our recogniser.
        system: Its :class:`System`.
    """

    def __init__(self, system: System, model: nn.Module, shapes: Mapping[str, Sequence[int]]):
        super().__init__()
        self.system, self.model = system, model
        self._shapes = {key: torch.Size(shape) for key, shape in shapes.items()}

    def forward(self, *inputs: Tensor) -> Tensor:
        """Published inputs, in the published order -> logits (N, K)."""
        return self.system.logits(self.model, *inputs)

    def published_gradients(self) -> dict[str, Tensor]:
        """Published key -> gradient of the tensor that it holds, in the published shape, after a backward pass."""
        ours = dict(self.model.named_parameters())
        found = {}
        for key, shape in self._shapes.items():
            pieces = [piece for piece in self.system.rename(key, shape.numel()) if piece.key in ours]
            if pieces and ours[pieces[0].key].grad is not None:
                found[key] = ours[pieces[0].key].grad[pieces[0].index].reshape(shape)
        return found
