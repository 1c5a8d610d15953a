"""Aligners as files: weights, and the facts that belong to them."""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mmskel.checkpoints import CheckpointError, read_checkpoint, read_data
from mmskel.files.text import brief
from mmskel.files.torch_files import write_data
from mmskel.models.zero_shot.aligner import Aligner, ZeroShotError


def build_aligner(config: Mapping[str, Any]) -> Aligner:
    """An aligner from its config: ``type`` and the arguments of its constructor.

    Raises:
        ZeroShotError: Unknown type or arguments; names them.
    """
    from mmaction.registry import MODELS
    arguments = dict(config)
    kind = MODELS.get(str(arguments.pop('type', '')))
    if kind is None or not issubclass(kind, Aligner):
        known = sorted(name for name, one in MODELS.module_dict.items() if isinstance(one, type)
                       and issubclass(one, Aligner))
        raise ZeroShotError(f"'{config.get('type', '')}' is not an aligner; known: {', '.join(known)}")
    try:
        return kind(**arguments)
    except TypeError as error:
        raise ZeroShotError(f"{kind.__name__}: {error}") from None


def save_aligner(path: str | Path, aligner: Aligner, model: Mapping[str, Any], meta: Mapping[str, Any],
                 texts: Tensor | None = None) -> Path:
    """Writes an aligner, whole or not at all.

    Args:
        path: File to write, ``.pth``.
        aligner: Aligner whose weights are saved.
        model: Config of the aligner, see :func:`build_aligner`.
        meta: Facts as plain data: ``class_names``, ``unseen``, ``text_encoder``, ``recogniser``, ...
        texts: (K, E) embeddings of all classes, if they are known.
    """
    data = dict(state_dict=aligner.state_dict(), meta=dict(meta, model=dict(model)))
    if texts is not None:
        data['texts'] = texts.detach().cpu()
    write_data(path, data)
    return Path(path)


def load_aligner(path: str | Path) -> tuple[Aligner, dict[str, Any], Tensor | None]:
    """Reads what :func:`save_aligner` wrote, without running anything in the file.

    Returns:
        The aligner in evaluation mode, its ``meta``, and the class embeddings it was trained with.

    Raises:
        ZeroShotError: If there is no such file or it holds something else; names it.
    """
    path = Path(path)
    if not path.is_file():
        raise ZeroShotError(f"there is no file '{path}'; `mmskel zeroshot train` writes an aligner")
    try:
        state, data = read_checkpoint(path).state, read_data(path)
    except CheckpointError as error:
        raise ZeroShotError(f"'{path}' is not an aligner: {error}") from None
    meta = data.get('meta') if isinstance(data, dict) else None
    if not isinstance(meta, dict) or not isinstance(meta.get('model'), dict) or 'state_dict' not in data:
        raise ZeroShotError(f"'{path}' is not an aligner: it has no description of a model beside its weights. "
                            '`mmskel zeroshot train` writes one, `mmskel convert sa_dvae` makes one of official files')
    try:
        with torch.device('meta'):  # no memory for sizes that the weights do not have
            wanted = {key: value.shape for key, value in build_aligner(meta['model']).state_dict().items()}
        if wrong := [key for key in {**wanted, **state} if getattr(state.get(key), 'shape', None) != wanted.get(key)]:
            raise ZeroShotError(f"its weights are not those of its model, e.g. '{wrong[0]}'")
        aligner = build_aligner(meta['model'])
        aligner.load_state_dict(state)
    except (ZeroShotError, RuntimeError, ValueError, TypeError) as error:
        raise ZeroShotError(f"'{path}': {str(error).splitlines()[0]}") from None
    names, texts = meta.get('class_names', ()), data.get('texts')
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise ZeroShotError(f"'{path}': its class names are {brief(names)}; expected a list of names")
    if texts is not None and not (isinstance(texts, Tensor) and texts.ndim == 2 and texts.is_floating_point()
                                  and len(texts) == len(names) and bool(torch.isfinite(texts).all())):
        what = f'{tuple(texts.shape)} {texts.dtype}' if isinstance(texts, Tensor) else brief(texts)
        raise ZeroShotError(f"'{path}': its texts are {what}; expected a finite vector for each of its {len(names)} "
                            'classes')
    return aligner.eval(), meta, texts
