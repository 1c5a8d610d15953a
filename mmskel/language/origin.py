"""The origin of a text encoder: digests of its files and weights, and the facts in its folder."""
from __future__ import annotations

import hashlib
import json
from pathlib import Path

from mmskel.language.errors import LanguageError


def file_digest(path: Path) -> str:
    """SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open('rb') as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def tensors_digest(state: dict) -> str:
    """SHA-256 of a state dict: names and numbers, in the order of the names."""
    digest = hashlib.sha256()
    for key in sorted(state):
        digest.update(key.encode())
        digest.update(state[key].detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def read_json(path: Path) -> dict:
    """The content of a JSON file; LanguageError if it is not JSON."""
    try:
        return json.loads(path.read_text())
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise LanguageError(f"'{path}' is not a JSON file: {error}") from None
