"""STC-Net written down plainly from docs/published/stc_net.md: the oracle of the fast one, and what it is timed against.

Module names are those of the page. Symbols: B = N * M, C channels, T frames, V joints, k links.
"""
import torch
from reference.hd_gcn import MultiBranch, Residual, kaiming
from torch import nn
from torch.nn import functional

from mmskel.skeleton import get_layout


def dilated(layout, window):
    """Identity, inward and outward matrices from the w-th power of the parent matrix."""
    layout = get_layout(layout)
    parent = torch.zeros(layout.num_joints, layout.num_joints)
    for child, head in layout.edges:
        parent[head, child] = 1
    up = (torch.linalg.matrix_power(parent, window) > 0).float()
    return torch.stack([torch.eye(len(up)), *(a / a.sum(0).clamp(min=1) for a in (up, up.T))])


class DK(nn.Module):

    def __init__(self, cin, width, graph):
        super().__init__()
        self.PA = nn.Parameter(graph.clone())
        self.conv = kaiming(nn.Conv2d(cin, 3 * width, 1))

    def forward(self, x):  # (B, C, T, V)
        h = self.conv(x).unflatten(1, (3, -1))
        return torch.einsum('svu,bsctu->bctv', self.PA, h)


class STC(nn.Module):

    def __init__(self, in_channels, out_channels, neighbours=5, curve_radius=1):
        super().__init__()
        c = out_channels // 4
        e = max(c // 4, 8)
        self.neighbours, self.r = neighbours, curve_radius
        self.reduce = nn.Sequential(kaiming(nn.Conv2d(in_channels, c, 1)), nn.BatchNorm2d(c), nn.ReLU())
        self.query, self.key = kaiming(nn.Conv2d(c, e, 1)), kaiming(nn.Conv2d(c, e, 1))
        self.edge_neighbour = kaiming(nn.Conv2d(c, c, 1, bias=False))
        self.edge_centre = kaiming(nn.Conv2d(c, c, 1, bias=False))
        self.curve = kaiming(nn.Conv2d(c, (2 * curve_radius + 1) * c, 1, bias=False))
        self.out = kaiming(nn.Conv2d(c, out_channels, 1))

    def links(self, q, kappa):
        """(B, T - 1, V, k) links and their distances, forward and backward."""
        q, kappa = q[:, :, :-1].permute(0, 2, 3, 1), kappa[:, :, 1:].permute(0, 2, 3, 1)
        d = (q[..., :, None, :] - kappa[..., None, :, :]).square().sum(-1) / q.shape[-1]
        joints = d.shape[-1]
        d = d.masked_fill(torch.eye(joints, dtype=torch.bool), torch.inf)
        k = min(self.neighbours, joints - 1)
        forward = d.topk(k, -1, largest=False)
        backward = d.transpose(-1, -2).topk(k, -1, largest=False)
        return forward, backward

    def edges(self, own, other, distance, index):  # own, other (B, c, P, V); (B, P, V, k)
        batch, frame = torch.arange(len(own))[:, None, None, None], torch.arange(own.shape[2])[:, None, None]
        neighbours = other.permute(0, 2, 3, 1)[batch, frame, index]  # (B, P, V, k, c)
        mean = (neighbours * torch.softmax(-distance, -1)[..., None]).sum(3).permute(0, 3, 1, 2)
        return functional.leaky_relu(self.edge_neighbour(mean) + self.edge_centre(own), 0.2)

    def features(self, h):
        """Link features (B, c, T, V); links forward and backward, None where there are none."""
        if h.shape[2] == 1 or h.shape[3] == 1:
            return functional.leaky_relu(self.edge_neighbour(h) + self.edge_centre(h), 0.2), None, None
        forward, backward = self.links(self.query(h), self.key(h))
        after = self.edges(h[:, :, :-1], h[:, :, 1:], *forward)
        before = self.edges(h[:, :, 1:], h[:, :, :-1], *backward)
        g = torch.cat([after[:, :, :1], (after[:, :, 1:] + before[:, :, :-1]) / 2, before[:, :, -1:]], 2)
        return g, forward.indices, backward.indices

    def curves(self, g, forward, backward):
        """(B, T, V, 2 r + 1, c): the features of the joints on the curve through every joint of every frame."""
        batch, frames, joints = len(g), g.shape[2], g.shape[3]
        stay = torch.arange(joints).expand(batch, 1, joints)
        if forward is None:
            stay = stay.expand(-1, frames, -1)
            following = preceding = stay
        else:
            following = torch.cat([forward[..., 0], stay], 1)
            preceding = torch.cat([stay, backward[..., 0]], 1)
        features, taps = g.permute(0, 2, 3, 1), []
        b, t = torch.arange(batch)[:, None, None], torch.arange(frames)[:, None]
        for shift in range(-self.r, self.r + 1):
            at = torch.arange(joints).expand(batch, frames, joints)
            for step in range(abs(shift)):
                at = following[b, (t + step).clamp(max=frames - 1), at] if shift > 0 else \
                    preceding[b, (t - step).clamp(min=0), at]
            taps.append(features[b, (t + shift).clamp(0, frames - 1), at])
        return torch.stack(taps, 3)

    def forward(self, x):
        g, forward, backward = self.features(self.reduce(x))
        width = g.shape[1]
        theta = self.curve.weight.view(2 * self.r + 1, width, width)
        return self.out(torch.einsum('btvdc,doc->botv', self.curves(g, forward, backward), theta))


class Spatial(nn.Module):

    def __init__(self, cin, cout, graphs, neighbours, curve_radius):
        super().__init__()
        self.dk = nn.ModuleList(DK(cin, cout // len(graphs), graph) for graph in graphs)
        self.stc = STC(cin, cout, neighbours, curve_radius)
        self.bn = nn.BatchNorm2d(cout)
        nn.init.constant_(self.bn.weight, 1e-6)
        if cin != cout:
            self.down = nn.Sequential(kaiming(nn.Conv2d(cin, cout, 1)), nn.BatchNorm2d(cout))

    def forward(self, x):
        y = self.bn(torch.cat([dk(x) for dk in self.dk], 1) + self.stc(x))
        return functional.relu(y + (self.down(x) if hasattr(self, 'down') else x))


class Block(nn.Module):

    def __init__(self, cin, cout, graphs, stride, first, neighbours, curve_radius):
        super().__init__()
        self.sm, self.tm, self.first = Spatial(cin, cout, graphs, neighbours, curve_radius), MultiBranch(cout, stride), first
        if not first and (cin != cout or stride != 1):
            self.residual = Residual(cin, cout, stride)

    def forward(self, x):
        y = self.tm(self.sm(x))
        if not self.first:
            y = y + (self.residual(x) if hasattr(self, 'residual') else x)
        return functional.relu(y)


class STCNetReference(nn.Module):

    def __init__(self, layout, num_class, num_person, windows=(1, 2, 3, 4), neighbours=5, curve_radius=1):
        super().__init__()
        graphs = [dilated(layout, window) for window in windows]
        self.data_bn = nn.BatchNorm1d(num_person * len(graphs[0][0]) * 3)
        widths = [3, 64, 64, 64, 64, 128, 128, 128, 256, 256, 256]
        self.blocks = nn.ModuleList(
            Block(cin, cout, graphs, 2 if i in (5, 8) else 1, i == 1, neighbours, curve_radius)
            for i, (cin, cout) in enumerate(zip(widths, widths[1:]), 1))
        self.fc = nn.Linear(256, num_class)
        nn.init.normal_(self.fc.weight, 0, (2 / num_class)**0.5)

    def forward(self, x):  # (N, C, T, V, M)
        n, c, t, v, m = x.shape
        x = self.data_bn(x.permute(0, 4, 3, 1, 2).reshape(n, m * v * c, t))
        x = x.view(n, m, v, c, t).permute(0, 1, 3, 4, 2).reshape(n * m, c, t, v)
        for block in self.blocks:
            x = block(x)
        return self.fc(x.mean((2, 3)).view(n, m, -1).mean(1))
