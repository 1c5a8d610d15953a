"""The classic transformer layer of a sequence: attention and a perceptron, each added and normalised (post-norm).

A. Vaswani et al., "Attention Is All You Need", NeurIPS 2017, arXiv 1706.03762. The tensors, their names and their
initial values are those of PyTorch's ``nn.TransformerEncoderLayer``; the forward pass is ours: no averaged attention
weights, one wide tensor is kept for the backward pass instead of three, dropout that costs little on a CPU.
"""
from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from mmskel.files.errors import UserError
from mmskel.models.kernels.linear import linear
from mmskel.models.kernels.relu_perceptron import relu_perceptron
from mmskel.models.layers.dropout import FastDropout


def attend(module: nn.MultiheadAttention, query: Tensor, context: Tensor, padding: Tensor | None = None,
           num_heads: int | None = None) -> Tensor:
    """Multi-head attention with the weights of ``module``; its dropout is on the attention weights.

    Args:
        module: Attention module whose packed projection is used; query and context have its width d.
        query: (B, T, d).
        context: (B, S, d), keys and values; the same tensor as ``query`` for self-attention.
        padding: Mask (B, S), true for places of the context that are ignored; None: none are.
        num_heads: Number of heads, instead of the module's.

    Returns:
        (B, T, d).
    """
    width, heads = query.shape[-1], num_heads or module.num_heads
    weight, bias = module.in_proj_weight, module.in_proj_bias
    if context is query:
        q, k, v = _heads(query, weight, bias, heads, 3)
    else:
        q, = _heads(query, weight[:width], bias[:width], heads, 1)
        k, v = _heads(context, weight[width:], bias[width:], heads, 2)
    seen = None if padding is None else ~padding[:, None, None]
    found = functional.scaled_dot_product_attention(q, k, v, seen, module.dropout if module.training else 0.)
    found = found.transpose(1, 2).flatten(2)
    return linear(found.flatten(0, 1), module.out_proj.weight, module.out_proj.bias).view_as(found)


def _heads(x: Tensor, weight: Tensor, bias: Tensor, heads: int, parts: int) -> Tensor:
    """(B, T, d) through a projection -> (parts, B, heads, T, d / heads)."""
    # PyTorch's own module adds the bias afterwards, too. Raw pixels saturate the softmax, and gradients upstream of it
    # are the published ones to more digits if sums are rounded alike.
    packed = linear(x.flatten(0, 1), weight) + bias
    return packed.view(*x.shape[:2], parts, heads, -1).permute(2, 0, 3, 1, 4)


class PostNormLayer(nn.TransformerEncoderLayer):
    """One layer: ``y = LN(x + attention(x))``, ``LN(y + perceptron(y))``.

    Args:
        channels: Width d.
        num_heads: Number of heads; divides ``channels``.
        hidden: Width of the perceptron.
        dropout: Dropout probability, of the attention weights, both sums and the perceptron.
    """

    def __init__(self, channels: int, num_heads: int, hidden: int = 2048, dropout: float = 0.1):
        if channels % num_heads:
            raise UserError(f'{channels} channels do not divide into {num_heads} heads')
        super().__init__(channels, num_heads, hidden, dropout, batch_first=True)
        self.dropout1, self.dropout2 = FastDropout(dropout), FastDropout(dropout)

    def forward(self, x: Tensor, padding: Tensor | None = None) -> Tensor:
        """(B, T, d) -> (B, T, d); ``padding``: see :func:`attend`."""
        x = self.norm1(x + self.dropout1(attend(self.self_attn, x, x, padding)))
        rate = self.dropout.p if self.training else 0.
        y = relu_perceptron(x.reshape(-1, x.shape[-1]), self.linear1, self.linear2, rate).view_as(x)
        return self.norm2(x + self.dropout2(y))


class PostNormEncoder(nn.Module):
    """A stack of layers that start from the same values, as PyTorch's ``nn.TransformerEncoder``; no final norm.

    Args:
        channels, num_heads, hidden, dropout: See :class:`PostNormLayer`.
        num_layers: Number of layers.
    """

    def __init__(self, channels: int, num_heads: int, num_layers: int, hidden: int = 2048, dropout: float = 0.1):
        super().__init__()
        self.layers = nn.ModuleList([PostNormLayer(channels, num_heads, hidden, dropout) for _ in range(num_layers)])
        for layer in self.layers[1:]:
            layer.load_state_dict(self.layers[0].state_dict())

    def forward(self, x: Tensor, padding: Tensor | None = None) -> Tensor:
        """(B, T, d) -> (B, T, d); ``padding``: see :func:`attend`."""
        for layer in self.layers:
            x = layer(x, padding)
        return x
