"""Vectors of classes, encoded from texts or read from a file, with a record of their origin."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mmskel.files.arrays import ArrayFileError, load_npy
from mmskel.language.class_texts import ClassTexts
from mmskel.language.encoders import TextEncoder
from mmskel.language.errors import LanguageError
from mmskel.language.origin import file_digest

JOINS = ('concatenate', 'mean')
"""Ways to make one vector of several texts of a class."""


@dataclass(frozen=True)
class ClassEmbeddings:
    """A vector per class.

    Args:
        names: K class names.
        vectors: (K, E) float32, of length 1.
        record: Origin of the embeddings: ``encoder``, ``sha256``, ``texts``, ``join``.
    """
    names: tuple[str, ...]
    vectors: np.ndarray
    record: dict[str, Any] = field(default_factory=dict)


def embed_classes(encoder: TextEncoder, texts: ClassTexts, join: str = 'concatenate') -> ClassEmbeddings:
    """Encodes the texts of every class.

    Args:
        encoder: See :func:`~mmskel.language.load_text_encoder`.
        texts: Classes with their texts, which include prompts, if any.
        join: ``'concatenate'``: the vectors of a class's texts one after the other, then divided by their length, as
            SA-DVAE joins its text modes. ``'mean'``: each divided by its length, averaged, and divided again.

    Raises:
        LanguageError: An unknown join.
    """
    if join not in JOINS:
        raise LanguageError(f"texts are joined by {' or '.join(JOINS)}, not '{join}'")
    each = len(texts.texts[0])
    flat = encoder.encode([text for one in texts.texts for text in one]).reshape(len(texts.names), each, -1)
    vectors = flat.reshape(len(flat), -1) if join == 'concatenate' else _unit(flat, texts.names).mean(1)
    record = dict(encoder=encoder.name, sha256=encoder.digest, join=join, texts=[list(one) for one in texts.texts])
    return ClassEmbeddings(texts.names, _unit(vectors, texts.names), record)


def read_embeddings(paths: Sequence[str | Path], names: Sequence[str] = ()) -> ClassEmbeddings:
    """Class embeddings from NumPy files, as SA-DVAE publishes them: a row per class, concatenated, then of length 1.

    Args:
        paths: ``.npy`` files of (K, E) each.
        names: K class names; ``class 0``, ... by default.

    Raises:
        LanguageError: Files that are missing or hold something else, or numbers of rows that differ; names the file.
    """
    arrays = []
    for path in map(Path, paths):
        try:
            array = load_npy(path)
        except ArrayFileError as error:
            raise LanguageError(str(error)) from None
        if array.ndim != 2 or array.dtype.kind not in 'fiu' or not len(array):
            raise LanguageError(f"'{path}': expected a row of numbers per class, found {array.dtype} {array.shape}")
        if arrays and len(array) != len(arrays[0]):
            raise LanguageError(f"'{path}' has {len(array)} rows, '{paths[0]}' has {len(arrays[0])}")
        arrays.append(array.astype(np.float32))
    names = tuple(names) or tuple(f'class {k}' for k in range(len(arrays[0])))
    if len(names) != len(arrays[0]):
        raise LanguageError(f"{len(names)} class names for {len(arrays[0])} rows of '{paths[0]}'")
    record = dict(encoder='file', files=[Path(path).name for path in paths],
                  sha256=[file_digest(Path(path)) for path in paths])
    try:
        return ClassEmbeddings(names, _unit(np.concatenate(arrays, 1), names), record)
    except LanguageError as error:
        raise LanguageError(f"'{', '.join(map(str, paths))}': {error}") from None


def _unit(vectors: np.ndarray, names: Sequence[str]) -> np.ndarray:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    wrong = ~np.isfinite(length) | (length == 0)
    if wrong.any():
        raise LanguageError(f"the vector of '{names[int(np.argwhere(wrong)[0][0])]}' is zero or not finite")
    return (vectors / length).astype(np.float32)
