"""ST-GCN: ten blocks of graph convolution over joints and 9-frame convolution over time.

S. Yan, Y. Xiong, D. Lin, "Spatial Temporal Graph Convolutional Networks for Skeleton-Based Action Recognition",
AAAI 2018, arXiv 1801.07455. Official code: github.com/yysijie/st-gcn (BSD-2-Clause; none stated for the weights).
The blocks are MMAction2's (Apache-2.0); ours adds what its ``STGCN`` does not offer: any layout, the ``uniform`` and
``distance`` partitions, dilated hops, the corrected spatial partition, the published initialisation.
"""
from __future__ import annotations

import torch
from mmaction.models.backbones.stgcn import STGCN, STGCNBlock
from mmaction.registry import MODELS
from mmengine.model import BaseModule, ModuleList
from torch import nn

from mmskel.files.errors import UserError
from mmskel.models.layers import FastDropout
from mmskel.skeleton import Layout, get_layout
from mmskel.skeleton import partition as adjacency_of


@MODELS.register_module()
class SkeletonSTGCN(STGCN):
    """MMAction2's ``STGCN`` on any skeleton: (N, M, T, V, C) in, (N, M, 256, T/4, V) out.

    Args:
        layout: Joint order, or a :class:`~mmskel.skeleton.Layout`.
        partition: Kind of partition: ``'spatial'``, ``'distance'``, ``'uniform'`` (the paper's) or ``'inout'``
            (CTR-GCN's).
        max_hop, dilation: Hops of a link, see :func:`mmskel.skeleton.partition`.
        corrected: Whether the spatial partition uses the full distance to the centre; published weights need False.
        in_channels: Number of coordinates, C.
        base_channels: Width of the first stage.
        num_stages, inflate_stages, down_stages: Blocks (counted from 1), where channels double, where T halves.
        data_bn_type: Kind of input norm: ``'VC'``: persons share the statistics of the input's batch norm; ``'MVC'``;
            ``'none'``.
        num_person: Number of persons, M, for ``'MVC'`` only.
        edge_importance: Learned part of the graph: ``'importance'`` (a weight per link, published),
            ``'init'`` (the adjacency itself), ``'offset'``, or None.
        with_res: Whether to use ST-GCN++'s shortcut inside the graph convolution.
        temporal: Temporal module: ``'unit_tcn'`` (9 frames, published) or ``'mstcn'`` (ST-GCN++'s six branches).
        dropout: Dropout after the temporal convolution; the first block has none.
        published_init: Whether to initialise as the published training script: convolutions N(0, 0.02), biases 0, batch
            norm gains N(1, 0.02). False: MMAction2's.
        init_cfg: Initialisation in the form of MMEngine.
    """

    def __init__(self, layout: str | Layout, partition: str = 'spatial', max_hop: int = 1, dilation: int = 1,
                 corrected: bool = False, in_channels: int = 3, base_channels: int = 64, num_stages: int = 10,
                 inflate_stages: tuple[int, ...] = (5, 8), down_stages: tuple[int, ...] = (5, 8),
                 data_bn_type: str = 'VC', num_person: int = 2, edge_importance: str | None = 'importance',
                 with_res: bool = False, temporal: str = 'unit_tcn', dropout: float = 0.,
                 published_init: bool = False, init_cfg: dict | list | None = None):
        BaseModule.__init__(self, init_cfg)  # not STGCN's: it knows three layouts and builds its own graph
        self.layout = get_layout(layout).name
        adjacency = torch.tensor(adjacency_of(layout, partition, max_hop, dilation, corrected), dtype=torch.float32)
        width = in_channels * adjacency.shape[-1]
        sizes = dict(VC=width, MVC=width * num_person)
        if data_bn_type not in (*sizes, 'none'):
            raise UserError(f"data_bn_type must be 'VC', 'MVC' or 'none', not '{data_bn_type}'")
        self.data_bn_type = data_bn_type
        self.data_bn = nn.BatchNorm1d(sizes[data_bn_type]) if data_bn_type in sizes else nn.Identity()
        self.in_channels, self.base_channels, self.published_init = in_channels, base_channels, published_init
        options = dict(gcn_adaptive=edge_importance, gcn_with_res=with_res, tcn_type=temporal)
        blocks, channels = [], in_channels
        for stage in range(1, num_stages + 1):
            if stage == 1 and in_channels == base_channels:
                continue  # MMAction2's rule: the first block only widens
            width = base_channels * 2**sum(s <= stage for s in inflate_stages)
            drop = {} if stage == 1 else dict(tcn_dropout=dropout)
            blocks.append(STGCNBlock(channels, width, adjacency.clone(), 1 + (stage in down_stages),
                                     residual=stage > 1, **options, **drop))
            channels = width
        for block in blocks:
            if isinstance(block.tcn.drop, nn.Dropout):
                block.tcn.drop = FastDropout(block.tcn.drop.p)
        self.num_stages, self.out_channels = len(blocks), channels
        self.gcn = ModuleList(blocks)

    def init_weights(self) -> None:
        """MMAction2's initialisation, or the published one on request."""
        super().init_weights()
        if not self.published_init:
            return
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, 0, 0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
                nn.init.normal_(module.weight, 1, 0.02)
                nn.init.zeros_(module.bias)
