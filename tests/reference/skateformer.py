"""SkateFormer written down plainly, as the official code computes it: the oracle of the fast one, and what it is timed
against.

Module names are the published ones. Symbols: B clips, C channels, T frames, V joints of a person, W tokens of a frame.
"""
import torch
from torch import nn
from torch.nn import functional

FAR_JOINTS, FAR_FRAMES = (False, True, False, True), (False, False, True, True)


def table(*shape):
    return nn.Parameter(nn.init.trunc_normal_(torch.empty(*shape), std=0.02))


def partition(x, kind, size):  # (B, T, W, C) -> (B P, a b, C)
    B, T, W, C = x.shape
    a, b = size
    x = x.view(B, *((a, T // a) if FAR_FRAMES[kind] else (T // a, a)), *((b, W // b) if FAR_JOINTS[kind] else (W // b, b)),
               C)
    outer = (2 if FAR_FRAMES[kind] else 1), (4 if FAR_JOINTS[kind] else 3)
    inner = (1 if FAR_FRAMES[kind] else 2), (3 if FAR_JOINTS[kind] else 4)
    return x.permute(0, *outer, *inner, 5).reshape(-1, a * b, C)


def reverse(windows, kind, size, shape):  # the inverse; shape = (B, T, W)
    B, T, W = shape
    a, b = size
    x = windows.view(B, T // a, W // b, a, b, -1)
    frames = (3, 1) if FAR_FRAMES[kind] else (1, 3)
    joints = (4, 2) if FAR_JOINTS[kind] else (2, 4)
    return x.permute(0, *frames, *joints, 5).reshape(B, T, W, -1)


class Attention(nn.Module):

    def __init__(self, heads, kind, size, attn_drop):
        super().__init__()
        a, b = size
        self.heads, self.kind, self.size, self.drop = heads, kind, size, nn.Dropout(attn_drop)
        shape = (2 * a - 1, b, b, heads) if FAR_JOINTS[kind] else (2 * a - 1, heads)
        self.relative_position_bias_table = table(*shape)
        frame = torch.arange(a)
        self.register_buffer('relative_position_index', frame[:, None] - frame + a - 1)

    def bias(self):  # (heads, a b, a b)
        a, b = self.size
        rows = self.relative_position_bias_table[self.relative_position_index]
        if FAR_JOINTS[self.kind]:  # (m, m', l, l', heads)
            return rows.permute(4, 0, 2, 1, 3).reshape(self.heads, a * b, a * b)
        return rows.permute(2, 0, 1).repeat(1, b, b)  # tiled, as published: the frame of token j is taken to be j mod a

    def forward(self, x):  # (B P, a b, 3 C') -> (B P, a b, C')
        windows, area, width = x.shape
        q, k, v = x.view(windows, area, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        score = (q * self.heads**-0.5) @ k.transpose(-2, -1) + self.bias()
        return (self.drop(score.softmax(-1)) @ v).transpose(1, 2).reshape(windows, area, width // 3)


class DropPath(nn.Module):

    def __init__(self, rate):
        super().__init__()
        self.rate = rate

    def forward(self, x):
        if not self.training or not self.rate:
            return x
        keep = torch.rand(len(x), *(1, ) * (x.ndim - 1), device=x.device) >= self.rate
        return x * keep / (1 - self.rate)


class MLP(nn.Module):

    def __init__(self, channels, ratio):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(channels, int(channels * ratio)), nn.Linear(int(channels * ratio), channels)

    def forward(self, x):
        return self.fc2(functional.gelu(self.fc1(x)))


class Transformer(nn.Module):

    def __init__(self, C, tokens, sizes, ratio, heads, attn_drop, drop_path):
        super().__init__()
        self.norm_1, self.norm_2 = nn.LayerNorm(C), nn.LayerNorm(C)
        self.mapping, self.proj = nn.Linear(C, 2 * C), nn.Linear(C, C)
        self.gconv = table(heads // 4, tokens, tokens)
        self.tconv = nn.Conv2d(C // 4, C // 4, (7, 1), padding=(3, 0), groups=heads // 4)
        self.attention = nn.ModuleList(Attention(heads // 8, i, tuple(size), attn_drop) for i, size in enumerate(sizes))
        self.drop_path, self.mlp = DropPath(drop_path), MLP(C, ratio)

    def forward(self, x):  # (B, C, T, W)
        B, C, T, W = x.shape
        z = x.permute(0, 2, 3, 1)
        f = self.mapping(self.norm_1(z))
        f_g, f_t, f_a = f.split([C // 4, C // 4, C * 3 // 2], -1)
        groups = f_g.permute(0, 3, 1, 2).chunk(len(self.gconv), 1)
        y = [torch.cat([torch.einsum('vu,bctu->bctv', a, g) for a, g in zip(self.gconv, groups)], 1).permute(0, 2, 3, 1),
             self.tconv(f_t.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)]
        for attention, part in zip(self.attention, f_a.chunk(4, -1)):
            out = attention(partition(part.contiguous(), attention.kind, attention.size))
            y.append(reverse(out, attention.kind, attention.size, (B, T, W)))
        z = z + self.drop_path(self.proj(torch.cat(y, -1)))
        z = z + self.drop_path(self.mlp(self.norm_2(z)))
        return z.permute(0, 3, 1, 2)


class Downsample(nn.Module):

    def __init__(self, cin, cout):
        super().__init__()
        self.reduction, self.bn = nn.Conv2d(cin, cout, (7, 1), (2, 1), (3, 0)), nn.BatchNorm2d(cout)

    def forward(self, x):
        return self.bn(self.reduction(x))


class Block(nn.Module):

    def __init__(self, cin, cout, first, *arguments):
        super().__init__()
        if first:
            self.downsample = Downsample(cin, cout)
        self.transformer = Transformer(cout, *arguments)

    def forward(self, x):
        return self.transformer(self.downsample(x) if hasattr(self, 'downsample') else x)


class Stage(nn.Module):

    def __init__(self, blocks):
        super().__init__()
        self.blocks = nn.Sequential(*blocks)

    def forward(self, x):
        return self.blocks(x)


class SkateFormerReference(nn.Module):

    def __init__(self, num_classes, num_people, num_points, type_1_size, type_2_size, type_3_size, type_4_size,
                 mlp_ratio=4.0, num_heads=32, attn_drop=0.5, drop_path=0.2, channels=(96, 192, 192, 192),
                 depths=(2, 2, 2, 2)):
        super().__init__()
        tokens, sizes = num_people * num_points, (type_1_size, type_2_size, type_3_size, type_4_size)
        self.stem = nn.Sequential(nn.Conv2d(3, 6, 1), nn.GELU(), nn.Conv2d(6, 9, 1), nn.GELU(),
                                  nn.Conv2d(9, channels[0], 1))
        self.joint_person_embedding = table(channels[0], tokens)
        rates = torch.linspace(0, drop_path, sum(depths)).tolist()
        stages, cin = [], channels[0]
        for stage, (cout, depth) in enumerate(zip(channels, depths)):
            blocks = []
            for block in range(depth):
                blocks.append(Block(cin, cout, stage > 0 and block == 0, tokens, sizes, mlp_ratio, num_heads, attn_drop,
                                    rates.pop(0)))
                cin = cout
            stages.append(Stage(blocks))
        self.stages, self.head = nn.ModuleList(stages), nn.Linear(cin, num_classes)

    def embedding(self, index_t):  # (B, T) -> (B, T, C)
        C = self.joint_person_embedding.shape[0]
        frequency = 10000**(-torch.arange(0, C, 2, dtype=index_t.dtype, device=index_t.device) / C)
        angle = index_t[..., None] * frequency
        return torch.stack([angle.sin(), angle.cos()], -1).flatten(2)

    def forward(self, x, index_t):  # (B, 3, T, V, M), (B, T)
        x = x.permute(0, 1, 2, 4, 3).flatten(3)
        x = self.stem(x) + self.embedding(index_t).transpose(1, 2)[..., None] * self.joint_person_embedding[:, None]
        for stage in self.stages:
            x = stage(x)
        return self.head(x.mean((2, 3)))
