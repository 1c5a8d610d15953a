"""The base network of Ensem-NN written down plainly, with the published names of tensors, and products of its kind."""
import torch
from torch import nn
from torch.nn import functional


def padded(x, conv):
    """TensorFlow's "same": the odd zero comes behind."""
    kernel, stride, size = conv.kernel_size[0], conv.stride[0], x.shape[2]
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return conv(functional.pad(x, (total // 2, total - total // 2)))


class PlainLayer(nn.Module):
    def __init__(self, before, width, stride):
        super().__init__()
        self.conv, self.bn = nn.Conv1d(before, width, 8, stride), nn.BatchNorm1d(width, 1e-3, 0.01)

    def forward(self, x):
        return functional.relu(self.bn(padded(x, self.conv)))


class PlainGroup(nn.ModuleList):
    def __init__(self, before, width):
        stride = 1 if before == width else 2
        super().__init__([PlainLayer(before, width, stride), PlainLayer(width, width, 1), PlainLayer(width, width, 1)])
        if stride == 2:
            self.down = nn.Conv1d(before, width, 1, 2)

    def forward(self, x):
        y = x
        for layer in list(self)[:3]:
            y = layer(y)
        return y + (self.down(x) if hasattr(self, 'down') else x)


class BaseReference(nn.Module):
    """(B, T, D) -> logits."""

    def __init__(self, features=150, classes=60):
        super().__init__()
        self.stem = nn.Conv1d(features, 64, 8)
        self.blocks = nn.ModuleList([PlainGroup(64, 64), PlainGroup(64, 128), PlainGroup(128, 256)])
        self.norm, self.fc = nn.BatchNorm1d(256, 1e-3, 0.01), nn.Linear(256, classes)

    def forward(self, x):
        x = padded(x.transpose(1, 2), self.stem)
        for group in self.blocks:
            x = group(x)
        return self.fc(functional.relu(self.norm(x)).mean(2))


def product(*probabilities):
    """The class-wise product, divided by its sum."""
    joint = torch.stack(probabilities).prod(0)
    return joint / joint.sum(-1, keepdim=True)
