"""Aligners as files: weights, and the facts that belong to them."""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mmskel.files.atomic import atomic_path
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
    with atomic_path(path) as temporary:
        torch.save(data, temporary)
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
        data = torch.load(path, map_location='cpu', weights_only=True)
    except Exception as error:  # damaged files and forbidden content raise all kinds of errors
        raise ZeroShotError(f"'{path}' is not an aligner that can be read safely: "
                            f'{str(error).splitlines()[0]}') from None
    meta = data.get('meta') if isinstance(data, dict) else None
    if not isinstance(meta, dict) or not isinstance(meta.get('model'), dict) or 'state_dict' not in data:
        raise ZeroShotError(f"'{path}' is not an aligner: it has no description of a model beside its weights. "
                            '`mmskel zeroshot train` writes one, `mmskel convert sa_dvae` makes one of official files')
    try:
        aligner = build_aligner(meta['model'])
        aligner.load_state_dict(data['state_dict'])
    except (ZeroShotError, RuntimeError) as error:
        raise ZeroShotError(f"'{path}': {error}") from None
    return aligner.eval(), meta, data.get('texts')
