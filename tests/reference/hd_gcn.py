"""HD-GCN written down plainly, as the official code computes it: the oracle of the fast one, and what it is timed against.

Module names are the published ones. Symbols: B = N * M, C channels, L layers, T frames, V joints.
"""
import torch
from torch import nn
from torch.nn import functional

from mmskel.skeleton import hierarchy_graph, hierarchy_rings


def kaiming(conv):
    nn.init.kaiming_normal_(conv.weight, mode='fan_out')
    if conv.bias is not None:
        nn.init.zeros_(conv.bias)
    return conv


class EdgeConv(nn.Module):

    def __init__(self, channels, k):
        super().__init__()
        self.k = k
        self.conv = nn.Sequential(kaiming(nn.Conv2d(2 * channels, channels, 1, bias=False)), nn.BatchNorm2d(channels),
                                  nn.LeakyReLU(0.2))

    def forward(self, x):  # (B, C, P)
        with torch.no_grad():
            squared = (x * x).sum(1)
            distance = squared[:, :, None] + squared[:, None] - 2 * x.transpose(1, 2) @ x
            nearest = distance.topk(self.k, largest=False).indices  # (B, P, k)
        points = x.transpose(1, 2)
        batch = torch.arange(len(x))[:, None, None]
        neighbours = points[batch, nearest]  # (B, P, k, C)
        centres = points[:, :, None].expand_as(neighbours)
        features = torch.cat([neighbours - centres, centres], 3).permute(0, 3, 1, 2)
        return self.conv(features).max(-1)[0]


class AHA(nn.Module):

    def __init__(self, channels, rings):
        super().__init__()
        self.rings = rings
        self.conv_down = nn.Sequential(kaiming(nn.Conv2d(channels, channels // 4, 1)), nn.BatchNorm2d(channels // 4),
                                       nn.ReLU())
        self.edge_conv = EdgeConv(channels // 4, 3)
        self.aggregate = nn.Conv1d(channels // 4, channels, 1)

    def forward(self, x):  # (B, C, L, T, V)
        down = self.conv_down(x.max(3)[0])
        layers = torch.stack([down[:, :, i, [*self.rings[i], *self.rings[i + 1]]].mean(-1) for i in range(x.shape[2])], -1)
        gate = torch.sigmoid(self.aggregate(self.edge_conv(layers)))
        return (x * gate[..., None, None]).sum(2)


class GraphConv(nn.Module):

    def __init__(self, cin, cout, rings, attention):
        super().__init__()
        graph = torch.tensor(hierarchy_graph(rings), dtype=torch.float32)
        c = cout // 4
        self.PA = nn.Parameter(graph)
        self.conv_down = nn.ModuleList(nn.Sequential(kaiming(nn.Conv2d(cin, c, 1)), nn.BatchNorm2d(c), nn.ReLU())
                                       for _ in graph)
        self.conv = nn.ModuleList(nn.ModuleList([*(nn.Sequential(kaiming(nn.Conv2d(c, c, 1)), nn.BatchNorm2d(c))
                                                   for _ in range(3)), EdgeConv(c, 5)]) for _ in graph)
        if attention:
            self.aha = AHA(cout, rings)
        if cin != cout:
            self.down = nn.Sequential(kaiming(nn.Conv2d(cin, cout, 1)), nn.BatchNorm2d(cout))
        self.bn = nn.BatchNorm2d(cout)
        nn.init.constant_(self.bn.weight, 1e-6)

    def forward(self, x):  # (B, C, T, V)
        layers = []
        for graph, down, convs in zip(self.PA, self.conv_down, self.conv):
            h = down(x)
            parts = [conv(torch.einsum('vu,bctu->bctv', a, h)) for a, conv in zip(graph, convs)]
            edge = convs[3](h.mean(2))
            parts.append(edge[:, :, None].expand(-1, -1, h.shape[2], -1))
            layers.append(torch.cat(parts, 1))
        stacked = torch.stack(layers, 2)
        total = self.aha(stacked) if hasattr(self, 'aha') else stacked.sum(2)
        return functional.relu(self.bn(total) + (self.down(x) if hasattr(self, 'down') else x))


class TemporalConv(nn.Module):

    def __init__(self, channels, kernel, stride, dilation):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, (kernel, 1), (stride, 1), ((kernel - 1) // 2 * dilation, 0),
                              (dilation, 1), bias=False)
        kaiming(self.conv)
        self.bias = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, x):
        return self.bn(self.conv(x) + self.bias)


class MultiBranch(nn.Module):

    def __init__(self, channels, stride):
        super().__init__()
        c = channels // 4

        def reduce():
            return [kaiming(nn.Conv2d(channels, c, 1)), nn.BatchNorm2d(c), nn.ReLU()]
        self.branches = nn.ModuleList([
            nn.Sequential(*reduce(), TemporalConv(c, 5, stride, 1)),
            nn.Sequential(*reduce(), TemporalConv(c, 5, stride, 2)),
            nn.Sequential(*reduce(), nn.MaxPool2d((3, 1), (stride, 1), (1, 0)), nn.BatchNorm2d(c)),
            nn.Sequential(kaiming(nn.Conv2d(channels, c, 1, (stride, 1))), nn.BatchNorm2d(c))])
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                nn.init.normal_(module.weight, 1, 0.02)

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], 1)


class Residual(nn.Module):

    def __init__(self, cin, cout, stride):
        super().__init__()
        self.conv, self.bn = kaiming(nn.Conv2d(cin, cout, 1, (stride, 1))), nn.BatchNorm2d(cout)

    def forward(self, x):
        return self.bn(self.conv(x))


class Block(nn.Module):

    def __init__(self, cin, cout, rings, stride, first):
        super().__init__()
        self.gcn1, self.tcn1, self.first = GraphConv(cin, cout, rings, not first), MultiBranch(cout, stride), first
        if not first and (cin != cout or stride != 1):
            self.residual = Residual(cin, cout, stride)

    def forward(self, x):
        y = self.tcn1(self.gcn1(x))
        if not self.first:
            y = y + (self.residual(x) if hasattr(self, 'residual') else x)
        return functional.relu(y)


class HDGCNReference(nn.Module):

    def __init__(self, layout, centre, num_class, num_person):
        super().__init__()
        rings = hierarchy_rings(layout, centre)
        self.data_bn = nn.BatchNorm1d(num_person * sum(map(len, rings)) * 3)
        widths = [3, 64, 64, 64, 64, 128, 128, 128, 256, 256, 256]
        for i, (cin, cout) in enumerate(zip(widths, widths[1:]), 1):
            setattr(self, f'l{i}', Block(cin, cout, rings, 2 if i in (5, 8) else 1, i == 1))
        self.fc = nn.Linear(256, num_class)
        nn.init.normal_(self.fc.weight, 0, (2 / num_class)**0.5)

    def forward(self, x):  # (N, C, T, V, M)
        n, c, t, v, m = x.shape
        x = self.data_bn(x.permute(0, 4, 3, 1, 2).reshape(n, m * v * c, t))
        x = x.view(n, m, v, c, t).permute(0, 1, 3, 4, 2).reshape(n * m, c, t, v)
        for i in range(1, 11):
            x = getattr(self, f'l{i}')(x)
        return self.fc(x.mean((2, 3)).view(n, m, -1).mean(1))
