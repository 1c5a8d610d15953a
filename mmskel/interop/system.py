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
class System:
    """What is known about the published code of one system.

    Args:
        name: As in file names and on the command line, e.g. ``'st_gcn'``.
        config: Published constructor arguments -> our model config (a dictionary for MMAction2's ``MODELS``).
        rename: Published key -> our keys (several where the published code shares a tensor; none where ours needs
            none). Raises KeyError for a key the system does not have.
        logits: Our model and the published input tensors -> published logits.
        guess: Published state dict -> constructor arguments, for checkpoints that come without any.
    """
    name: str
    config: Callable[[Mapping[str, Any]], dict[str, Any]]
    rename: Callable[[str], Sequence[str]]
    logits: Callable[..., Tensor]
    guess: Callable[[Mapping[str, Tensor]], dict[str, Any]]

    def convert(self, state: Mapping[str, Any], model: nn.Module) -> dict[str, Tensor]:
        """A published state dict as the state dict of ``model``, every tensor accounted for.

        Args:
            state: Published key -> tensor or array. Fixed buffers (graphs) may be missing: ours come from the layout.

        Raises:
            ConversionError: Unknown or missing keys, shapes that do not fit.
        """
        ours, unknown, wrong = dict(model.state_dict()), [], []
        open_keys = {key for key, _ in model.named_parameters()}
        open_keys |= {key for key in ours if key.endswith(('running_mean', 'running_var'))}
        for key, value in state.items():
            try:
                targets = self.rename(key)
            except KeyError:
                unknown.append(key)
                continue
            for target in targets:
                value = torch.as_tensor(value)
                if target not in ours or value.numel() != ours[target].numel():
                    found = tuple(ours[target].shape) if target in ours else 'nothing'
                    wrong.append(f'{key} {tuple(value.shape)} -> {target} {found}')
                    continue
                ours[target] = value.reshape(ours[target].shape).to(ours[target].dtype).clone()
                open_keys.discard(target)
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

    def __init__(self, system: System, model: nn.Module, keys: Sequence[str]):
        super().__init__()
        self.system, self.model = system, model
        self._keys = tuple(keys)

    def forward(self, *inputs: Tensor) -> Tensor:
        """Published inputs, in the published order -> logits (N, K)."""
        return self.system.logits(self.model, *inputs)

    def published_parameters(self) -> dict[str, nn.Parameter]:
        """Published key -> our parameter that holds it (the first, where the published code shares one)."""
        ours = dict(self.model.named_parameters())
        found = {}
        for key in self._keys:
            targets = [target for target in self.system.rename(key) if target in ours]
            if targets:
                found[key] = ours[targets[0]]
        return found
