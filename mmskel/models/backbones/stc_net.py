"""STC-Net: graph convolution with dilated kernels, and curves through the nearest joints of neighbouring frames.

J. Lee, M. Lee, S. Cho, S. Woo, S. Jang, S. Lee, "Leveraging Spatio-Temporal Dependency for Skeleton-Based Action
Recognition", ICCV 2023, arXiv 2212.04761. Official repository: github.com/Jho-Yonsei/STC-Net (MIT; it holds no code and
no weights).
Published: inter-frame nearest neighbours, curves along them, dilated adjacency matrices without further parameters, a
spatial and a temporal module, size and accuracy. From the same first author's HD-GCN: blocks, widths, strides, the
temporal module, shortcuts, norms, initialisation, input, schedule. Our decision: the exact form of the curves, of the
dilated kernels and of their sum. docs/published/stc_net.md lists them; do not mistake this for the authors' network.

Inside, tensors are (V, B, T, C), joints first and channels last, B = N * M; the curve module has time first.
"""
from __future__ import annotations

import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModule, ModuleList
from torch import Tensor, nn
from torch.nn import functional

from mmskel.files.errors import UserError
from mmskel.models.kernels.curves import (
    Links,
    along_curves,
    curve_joints,
    frame_distances,
    full_curves,
    link_features,
    link_weights,
    nearest_links,
)
from mmskel.models.kernels.dilated import add_graph_convs
from mmskel.models.layers import LinearNorm, affine_of, normalize
from mmskel.models.layers.graph_block import GraphBlock
from mmskel.skeleton import Layout, dilated_kernel, get_layout


class CurveModule(nn.Module):
    """The spatio-temporal curve (STC) module: joints exchange features along curves through neighbouring frames.

    Every joint is linked to the ``neighbours`` joints of the next and of the previous frame that are most similar to
    it, itself excluded; features of links are gathered as in an edge convolution, and then summed along the curves that
    the nearest links make (docs/published/stc_net.md, D6, D7, D8, D9 and D10).

    Args:
        in_channels, out_channels: C before and after; inside, a quarter of ``out_channels``.
        neighbours: Number of links of a joint in either direction; at most V - 1 are used.
        curve_radius: Number of frames before and after that a curve convolution spans.
    """

    def __init__(self, in_channels: int, out_channels: int, neighbours: int = 5, curve_radius: int = 1):
        super().__init__()
        if neighbours < 1 or curve_radius < 0:
            raise UserError('neighbours must be at least 1 and curve_radius at least 0, not '
                            f'{neighbours} and {curve_radius}')
        width = out_channels // 4
        self.neighbours, self.curve_radius = neighbours, curve_radius
        self.reduce = LinearNorm(in_channels, width)
        embedding = max(width // 4, 8)
        self.embed_weight = nn.Parameter(torch.empty(2, embedding, width))  # query and key
        self.embed_bias = nn.Parameter(torch.zeros(2, embedding))
        self.edge_weight = nn.Parameter(torch.empty(2, width, width))  # for neighbours, and for the joint itself
        self.curve = nn.Linear(width, (2 * curve_radius + 1) * width, bias=False)
        self.out = nn.Linear(width, out_channels)
        for weight in (self.embed_weight, self.edge_weight, self.curve.weight, self.out.weight):
            nn.init.normal_(weight, 0, (2 / weight.shape[-2])**0.5)  # Kaiming, fan-out
        nn.init.zeros_(self.out.bias)

    def links(self, x: Tensor) -> Links:
        """(V, B, T, Cin) -> the links of all pairs of frames; T and V are at least 2."""
        return nearest_links(self._distances(self._reduced(x)), self._links_of(x))

    def link_features(self, x: Tensor) -> tuple[Tensor, Links | None]:
        """(V, B, T, Cin) -> (T, B, V, c) features of the links, and the links; None for one frame or one joint."""
        return self._link_features(self._reduced(x), self._links_of(x))

    def forward(self, x: Tensor) -> Tensor:
        """(V, B, T, Cin) -> (V, B, T, c): the sums along curves, which :attr:`out` takes to ``out_channels``."""
        return self.sum_along_curves(*self.link_features(x))

    def sum_along_curves(self, features: Tensor, links: Links | None) -> Tensor:
        """The curve convolution: the result of :meth:`link_features` -> (V, B, T, c)."""
        taps = functional.linear(features, self.curve.weight)
        if links is None:  # curves stay at their joint
            joints = torch.arange(features.shape[2], device=features.device).expand(2 * self.curve_radius + 1,
                                                                                   *features.shape[:3])
        else:
            joints = curve_joints(links, self.curve_radius)
        return along_curves(taps, joints).permute(2, 1, 0, 3)

    def _links_of(self, x: Tensor) -> int:
        """k; 0 if there is no other frame or no other joint."""
        return min(self.neighbours, len(x) - 1) if x.shape[2] > 1 else 0

    def _reduced(self, x: Tensor) -> Tensor:
        """(V, B, T, Cin) -> (T, B, V, c)."""
        return functional.relu_(self.reduce(x)).permute(2, 1, 0, 3).contiguous()

    def _distances(self, h: Tensor) -> Tensor:
        with torch.autocast(h.device.type, enabled=False):
            weight, bias = self.embed_weight.flatten(0, 1), self.embed_bias.flatten()
            query, key = functional.linear(h.to(weight.dtype), weight, bias).chunk(2, -1)
        return frame_distances(query, key)

    def _link_features(self, h: Tensor, k: int) -> tuple[Tensor, Links | None]:
        neighbour, centre = functional.linear(h, self.edge_weight.flatten(0, 1)).chunk(2, -1)
        if not k:
            # the product makes these parameters visible to DDP
            unused = (self.embed_weight.sum() + self.embed_bias.sum()) * 0
            return functional.leaky_relu(neighbour + centre + unused.to(centre.dtype), 0.2), None
        distance = self._distances(h)
        links = nearest_links(distance, k)
        return link_features(neighbour, centre, *link_weights(distance, links)), links


class SpatialModule(nn.Module):
    """Dilated-kernel graph convolutions side by side, plus the curve module: ``ReLU(BN(sum) + shortcut)``.

    See docs/published/stc_net.md, D1 and D5.

    Args:
        in_channels, out_channels: Numbers of channels before and after.
        kernels: Kernels (W, 3, V, V), one per window, see :func:`~mmskel.skeleton.dilated_kernel`.
        neighbours, curve_radius: See :class:`CurveModule`.
    """

    def __init__(self, in_channels: int, out_channels: int, kernels: Tensor, neighbours: int, curve_radius: int):
        super().__init__()
        windows, subsets = kernels.shape[:2]
        width = out_channels // windows
        self.graph = nn.Parameter(kernels.clone())
        self.weight = nn.Parameter(torch.empty(windows, subsets, width, in_channels))
        self.bias = nn.Parameter(torch.zeros(windows, subsets, width))
        self.stc = CurveModule(in_channels, out_channels, neighbours, curve_radius)
        self.norm = nn.BatchNorm1d(out_channels)
        self.down = LinearNorm(in_channels, out_channels) if in_channels != out_channels else nn.Identity()
        nn.init.normal_(self.weight, 0, (2 / (subsets * width))**0.5)  # Kaiming; one convolution per window
        nn.init.constant_(self.norm.weight, 1e-6)

    def forward(self, x: Tensor) -> Tensor:
        """(V, B, T, Cin) -> (V, B, T, Cout)."""
        windows, _, width, _ = self.weight.shape
        weight, bias, out, shift = self.weight, self.bias, self.stc.out.weight, self.stc.out.bias
        if not self.norm.training:  # the norm is folded into the preceding layer
            scale, offset = affine_of(self.norm)
            per_window = scale.view(windows, 1, width)
            weight, bias, out = weight * per_window[..., None], bias * per_window, out * scale[:, None]
            shift = shift * scale + offset
        # a bias before a graph product becomes one number per joint
        shift = torch.einsum('wsvu,wsc->vwc', self.graph, bias).reshape(len(x), 1, -1) + shift
        curves = self.stc(x).reshape(len(x), -1, out.shape[1])
        total = torch.baddbmm(shift, curves, out.t().expand(len(x), -1, -1)).view(*x.shape[:3], -1)
        total = add_graph_convs(total, x, self.graph, weight.transpose(2, 3))
        if self.norm.training:
            return normalize(total, self.norm, self.down(x), activate=True)
        return functional.relu_(total + self.down(x))


@MODELS.register_module()
class STCNet(BaseModule):
    """STC-Net for ``RecognizerGCN``: (N, M, T, V, C) in, (N, M, 256, T/4, V) out.

    Args:
        layout: Joint order, or a :class:`~mmskel.skeleton.Layout`.
        centre: Joint that inward links lead to, index or name; default: the layout's centre.
        in_channels: Number of coordinates, C.
        num_person: Number of persons, M; the input's batch norm spans the persons.
        base_channels: Width of the first stage.
        windows: Dilations of the graph kernels, in bones; each gives an equal share of the channels.
        neighbours: Number of links of a joint to the next and to the previous frame; at most V - 1 are used.
        curve_radius: Number of frames before and after that a curve convolution spans.
        num_stages, inflate_stages, down_stages: Blocks (counted from 1), where channels double, where T halves.
        init_cfg: Initialisation in the form of MMEngine; the published one is built in.

    Raises:
        ValueError: If ``base_channels`` does not divide into four branches and into the windows.

    Attributes:
        onnx_tolerance: Largest difference from ONNX Runtime's scores, relative to the largest: among joints that are
            almost equally near, rounding may pick a different one, and the scores jump.
    """
    onnx_tolerance = 1e-2

    def __init__(self, layout: str | Layout, centre: int | str | None = None, in_channels: int = 3,
                 num_person: int = 2, base_channels: int = 64, windows: tuple[int, ...] = (1, 2, 3, 4),
                 neighbours: int = 5, curve_radius: int = 1, num_stages: int = 10,
                 inflate_stages: tuple[int, ...] = (5, 8), down_stages: tuple[int, ...] = (5, 8),
                 init_cfg: dict | list | None = None):
        super().__init__(init_cfg)
        layout = get_layout(layout)
        if not windows or base_channels % 4 or base_channels % len(windows):
            raise UserError(f'base_channels must be a multiple of 4, the number of branches, and of the {len(windows)} '
                            f'windows, not {base_channels}')
        kernels = torch.stack([torch.from_numpy(dilated_kernel(layout, window, centre)).float() for window in windows])
        self.layout, self.num_person = layout.name, num_person
        self.data_bn = nn.BatchNorm1d(num_person * layout.num_joints * in_channels)
        blocks, channels = [], in_channels
        for stage in range(1, num_stages + 1):
            width = base_channels * 2**sum(s <= stage for s in inflate_stages)
            gcn = SpatialModule(channels, width, kernels, neighbours, curve_radius)
            blocks.append(GraphBlock(gcn, channels, width, 1 + (stage in down_stages), first=stage == 1))
            channels = width
        self.blocks, self.out_channels = ModuleList(blocks), channels

    def forward(self, x: Tensor) -> Tensor:
        """(N, M, T, V, C) -> (N, M, 256, T', V)."""
        clips, persons, _, joints, _ = x.shape
        x = self._normalized(x)
        for block in self.blocks:
            x = block(x)
        return x.permute(1, 3, 2, 0).reshape(clips, persons, self.out_channels, -1, joints)

    @torch.no_grad()
    def curves(self, x: Tensor, block: int = 1) -> Tensor:
        """The curves that begin at the joints of the first frame, as seen by a block.

        Args:
            x: (N, M, T, V, C).
            block: Number of the block, counted from 1.

        Returns:
            (N, M, T', V) joints: the position of each curve in every frame of that block; blocks after ``down_stages``
            have every second or every fourth frame.

        Raises:
            UserError: An unknown block.
        """
        if not 1 <= block <= len(self.blocks):
            raise UserError(f'the network has blocks 1 to {len(self.blocks)}; there is no block {block}')
        clips, persons, _, joints, _ = x.shape
        x = self._normalized(x)
        for earlier in self.blocks[:block - 1]:
            x = earlier(x)
        if x.shape[2] == 1 or joints == 1:
            return torch.arange(joints, device=x.device).expand(clips, persons, x.shape[2], -1)
        following = self.blocks[block - 1].gcn.stc.links(x).forward[..., 0]
        return full_curves(following).transpose(0, 1).unflatten(0, (clips, persons))

    def _normalized(self, x: Tensor) -> Tensor:
        """(N, M, T, V, C) -> (V, B, T, C)."""
        clips, persons, frames, joints, channels = x.shape
        if persons != self.num_person:
            raise UserError(f'STCNet was built for num_person={self.num_person}, but the clips have {persons} '
                            'persons; its input norm spans the persons. Set num_person of the model and of '
                            'SetPersons alike')
        x = normalize(x.transpose(1, 2).reshape(clips, frames, -1), self.data_bn)
        x = x.view(clips, frames, persons, joints, channels).permute(3, 0, 2, 1, 4)
        return x.reshape(joints, clips * persons, frames, channels)
