"""The conversion of a published system to ours: one table entry per system."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mmskel.files.errors import UserError


class ConversionError(UserError):
    """A state dict that is not what the system's published code writes; the message names the keys."""


def _certain(arguments: Mapping[str, Any]) -> dict[str, str]:
    """Default of ``assumed``, for a system whose tensors say everything."""
    return {}


def _whole(arguments: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    """Default of ``part``, for a system that consists of recognisers alone."""


def _as_given(arguments: Mapping[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
    """Default of ``complete``, for a system whose arguments say everything."""
    return dict(arguments)


def _one_file(path: Path, read: Callable[[Path], dict[str, Tensor]]) -> dict[str, Tensor]:
    return read(path)


@dataclass(frozen=True)
class Piece:
    """A part of one of our tensors: the published code may have many tensors where we have one.

    Args:
        key: Name of our tensor. A buffer that our state dict does not hold is a function of the arguments: it is
            compared, not copied.
        index: Part of the tensor; default: all.
        links: Buffers for parameters of which the published code keeps a number for every pair of nodes and ours one
            for every link: a buffer of ours that says where the links are, true or false, in the published shape.
        elsewhere: Value in the published code where there is no link.
        fixed: Whether to compare it instead of copying it, although our state dict holds it.
    """
    key: str
    index: tuple[int | slice, ...] = ()
    links: str = ''
    elsewhere: float = 0.
    fixed: bool = False

    def of_links(self, published: Tensor, model: nn.Module) -> Tensor:
        """A published tensor as ours holds it.

        Raises:
            UserError: If it has another shape than the graph.
        """
        if not self.links:
            return published
        mask = model.get_buffer(self.links)
        if mask.shape != published.shape:
            raise UserError(f'a graph of shape {tuple(mask.shape)}')
        return published[mask]

    def published(self, ours: Tensor, shape: torch.Size, model: nn.Module, elsewhere: float) -> Tensor:
        """A tensor of ours (or its gradient) in the published shape."""
        if not self.links:
            return ours.reshape(shape)
        mask = model.get_buffer(self.links)
        return ours.new_full(shape, elsewhere).masked_scatter(mask, ours)


@dataclass(frozen=True)
class System:
    """The facts about the published code of one system.

    Args:
        name: Name as in file names and on the command line, e.g. ``'st_gcn'``.
        config: Function: published constructor arguments -> our model config (a dictionary for MMAction2's ``MODELS``).
        rename: Function: published key, number of its elements -> where ours are (several if the published code shares
            a tensor; none if ours needs none). Raises KeyError for a key the system does not have.
        logits: Function: our model and the published input tensors -> published logits, or a dictionary by name if the
            published code has several outputs.
        guess: Function: published state dict -> constructor arguments, for checkpoints that come without any.
        part: Function: published arguments and state -> a module of the published code that is not a whole recogniser
            (its data pipeline, one layer, its losses), behind the published inputs; None if the arguments describe a
            recogniser.
        assumed: Function: guessed constructor arguments -> what ``guess`` took from the published networks because no
            tensor says it: the argument's name, with dots, and why; for example ``{'backbone.temporal_strides':
            '...'}``.
        complete: Function: published arguments and state -> the arguments and what the published code has a separate
            class for, read from the tensors.
        load: Function: a path that the user named and a function that reads one file -> published state dict, for
            checkpoints of several files.
        gradients: Function: published gradients by key -> the same, and parts of large ones under separate names.
        choose: Function: published arguments and state -> the system that they belong to, for published code that holds
            networks of several.
        recorded: Function: content of a checkpoint file -> the published arguments that it records, {} if none.
        convert_folder: Converter for published code that writes several files: source, file to write, reader of one
            state dict -> the file.
    """
    name: str
    config: Callable[[Mapping[str, Any]], dict[str, Any]]
    rename: Callable[[str, int], Sequence[Piece]]
    logits: Callable[..., Tensor | dict[str, Tensor]]
    guess: Callable[[Mapping[str, Tensor]], dict[str, Any]]
    part: Callable[[Mapping[str, Any], Mapping[str, Any]], nn.Module | None] = _whole
    assumed: Callable[[Mapping[str, Any]], Mapping[str, str]] = _certain
    complete: Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, Any]] = _as_given
    load: Callable[[Path, Callable[[Path], dict[str, Tensor]]], dict[str, Tensor]] = _one_file
    gradients: Callable[[dict[str, Tensor]], dict[str, Tensor]] = dict
    choose: Callable[[Mapping[str, Any], Mapping[str, Any]], System] | None = None
    recorded: Callable[[Any], dict[str, Any]] | None = None
    convert_folder: Callable[[str | Path, str | Path, Callable], Path] | None = None

    def convert(self, state: Mapping[str, Any], model: nn.Module) -> dict[str, Tensor]:
        """A published state dict as the state dict of ``model``, every tensor accounted for.

        Args:
            state: Published key -> tensor or array. Fixed buffers (graphs) may be missing: ours come from the layout.

        Raises:
            ConversionError: Unknown or missing keys, shapes that do not fit.
        """
        ours = {key: value.clone() for key, value in model.state_dict().items()}
        unknown, wrong, differs, filled = [], [], [], dict.fromkeys(ours, 0)
        buffers = dict(model.named_buffers())
        for key, value in state.items():
            value = torch.as_tensor(value)
            try:
                targets = self.rename(key, value.numel())
            except KeyError:
                unknown.append(key)
                continue
            for target in targets:
                if target.fixed or target.key in buffers and target.key not in ours:
                    shape = buffers[target.links or target.key].shape
                    expected = target.published(buffers[target.key], shape, model, 0.)
                    same = expected.shape == value.shape
                    if not same or not torch.allclose(expected.double(), value.double(), atol=1e-5):
                        differs.append(f'{key} {tuple(value.shape)} is not {target.key} {tuple(expected.shape)}')
                    continue
                part = ours[target.key][target.index] if target.key in ours else None
                try:
                    numbers = target.of_links(value, model)
                except ValueError as error:
                    wrong.append(f'{key} {tuple(value.shape)} -> {target.key}, {error}')
                    continue
                if part is None or part.numel() != numbers.numel():
                    found = 'nothing' if part is None else tuple(part.shape)
                    wrong.append(f'{key} {tuple(value.shape)} -> {target.key} {found}')
                    continue
                part.copy_(numbers.reshape(part.shape))
                filled[target.key] += part.numel()
        learned = {key for key, _ in model.named_parameters()}
        learned |= {key for key in ours if key.endswith(('running_mean', 'running_var'))}
        open_keys = {key for key in learned if filled[key] < ours[key].numel()}
        problems = [f'{len(what)} {label}, e.g. {", ".join(sorted(what)[:3])}' for what, label in (
            (unknown, 'keys it does not know'), (wrong, 'tensors that do not fit'),
            (differs, 'fixed tensors of another graph'),
            (open_keys, 'tensors that are missing')) if what]
        if problems:
            raise ConversionError(f"this is not a checkpoint of '{self.name}' (or its arguments are wrong): "
                                  + '; '.join(problems))
        return ours


class PublishedModel(nn.Module):
    """Our model with the published interface: published input tensors in, published logits out.

    Attributes:
        model: Recogniser of ours.
        system: :class:`System` of the recogniser.
    """

    def __init__(self, system: System, model: nn.Module, shapes: Mapping[str, Sequence[int]]):
        super().__init__()
        self.system, self.model = system, model
        self._shapes = {key: torch.Size(shape) for key, shape in shapes.items()}

    def forward(self, *inputs: Tensor) -> Tensor | dict[str, Tensor]:
        """Published inputs, in the published order -> logits (N, K); several outputs by name."""
        return self.system.logits(self.model, *inputs)

    def _pieces(self, key: str, ours: Mapping[str, Tensor]) -> list[Piece]:
        return [piece for piece in self.system.rename(key, self._shapes[key].numel()) if piece.key in ours]

    def published_gradients(self) -> dict[str, Tensor]:
        """Published key -> gradient of the tensor that it holds, in the published shape, after a backward pass."""
        ours = dict(self.model.named_parameters())
        found = {}
        for key, shape in self._shapes.items():
            for piece in self._pieces(key, ours)[:1]:
                if ours[piece.key].grad is not None:
                    found[key] = piece.published(ours[piece.key].grad[piece.index], shape, self.model, 0.)
        return self.system.gradients(found)

    def published_state(self) -> dict[str, Tensor]:
        """The weights as the published code keeps them: the keys and shapes this was built from, with our numbers.

        Numbers that ours does not keep because they are multiplied by zeros are those of an untrained network. Tensors
        without any counterpart in ours are left out.
        """
        ours = {**dict(self.model.named_buffers()), **self.model.state_dict()}
        return {key: piece.published(ours[piece.key][piece.index], shape, self.model, piece.elsewhere).clone()
                for key, shape in self._shapes.items() for piece in self._pieces(key, ours)[:1]}

    def published_parameters(self) -> int:
        """The number of parameters that the published code counts: ours, and those that are multiplied by zeros."""
        ours = {key: value for key, value in self.model.named_parameters() if value.requires_grad}
        return sum(shape.numel() for key, shape in self._shapes.items() if self._pieces(key, ours))
