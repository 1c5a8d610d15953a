"""MP-GCN written down plainly, as the official code computes it: the oracle of the fast one, and what it is timed against.

Module names are the published ones. Symbols: G graphs of a clip, I streams, K partitions, V nodes of all persons.
"""
import torch
from torch import nn
from torch.nn import functional


def conv(cin, cout, kernel=1, stride=1, dilation=1):
    layer = nn.Conv2d(cin, cout, (kernel, 1), (stride, 1), ((kernel - 1) // 2 * dilation, 0), (dilation, 1))
    nn.init.kaiming_normal_(layer.weight, mode='fan_out', nonlinearity='relu')
    nn.init.zeros_(layer.bias)
    return layer


class GraphProduct(nn.Module):

    def __init__(self, cin, cout, partitions):
        super().__init__()
        self.gcn = conv(cin, cout * partitions)

    def forward(self, x, graph):  # (B, C, T, V), (K, V, V)
        y = self.gcn(x)
        y = y.view(len(x), len(graph), -1, *y.shape[2:])
        return torch.einsum('nkctu,kuw->nctw', y, graph)


class Spatial(nn.Module):

    def __init__(self, cin, cout, graph):
        super().__init__()
        self.register_buffer('A', graph.clone())
        self.edge = nn.Parameter(torch.ones_like(graph))
        self.conv = GraphProduct(cin, cout, len(graph))
        self.bn = nn.BatchNorm2d(cout)
        if cin != cout:
            self.residual = nn.Sequential(conv(cin, cout), nn.BatchNorm2d(cout))

    def forward(self, x):
        rest = self.residual(x) if hasattr(self, 'residual') else x
        return functional.relu(self.bn(self.conv(x, self.A * self.edge)) + rest)


class Sided(nn.Module):
    """A convolution over time with its norm."""

    def __init__(self, cin, cout, kernel=1, stride=1, dilation=1):
        super().__init__()
        self.conv, self.bn = conv(cin, cout, kernel, stride, dilation), nn.BatchNorm2d(cout)

    def forward(self, x):
        return self.bn(self.conv(x))


class Temporal(nn.Module):

    def __init__(self, channels, kernel, stride):
        super().__init__()
        c = channels // 4

        def reduce():
            return [conv(channels, c), nn.BatchNorm2d(c), nn.ReLU()]
        self.branches = nn.ModuleList([
            nn.Sequential(*reduce(), Sided(c, c, kernel, stride, 1)), nn.Sequential(*reduce(), Sided(c, c, kernel, stride, 2)),
            nn.Sequential(*reduce(), nn.MaxPool2d((3, 1), (stride, 1), (1, 0)), nn.BatchNorm2d(c)),
            nn.Sequential(conv(channels, c, 1, stride), nn.BatchNorm2d(c))])
        if stride != 1:
            self.residual = Sided(channels, channels, 1, stride)

    def forward(self, x):
        rest = self.residual(x) if hasattr(self, 'residual') else x
        return torch.cat([branch(x) for branch in self.branches], 1) + rest


class Attention(nn.Module):

    def __init__(self, channels, ratio, part_of_node):
        super().__init__()
        counts = torch.bincount(part_of_node)
        inner = channels // ratio
        self.joints = nn.Parameter(part_of_node, requires_grad=False)
        one_hot = functional.one_hot(part_of_node, len(counts)).float()
        self.mat = nn.Parameter(one_hot / counts, requires_grad=False)
        self.fcn = nn.Sequential(conv(channels, inner), nn.BatchNorm2d(inner), nn.ReLU())
        self.conv_t, self.conv_v = conv(inner, channels), conv(inner, channels)
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, x):
        over_time = x.mean(3, keepdim=True)  # (B, C, T, 1)
        over_parts = (x.mean(2) @ self.mat)[..., None]  # (B, C, G, 1)
        both = self.fcn(torch.cat([over_time, over_parts], 2))
        of_time, of_parts = both.split([x.shape[2], self.mat.shape[1]], 2)
        gate_t = torch.sigmoid(self.conv_t(of_time))
        gate_v = torch.sigmoid(self.conv_v(of_parts)).transpose(2, 3)[..., self.joints]
        return functional.relu(self.bn(x * gate_t * gate_v) + x)


class Block(nn.Module):

    def __init__(self, cin, cout, graph, part_of_node, kernel, ratio, stride=1):
        super().__init__()
        self.scn, self.tcn = Spatial(cin, cout, graph), Temporal(cout, kernel, stride)
        self.att = Attention(cout, ratio, part_of_node) if ratio else nn.Identity()

    def forward(self, x):
        return self.att(self.tcn(self.scn(x)))


class Branch(nn.Module):

    def __init__(self, cin, *shared):
        super().__init__()
        self.bn = nn.BatchNorm2d(cin)
        self.layers = nn.ModuleList(Block(a, b, *shared) for a, b in ((cin, 64), (64, 64), (64, 32)))

    def forward(self, x):
        x = self.bn(x)
        for layer in self.layers:
            x = layer(x)
        return x


class MPGCNReference(nn.Module):
    """``ratio`` 0: without attention."""

    def __init__(self, streams, channels, num_class, graph, part_of_node, kernel=3, ratio=2):
        super().__init__()
        graph, part_of_node = torch.as_tensor(graph, dtype=torch.float32), torch.as_tensor(part_of_node)
        shared = graph, part_of_node, kernel, ratio
        self.input_branches = nn.ModuleList(Branch(channels, *shared) for _ in range(streams))
        widths = [32 * streams, 128, 128, 128, 256, 256, 256]
        self.main_stream = nn.ModuleList(Block(a, b, *shared, stride) for a, b, stride in zip(
            widths, widths[1:], (2, 1, 1, 2, 1, 1)))
        self.fcn = nn.Linear(256, num_class)
        nn.init.normal_(self.fcn.weight, 0, 0.001)
        nn.init.zeros_(self.fcn.bias)

    def forward(self, x):  # (N, I, 2C, T, V, G)
        clips, streams, channels, frames, nodes, graphs = x.shape
        x = x.permute(1, 0, 5, 2, 3, 4).reshape(streams, clips * graphs, channels, frames, nodes)
        x = torch.cat([branch(part) for branch, part in zip(self.input_branches, x)], 1)
        for block in self.main_stream:
            x = block(x)
        return self.fcn(x.mean((2, 3)).view(clips, graphs, -1).mean(1))
