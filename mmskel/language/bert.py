"""BERT sentence encoders, read directly: torch, tokenizers and safetensors, no hub and no other library.

The network is that of J. Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers for Language
Understanding", NAACL 2019, arXiv 1810.04805; pooling as in sentence-transformers (N. Reimers, I. Gurevych, EMNLP 2019,
arXiv 1908.10084), whose folders this reads.
"""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from mmskel.language.errors import LanguageError
from mmskel.language.origin import file_digest, read_json


class BertSentenceEncoder:
    """A folder of sentence-transformers whose network is BERT with mean pooling, e.g. all-MiniLM-L6-v2.

    Args:
        folder: Folder with ``config.json``, ``tokenizer.json``, ``model.safetensors``, ``1_Pooling/config.json``.
        device: Device it runs on.
        name: Name in results; default: the folder's name.

    Raises:
        LanguageError: If a package or a tensor is missing, or the model pools in another way.
    """

    def __init__(self, folder: str | Path, device: str = 'cpu', name: str = ''):
        try:
            from safetensors.torch import load_file
            from tokenizers import Tokenizer
        except ImportError as error:
            raise LanguageError(f"reading '{folder}' needs tokenizers and safetensors ({error}): pip install "
                                'tokenizers safetensors') from None
        folder = Path(folder)
        config, weights = read_json(folder / 'config.json'), folder / 'model.safetensors'
        self.name, self.device, self.width = name or folder.name, device, config['hidden_size']
        self.heads, self.layers, self.eps = (config[key] for key in (
            'num_attention_heads', 'num_hidden_layers', 'layer_norm_eps'))
        if config.get('hidden_act') != 'gelu':
            raise LanguageError(f"'{folder}': activation {config.get('hidden_act')!r} is not supported, only 'gelu'")
        pooling = folder / '1_Pooling' / 'config.json'
        if pooling.is_file() and not read_json(pooling).get('pooling_mode_mean_tokens'):
            raise LanguageError(f"'{folder}': only models that average their tokens are supported")
        modules = read_json(folder / 'modules.json') if (folder / 'modules.json').is_file() else []
        self.normalized = any(module.get('type', '').endswith('Normalize') for module in modules)
        sizes = folder / 'sentence_bert_config.json'
        longest = read_json(sizes).get('max_seq_length') if sizes.is_file() else None
        try:
            self.tokenizer = Tokenizer.from_file(str(folder / 'tokenizer.json'))
            self.weights = {key.removeprefix('bert.'): value.float().to(device)
                            for key, value in load_file(weights).items()}
        except Exception as error:  # both libraries raise types of their own
            raise LanguageError(f"'{folder}' cannot be read: {str(error).splitlines()[0]}") from None
        self.tokenizer.enable_truncation(longest or config['max_position_embeddings'])
        self.tokenizer.enable_padding(pad_id=config.get('pad_token_id', 0))
        self.digest = file_digest(weights)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """See :class:`~mmskel.language.TextEncoder`."""
        found = [self._encode(list(texts[start:start + 64])) for start in range(0, len(texts), 64)]
        return np.concatenate(found) if found else np.zeros((0, self.width), np.float32)

    @torch.no_grad()
    def _encode(self, texts: list[str]) -> np.ndarray:
        batch = self.tokenizer.encode_batch(texts)
        ids, mask = (torch.tensor([getattr(one, key) for one in batch], device=self.device)
                     for key in ('ids', 'attention_mask'))
        tokens = self._tokens(ids, mask.bool())
        mean = (tokens * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return (F.normalize(mean, dim=1) if self.normalized else mean).cpu().numpy()

    def _tokens(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(N, L) token numbers, (N, L) mask of those that count -> (N, L, E)."""
        words, positions, kinds = (self.weights[f'embeddings.{kind}_embeddings.weight']
                                   for kind in ('word', 'position', 'token_type'))
        x = self._norm(words[ids] + positions[:ids.shape[1]] + kinds[0], 'embeddings.LayerNorm')
        for number in range(self.layers):
            place = f'encoder.layer.{number}'
            query, key, value = (self._linear(x, f'{place}.attention.self.{part}').unflatten(2, (self.heads, -1))
                                 .transpose(1, 2) for part in ('query', 'key', 'value'))
            seen = F.scaled_dot_product_attention(query, key, value, attn_mask=mask[:, None, None])
            seen = self._linear(seen.transpose(1, 2).flatten(2), f'{place}.attention.output.dense')
            x = self._norm(x + seen, f'{place}.attention.output.LayerNorm')
            hidden = self._linear(F.gelu(self._linear(x, f'{place}.intermediate.dense')), f'{place}.output.dense')
            x = self._norm(x + hidden, f'{place}.output.LayerNorm')
        return x

    def _linear(self, x: Tensor, place: str) -> Tensor:
        return F.linear(x, self.weights[f'{place}.weight'], self.weights[f'{place}.bias'])

    def _norm(self, x: Tensor, place: str) -> Tensor:
        return F.layer_norm(x, x.shape[-1:], self.weights[f'{place}.weight'], self.weights[f'{place}.bias'], self.eps)
