"""Gate-Shift-Pose in its plain form, with the published names: the tests' and the benchmark's other side.

E. Bianchi, O. Lanz, arXiv 2503.04470, and S. Sudhakaran et al., arXiv 2203.08897, written out step by step: features are
brought into (B, C, T, H, W) and back in every block, rolled, averaged and shuffled one group at a time.
"""
import torch
from torch import nn
from torch.nn import functional as F

BLOCKS = {'resnet18': (3, 4, 6, 3), 'true_resnet18': (2, 2, 2, 2), 'resnet50': (3, 4, 6, 3)}


class GSF(nn.Module):

    def __init__(self, channels, segments=8, ratio=100):
        super().__init__()
        self.used, self.segments = int(channels * ratio / 100), segments
        self.used += self.used % 2
        self.conv3D = nn.Conv3d(self.used, 2, 3, padding=1, groups=2)
        self.bn = nn.BatchNorm3d(self.used)
        self.channel_conv1 = nn.Conv2d(2, 1, 3, padding=1)
        self.channel_conv2 = nn.Conv2d(2, 1, 3, padding=1)

    @staticmethod
    def ahead(x):
        x = torch.roll(x, -1, 2)
        x[:, :, -1] = 0
        return x

    @staticmethod
    def back(x):
        x = torch.roll(x, 1, 2)
        x[:, :, 0] = 0
        return x

    def forward(self, frames):
        rest, frames = frames[:, self.used:], frames[:, :self.used]
        clips, (channels, height, width) = frames.shape[0] // self.segments, frames.shape[1:]
        half = channels // 2
        x = frames.reshape(clips, self.segments, channels, height, width).permute(0, 2, 1, 3, 4).contiguous()
        gate = torch.tanh(self.conv3D(F.relu(self.bn(x))))
        first, second = x[:, :half], x[:, half:]
        y1, y2 = gate[:, 0:1] * first, gate[:, 1:2] * second
        r1, r2 = first - y1, second - y2
        y1, y2 = self.ahead(y1), self.back(y2)
        out = []
        for y, r, conv in ((y1, r1, self.channel_conv1), (y2, r2, self.channel_conv2)):
            y_mean, r_mean = y.mean(-1).mean(-1), r.mean(-1).mean(-1)
            weight = torch.sigmoid(conv(torch.stack([y_mean, r_mean], 1))).squeeze(1)[..., None, None]
            z = weight * y + (1 - weight) * r
            z = z.view(clips, 2, half // 2, self.segments, height, width).permute(0, 2, 1, 3, 4, 5).contiguous()
            out.append(z.view(clips, half, self.segments, height, width))
        out = torch.cat(out, 1).permute(0, 2, 1, 3, 4).contiguous().view(-1, channels, height, width)
        return torch.cat([out, rest], 1) if rest.shape[1] else out


def conv3x3(before, after, stride=1):
    return nn.Conv2d(before, after, 3, stride, 1, bias=False)


class BasicBlock(nn.Module):
    growth = 1

    def __init__(self, before, width, stride, segments, ratio):
        super().__init__()
        self.conv1, self.bn1 = conv3x3(before, width, stride), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = conv3x3(width, width), nn.BatchNorm2d(width)
        self.gsf = GSF(width, segments, ratio)
        if stride != 1 or before != width:
            self.downsample = nn.Sequential(nn.Conv2d(before, width, 1, stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.gsf(self.conv2(out)))
        return F.relu(out + (self.downsample(x) if hasattr(self, 'downsample') else x))


class Bottleneck(nn.Module):
    growth = 4

    def __init__(self, before, width, stride, segments, ratio):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(before, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = conv3x3(width, width, stride), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, 4 * width, 1, bias=False), nn.BatchNorm2d(4 * width)
        self.gsf = GSF(4 * width, segments, ratio)
        if stride != 1 or before != 4 * width:
            self.downsample = nn.Sequential(nn.Conv2d(before, 4 * width, 1, stride, bias=False),
                                            nn.BatchNorm2d(4 * width))

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = F.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.gsf(self.conv3(out)))
        return F.relu(out + (self.downsample(x) if hasattr(self, 'downsample') else x))


class ResNet(nn.Module):

    def __init__(self, name, channels, segments, ratio=100, width=64, blocks=None):
        super().__init__()
        block = Bottleneck if name == 'resnet50' else BasicBlock
        self.conv1, self.bn1 = nn.Conv2d(channels, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width)
        before = width
        for stage, count in enumerate(blocks or BLOCKS[name]):
            layer = []
            for place in range(count):
                layer.append(block(before, width * 2**stage, 2 if stage and not place else 1, segments, ratio))
                before = width * 2**stage * block.growth
            setattr(self, f'layer{stage + 1}', nn.Sequential(*layer))
        self.features = before

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = layer(x)
        return x.mean((2, 3))


class EarlyFusion(nn.Module):
    """(N, T * C, H, W) -> (N, K), without dropout."""

    def __init__(self, name='resnet18', num_class=2, segments=8, channels=4, **kwargs):
        super().__init__()
        self.channels, self.segments = channels, segments
        self.base_model = ResNet(name, channels, segments, **kwargs)
        self.new_fc = nn.Linear(self.base_model.features, num_class)

    def forward(self, imgs):
        frames = imgs.reshape(-1, self.channels, *imgs.shape[-2:])
        return self.new_fc(self.base_model(frames)).view(-1, self.segments, self.new_fc.out_features).mean(1)


class PosePerceptron(nn.Module):

    def __init__(self, width):
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(34, width), nn.Linear(width, 2 * width), nn.Linear(2 * width, 2 * width)

    def forward(self, x):
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))


class LateFusion(nn.Module):
    """(N, T * 3, H, W) and (N, T, 34) -> (N, K); the attention is PyTorch's, every frame a sequence of its own."""

    def __init__(self, name='resnet18', num_class=2, segments=8, width=64, attention=True, dropout=0., **kwargs):
        super().__init__()
        self.segments = segments
        self.base_model = ResNet(name, 3, segments, width=width, **kwargs)
        self.pose_model = PosePerceptron(width)
        both = self.base_model.features + 2 * width
        self.attention_layer = nn.MultiheadAttention(both, 4, dropout) if attention else None
        self.feature_refinement_layer = nn.Sequential(
            nn.Linear(both, both // 2), nn.BatchNorm1d(both // 2), nn.ReLU(), nn.Dropout(dropout),
            nn.Linear(both // 2, both // 4), nn.BatchNorm1d(both // 4), nn.ReLU(), nn.Dropout(dropout))
        self.new_fc = nn.Linear(both // 4, num_class)

    def forward(self, imgs, pose):
        rgb = F.normalize(self.base_model(imgs.reshape(-1, 3, *imgs.shape[-2:])), dim=1)
        joints = F.normalize(self.pose_model(pose.reshape(-1, 34)), dim=1)
        x = torch.cat([rgb, joints], 1)
        if self.attention_layer is not None:
            x = self.attention_layer(x[None], x[None], x[None])[0][0]
        scores = self.new_fc(self.feature_refinement_layer(x))
        return scores.view(-1, self.segments, scores.shape[1]).mean(1)


class PoseNet(nn.Module):
    """(N, T, 34) -> (N, K)."""

    def __init__(self, num_class=2):
        super().__init__()
        self.pose_model = nn.Module()
        self.pose_model.conv1, self.pose_model.conv2 = nn.Conv1d(2, 32, 3, padding=1), nn.Conv1d(32, 64, 3, padding=1)
        self.pose_model.fc = nn.Linear(64 * 17, 128)
        self.new_fc = nn.Linear(128, num_class)

    def forward(self, pose):
        x = pose.reshape(-1, 17, 2).permute(0, 2, 1)
        x = F.relu(self.pose_model.conv2(F.relu(self.pose_model.conv1(x))))
        return self.new_fc(self.pose_model.fc(x.flatten(1))).view(len(pose), -1, self.new_fc.out_features).mean(1)


def heatmap(joints, height, width, sigma):
    """One channel for all joints of a frame, joint by joint, on a window cut at the border."""
    import numpy as np
    size = int(6 * sigma + 1)
    axis = np.arange(size) - size // 2
    gaussian = np.exp(-(axis[None]**2 + axis[:, None]**2) / (2 * sigma**2))
    out = np.zeros((height, width))
    for x, y in joints:
        x, y = int(x), int(y)
        if not (0 < x < width and 0 < y < height):
            continue
        left, top = x - size // 2, y - size // 2
        x0, x1, y0, y1 = max(left, 0), min(left + size, width), max(top, 0), min(top + size, height)
        out[y0:y1, x0:x1] += gaussian[y0 - top:y1 - top, x0 - left:x1 - left]
    return np.clip(out, 0, 1)
