"""CascadeFormer written down plainly with PyTorch's own modules: the oracle of ours, and what it is timed against.

Module names are the published ones. Symbols: B clips, T frames, J joints, D coordinates, d channels.
"""
import torch
from torch import nn


def stack(width, heads, layers, dropout=0.1):
    return nn.TransformerEncoder(nn.TransformerEncoderLayer(width, heads, 2048, dropout, batch_first=True), layers)


class Spatial(nn.Module):
    """One layer over the joints of a frame; back to coordinates, or side by side."""

    def __init__(self, coords, width, heads, back):
        super().__init__()
        self.joint_embedding = nn.Linear(coords, width)
        self.encoder = stack(width, heads, 1)
        if back:
            self.output_proj = nn.Linear(width, coords)
        self.back = back

    def forward(self, x):  # (B, T, J, D)
        batch, frames, joints, _ = x.shape
        tokens = self.encoder(self.joint_embedding(x).reshape(batch * frames, joints, -1))
        tokens = self.output_proj(tokens) if self.back else tokens
        return tokens.reshape(batch, frames, -1)


class T1(nn.Module):

    def __init__(self, version, joints, coords, width, heads, layers, longest=64):
        super().__init__()
        if version == '1.1':
            self.joint_conv = nn.Sequential(nn.Conv1d(coords, coords, 3, padding=1), nn.ReLU(),
                                            nn.Conv1d(coords, coords, 1))
        if version.startswith('1.2'):
            back = version == '1.2 penn'
            self.spatial_transformer = Spatial(coords, width if back else width // joints, heads, back)
        if version != '1.2 ntu':
            self.joint_embedding = nn.Linear(joints * coords, width)
        self.pos_embedding = nn.Parameter(torch.randn(1, longest, width) * 0.02)
        self.transformer_encoder = stack(width, heads, layers)
        self.reconstruction_head = nn.Linear(width, joints * coords)
        self.version = version

    def forward(self, x):  # (B, T, J, D)
        batch, frames, joints, coords = x.shape
        if self.version == '1.1':
            x = self.joint_conv(x.reshape(-1, joints, coords).transpose(1, 2)).transpose(1, 2)
        if self.version.startswith('1.2'):
            x = self.spatial_transformer(x)
        x = x.reshape(batch, frames, -1)
        if self.version != '1.2 ntu':
            x = self.joint_embedding(x)
        return self.transformer_encoder(x + self.pos_embedding[:, :frames])


class Encoder(nn.Module):

    def __init__(self, width, heads, layers, dropout):
        super().__init__()
        self.encoder = stack(width, heads, layers, dropout)

    def forward(self, x):
        return self.encoder(x)


class Cross(nn.Module):

    def __init__(self, width, heads, ntu):
        super().__init__()
        self.cross_attention = nn.MultiheadAttention(width, heads, 0.2 if ntu else 0., batch_first=True)
        self.dropout = nn.Dropout(0.2 if ntu else 0.1)
        if ntu:
            self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.ffn = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Dropout(0.2), nn.Linear(width, width))
        else:
            self.norm = nn.LayerNorm(width)
        self.ntu = ntu

    def forward(self, query, context):
        x = query + self.dropout(self.cross_attention(query, context, context)[0])  # with averaged weights
        if not self.ntu:
            return self.norm(x)
        x = self.norm1(x)
        return self.norm2(x + self.dropout(self.ffn(x)))


class Head(nn.Module):

    def __init__(self, width, classes, ntu):
        super().__init__()
        if ntu:
            self.net = nn.Sequential(nn.LayerNorm(width), nn.Dropout(0.3), nn.Linear(width, width), nn.ReLU(),
                                     nn.Dropout(0.3), nn.Linear(width, classes))
        else:
            self.fc = nn.Linear(width, classes)
        self.ntu = ntu

    def forward(self, x):
        return self.net(x) if self.ntu else self.fc(x)


class CascadeFormerReference(nn.Module):
    """Versions ``'1.0'``, ``'1.1'``, ``'1.2 penn'``, ``'1.2 ntu'``."""

    def __init__(self, version, joints, coords, classes, width=256, heads=8, layers=4, ntu=False):
        super().__init__()
        self.t1 = T1(version, joints, coords, width, heads, layers)
        self.t2 = Encoder(width, heads, layers, 0.2 if ntu else 0.1)
        self.cross_attn = Cross(width, heads, ntu)
        self.gait_head = Head(width, classes, ntu)

    def forward(self, x):  # (B, T, J, D)
        first = self.t1(x)
        return self.gait_head(self.cross_attn(first, self.t2(first)).mean(1))


def mask_in_a_loop(batch, frames, joints, ratio, generator):
    """(B, T, J): one permutation per clip."""
    hidden = torch.zeros(batch, frames * joints, dtype=torch.bool)
    for clip in hidden:
        clip[torch.randperm(frames * joints, generator=generator)[:int(ratio * frames * joints)]] = True
    return hidden.view(batch, frames, joints)


def masked_loss(found, wanted, hidden):
    """Squared error of hidden coordinates; (B, T, J, D) and (B, T, J)."""
    mask = hidden[..., None].expand_as(wanted).float()
    return ((found - wanted) ** 2 * mask).sum() / (mask.sum() + 1e-8)
