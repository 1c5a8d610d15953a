"""The one loader of checkpoints: files and downloads, ours and others'; nothing in them is run.

:mod:`mmskel.files.torch_files` reads a file safely; here its content becomes weights, and the weights become a model's.
What is not a checkpoint of ordinary finite tensors is refused in one line that names the file.
"""
from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mmskel.files.downloads import download, is_url
from mmskel.files.errors import UserError
from mmskel.files.torch_files import CheckpointError, read_data

__all__ = ['Checkpoint', 'CheckpointError', 'DIFFERENCES', 'Loaded', 'download', 'fill', 'is_finite', 'is_url',
           'load_checkpoint', 'read_checkpoint', 'read_data']

DIFFERENCES = ('missing', 'unexpected', 'shape')
"""The values of ``allow``: tensors that the file lacks, that the model lacks, that have another shape."""

_WRAPPERS = ('state_dict', 'model_state_dict', 'model')


@dataclass(frozen=True)
class Checkpoint:
    """The content of a checkpoint file.

    Args:
        source: File or URL, as named in messages.
        state: Name -> tensor, without the ``module.`` of parallel training; finite.
        meta: ``epoch``, ``seed``, ``cfg``, ``dataset_meta`` and anything else written beside the weights, or {}.
    """
    source: str
    state: Mapping[str, Tensor]
    meta: Mapping[str, Any]


@dataclass(frozen=True)
class Loaded:
    """The fate of a checkpoint's tensors.

    Args:
        taken: Names of the model's tensors that come from the file.
        new: Names of those that keep their initial values.
        left: Names of the file's tensors that the model does not use.
        meta: Metadata of the checkpoint.
    """
    taken: tuple[str, ...]
    new: tuple[str, ...]
    left: tuple[str, ...]
    meta: Mapping[str, Any]

    def describe(self) -> str:
        """Counts, and the modules that are new or left over, in a few lines."""
        lines = [f'{len(self.taken)} tensors taken']
        lines += [f'{len(names)} {what}: {_modules(names)}' for names, what in (
            (self.new, 'new, with initial values'), (self.left, 'of the file not used')) if names]
        return '\n'.join(lines)


def load_checkpoint(model: nn.Module, source: str | Path, *, allow: Collection[str] = (),
                    prefixes: Mapping[str, str] | None = None) -> Loaded:
    """Fills a model with the weights of a file or URL; :func:`read_checkpoint`, then :func:`fill`."""
    return fill(model, read_checkpoint(source), allow=allow, prefixes=prefixes)


def read_checkpoint(source: str | Path) -> Checkpoint:
    """Reads weights without running anything in the file.

    Args:
        source: A file, or an ``http(s)://`` URL, which is downloaded into PyTorch's cache.

    Raises:
        CheckpointError: No such file, a damaged one, one that would run code, or one without ordinary finite tensors.
        OSError: The URL cannot be downloaded.
    """
    name = str(source)
    data = read_data(download(name) if is_url(name) else name)
    state = _state_of(data, name)
    for key, tensor in state.items():
        _check_tensor(name, key, tensor)
    return Checkpoint(name, state, _meta_of(data, name))


def fill(model: nn.Module, checkpoint: Checkpoint, *, allow: Collection[str] = (),
         prefixes: Mapping[str, str] | None = None) -> Loaded:
    """Fills a model with a checkpoint's tensors.

    Args:
        model: Model to fill; a parallel wrapper is unwrapped. After an error it may have been filled in part.
        checkpoint: Weights to fill it with.
        allow: Members of :data:`DIFFERENCES` that are not errors. Counters of norms (``num_batches_tracked``) and
            buffers of the data preprocessor may always be missing.
        prefixes: Beginning of a name in the file -> beginning of a name in the model, e.g.
            ``{'encoder.': 'backbone.'}``; the longest match counts, and tensors without a match are left out.
            Default: names as they are.

    Returns:
        The tensors that were taken, new or left over.

    Raises:
        CheckpointError: A difference that is not allowed, or no tensor that fits.
    """
    if unknown := set(allow) - set(DIFFERENCES):
        raise UserError(f"allow: unknown difference '{sorted(unknown)[0]}'; known: {', '.join(DIFFERENCES)}")
    model = getattr(model, 'module', model)
    own = model.state_dict()
    state, left = _renamed(_with_our_classifier(checkpoint.state, own), prefixes)
    shapes = [key for key, value in state.items() if key in own and not _fits(value, own[key])]
    found = [(f'have another shape or type, e.g. {shapes[0]}: {_say(state[shapes[0]])}, the model has '
              f'{_say(own[shapes[0]])}', len(shapes))] if shapes and 'shape' not in allow else []
    offered = OrderedDict((key, value) for key, value in state.items() if key not in shapes)
    offered._metadata = getattr(checkpoint.state, '_metadata', OrderedDict())
    try:
        result = model.load_state_dict(offered, strict=False)
    except RuntimeError as error:  # a model that renames older versions' tensors finds other shapes itself
        said = (str(error).splitlines()[1:] or [str(error)])[0].strip(' \t.')
        raise CheckpointError(f"'{checkpoint.source}' is a checkpoint of another model: {said}. Use the config it was "
                              'trained with') from None
    new = [key for key in result.missing_keys if not key.startswith('data_preprocessor.')
           and not key.endswith('num_batches_tracked') and key not in shapes]
    unexpected = list(result.unexpected_keys)
    for keys, what, kind in ((new, 'are missing', 'missing'), (unexpected, 'are not of this model', 'unexpected')):
        if keys and kind not in allow:
            found.append((f'{what}, e.g. {keys[0]}', len(keys)))
    if found:
        raise CheckpointError(f"'{checkpoint.source}' is a checkpoint of another model or data set: "
                              + '; '.join(f'{count} tensors {what}' for what, count in found)
                              + '. Use the config it was trained with')
    missing = {*result.missing_keys, *shapes}
    taken = [key for key in own if key not in missing]
    if own and not {key for key, _ in model.named_parameters()} & set(taken):
        raise CheckpointError(f"'{checkpoint.source}' has nothing for this model: none of its {len(checkpoint.state)} "
                              f'tensors fits, e.g. {next(iter(checkpoint.state))}; the model has e.g. '
                              f'{next(iter(own))}')
    return Loaded(tuple(taken), tuple(key for key in own if key in {*new, *shapes}), (*left, *unexpected),
                  checkpoint.meta)


def _with_our_classifier(state: Mapping[str, Tensor], own: Collection[str]) -> Mapping[str, Tensor]:
    """Renames the classifier of PYSKL's graph networks, ``fc_cls``, to MMAction2's, ``fc``, if the model has that."""
    theirs, ours = 'cls_head.fc_cls.', 'cls_head.fc.'
    if f'{ours}weight' not in own or f'{theirs}weight' in own or f'{theirs}weight' not in state:
        return state
    renamed = OrderedDict((key.replace(theirs, ours), value) for key, value in state.items())
    renamed._metadata = getattr(state, '_metadata', OrderedDict())
    return renamed


def _state_of(data: Any, name: str) -> OrderedDict[str, Tensor]:
    bare = True
    for key in _WRAPPERS:
        if isinstance(data, Mapping) and key in data and not isinstance(data[key], Tensor):
            if not isinstance(data[key], Mapping):
                raise CheckpointError(f"'{name}': '{key}' is {_kind(data[key])}; expected tensors by name")
            data, bare = data[key], False
    if not isinstance(data, Mapping):
        raise CheckpointError(f"'{name}' holds {_kind(data)}, no tensors by name; expected a state dict")
    nameless = [key for key in data if not isinstance(key, str)]
    odd = [key for key, value in data.items()
           if not isinstance(value, Tensor) and not str(key).endswith('_extra_state')]
    if nameless and any(isinstance(data[key], Tensor) for key in nameless):
        raise CheckpointError(f"'{name}' names a tensor {nameless[0]!r:.80}; expected names that are text")
    if odd and not bare:
        raise CheckpointError(f"'{name}': '{odd[0]!s:.80}' is {_kind(data[odd[0]])}; expected a tensor")
    state = OrderedDict((key.removeprefix('module.'), value) for key, value in data.items()
                        if isinstance(value, Tensor))
    if not state:
        raise CheckpointError(f"'{name}' holds no tensors; expected a state dict")
    # mmpose's models rename tensors of its older versions, by the version numbers kept here
    versions = getattr(data, '_metadata', None)
    state._metadata = OrderedDict((key.removeprefix('module.'), value) for key, value in
                                  (versions.items() if isinstance(versions, Mapping) else ())
                                  if isinstance(key, str) and isinstance(value, Mapping))
    return state


def _check_tensor(name: str, key: str, tensor: Tensor) -> None:
    say = f"'{name}': tensor '{key}'"
    if tensor.is_quantized:
        raise CheckpointError(f'{say} is quantised; expected the weights before quantisation')
    if tensor.is_meta or tensor.layout is not torch.strided or tensor.is_complex():
        kind = 'without data' if tensor.is_meta else f'of {tensor.dtype}' if tensor.is_complex() else 'sparse'
        raise CheckpointError(f'{say} is {kind}; expected ordinary numbers')
    if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise CheckpointError(f'{say} claims {tensor.numel()} numbers {tuple(tensor.shape)} but holds '
                              f'{tensor.untyped_storage().nbytes()} bytes')
    if tensor.is_floating_point() and not is_finite(tensor):
        bad = int((~torch.isfinite(tensor)).sum())
        raise CheckpointError(f'{say} holds NaN or infinity ({bad} of {tensor.numel()} numbers); the training that '
                              'wrote it has diverged: take a checkpoint of an earlier epoch')


def is_finite(tensor: Tensor) -> bool:
    """Whether a tensor holds neither NaN nor infinity; attention masks of 0 and minus infinity pass."""
    return bool(torch.isfinite(tensor).all()) or bool(((tensor == 0) | (tensor == -torch.inf)).all())


def _meta_of(data: Any, name: str) -> dict[str, Any]:
    meta = data.get('meta') if isinstance(data, Mapping) else None
    if meta is None or isinstance(meta, Tensor):
        return {}
    said = meta.get('dataset_meta') if isinstance(meta, Mapping) else None
    classes = said.get('class_names', ()) if isinstance(said, Mapping) else ()
    for value, what, fits in (
            (meta, 'meta', isinstance(meta, Mapping)),
            (said, 'dataset_meta of its meta', said is None or isinstance(said, Mapping)),
            (classes, 'class_names of its meta', isinstance(classes, (list, tuple))
             and all(isinstance(one, str) for one in classes))):
        if not fits:
            raise CheckpointError(f"'{name}': the {what} is {_kind(value)}; expected what a training writes")
    for key in ('epoch', 'iter', 'seed'):
        if meta.get(key) is not None and not isinstance(meta[key], Integral):
            raise CheckpointError(f"'{name}': the {key} of its meta is {meta[key]!r:.80}; expected a whole number")
    return dict(meta)


def _renamed(state: Mapping[str, Tensor], prefixes: Mapping[str, str] | None) -> tuple[dict[str, Tensor], list[str]]:
    if prefixes is None:
        return dict(state), []
    renamed, left = {}, []
    for key, value in state.items():
        fitting = max((old for old in prefixes if key.startswith(old)), key=len, default=None)
        if fitting is None:
            left.append(key)
        else:
            renamed[prefixes[fitting] + key.removeprefix(fitting)] = value
    return renamed, left


def _fits(value: Tensor, own: Tensor) -> bool:
    return value.shape == own.shape and value.is_floating_point() == own.is_floating_point()


def _say(tensor: Tensor) -> str:
    return f'{tuple(tensor.shape)} {str(tensor.dtype).removeprefix("torch.")}'


def _kind(value: Any) -> str:
    return f'{type(value).__name__} {value!r:.60}' if isinstance(value, (str, int, float)) else type(value).__name__


def _modules(names: Sequence[str]) -> str:
    """The modules that names belong to, shortened to three levels."""
    modules = list(dict.fromkeys('.'.join(name.split('.')[:-1][:3]) or name for name in names))
    return ', '.join(modules[:6]) + (f' and {len(modules) - 6} more' if len(modules) > 6 else '')
