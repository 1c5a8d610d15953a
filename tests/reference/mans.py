"""MANs_9 written down plainly, module by module and coordinate by coordinate, with the published names of tensors."""
import torch
from torch import nn
from torch.nn import functional

LETTERS = 3


def padded(x, conv):
    """TensorFlow's "same": the odd zero comes behind."""
    for axis in (3, 2):
        kernel, stride, size = conv.kernel_size[axis - 2], conv.stride[axis - 2], x.shape[axis]
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        ends = (total // 2, total - total // 2)
        x = functional.pad(x, ends if axis == 3 else (0, 0, *ends))
    return conv(x)


class PlainTARM(nn.Module):
    """One coordinate, with PyTorch's GRU and the gate computed for each of the H features, as published."""

    def __init__(self, frames, columns, hidden):
        super().__init__()
        self.embed, self.proj = nn.Linear(columns, hidden), nn.Linear(hidden, columns)
        self.att = nn.Sequential(nn.Linear(frames, frames // 16), nn.ReLU(), nn.Linear(frames // 16, frames), nn.Sigmoid())
        self.gru = nn.GRU(hidden, hidden, batch_first=True, bidirectional=True)

    def forward(self, x):
        embedded = self.embed(x)
        hidden = embedded.shape[2]
        squeezed = embedded.mean(2, keepdim=True).expand(-1, -1, hidden).transpose(1, 2)  # (B, H, T)
        memory = self.gru(embedded)[0]
        memory = memory[..., :hidden] + memory[..., hidden:]
        return x + self.proj(self.att(squeezed).transpose(1, 2) * memory)


class PlainTARMs(nn.Module):
    """Three of them, one after the other."""

    def __init__(self, frames, columns, hidden):
        super().__init__()
        self.tarm = nn.ModuleList(PlainTARM(frames, columns, hidden) for _ in range(LETTERS))

    def forward(self, x):
        """(B, C, T, D)"""
        return torch.stack([one(x[:, i]) for i, one in enumerate(self.tarm)], 1)


class PlainBlock(nn.Module):
    def __init__(self, before, width, stride, first):
        super().__init__()
        if not first:
            self.bn1 = nn.BatchNorm2d(before, 1e-3, 0.01)
        self.conv1 = nn.Conv2d(before, width, 3, stride)
        self.bn2 = nn.BatchNorm2d(width, 1e-3, 0.01)
        self.conv2 = nn.Conv2d(width, width, 3)
        if stride != 1 or before != width:
            self.down = nn.Conv2d(before, width, 1, stride)

    def forward(self, x):
        y = functional.relu(self.bn1(x)) if hasattr(self, 'bn1') else x
        y = padded(functional.relu(self.bn2(padded(y, self.conv1))), self.conv2)
        return y + (self.down(x) if hasattr(self, 'down') else x)


class MANsReference(PlainTARMs):
    """(B, T, D, 3) -> logits."""

    def __init__(self, frames=50, columns=50, hidden=64, classes=60):
        super().__init__(frames, columns, hidden)
        self.stem = nn.ModuleDict(dict(conv=nn.Conv2d(LETTERS, 64, 5, 2), bn=nn.BatchNorm2d(64, 1e-3, 0.01)))
        self.stages = nn.ModuleList([
            nn.ModuleList([PlainBlock(64, 64, 1, True), PlainBlock(64, 64, 1, False)]),
            nn.ModuleList([PlainBlock(64, 128, 2, False), PlainBlock(128, 128, 1, False)])])
        self.norm, self.fc = nn.BatchNorm2d(128, 1e-3, 0.01), nn.Linear(128, classes)

    def forward(self, x):
        x = super().forward(x.permute(0, 3, 1, 2))
        x = functional.relu(self.stem['bn'](padded(x, self.stem['conv'])))
        for stage in self.stages:
            for block in stage:
                x = block(x)
        return self.fc(functional.relu(self.norm(x)).mean((2, 3)))
