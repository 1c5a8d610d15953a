"""EdgeConv: convolution over the k nearest neighbours in feature space.

Y. Wang et al., "Dynamic Graph CNN for Learning on Point Clouds", ACM TOG 2019, arXiv 1801.07829; as HD-GCN uses it
(``docs/published/hd_gcn.md``, D6).
"""
from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from mmskel.models.layers.linear_norm import affine_of, normalize


class EdgeConv(nn.Module):
    """``G`` EdgeConvs side by side, each with its own weight and its own neighbours.

    ``out_i = max over the k nearest j (i included) of LeakyReLU(BN(W [x_j - x_i ; x_i]))``. The product is taken
    apart, ``W1 x_j + (W2 - W1) x_i``, so that every point is projected once instead of once per neighbour.

    Args:
        channels: C, kept.
        num_neighbours: k; at most the number of points is used.
        groups: G.
    """

    def __init__(self, channels: int, num_neighbours: int, groups: int = 1):
        super().__init__()
        self.num_neighbours = num_neighbours
        self.weight = nn.Parameter(torch.empty(groups, channels, 2 * channels))
        self.norm = nn.BatchNorm1d(groups * channels)
        nn.init.normal_(self.weight, 0, (2 / channels)**0.5)

    def forward(self, x: Tensor) -> Tensor:
        """(B, P, G, C) features of P points -> the same shape."""
        batch, points, groups, channels = x.shape
        weight = self.weight
        if not self.norm.training:
            scale, shift = affine_of(self.norm)
            weight = weight * scale.view(groups, channels, 1)
        of_neighbour, of_point = weight.split(channels, 2)
        both = torch.cat([of_neighbour, of_point - of_neighbour], 1)
        projected = torch.bmm(x.reshape(-1, groups, channels).transpose(0, 1), both.transpose(1, 2))
        neighbour, own = projected.transpose(0, 1).reshape(batch, points, groups, 2, channels).unbind(3)
        nearest = nearest_points(x, self.num_neighbours)
        k = nearest.shape[2]
        picked = neighbour.gather(1, nearest.reshape(batch, points * k, groups, 1).expand(-1, -1, -1, channels))
        edges = (picked.view(batch, points, k, groups, channels) + own[:, :, None]).flatten(3)
        edges = normalize(edges, self.norm) if self.norm.training else edges + shift
        return functional.leaky_relu(edges, 0.2).amax(2).view(x.shape)


@torch.no_grad()
def nearest_points(x: Tensor, k: int) -> Tensor:
    """The ``k`` nearest points of every point, itself included, by Euclidean distance.

    Args:
        x: (B, P, G, C).

    Returns:
        (B, P, min(k, P), G) indices.
    """
    with torch.autocast(x.device.type, enabled=False):  # rounding would change neighbours
        x = x.to(torch.promote_types(x.dtype, torch.float32)).permute(0, 2, 1, 3)
        # the distance to j, less what is the same for all j
        far = x.square().sum(-1)[..., None, :] - 2 * x @ x.transpose(-1, -2)
    return far.topk(min(k, x.shape[2]), largest=False, sorted=False).indices.permute(0, 2, 3, 1)
