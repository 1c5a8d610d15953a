"""CTR-GCN written down plainly from the paper's equations, as a function of a state dict under PYSKL's names.

``z_v = sum over u and subsets k of (A_k[u, v] + alpha Q_k[u, v]) (W3_k x)_u``, one Q per channel and clip,
``Q_k[u, v] = W4_k tanh(mean_t (W1_k x)_u - mean_t (W2_k x)_v)``. The authors' own code exchanges the places of u and v
in A and Q, and has no ReLU between the temporal module and the block's sum. Everything is computed in full, without
any shortcut. Symbols: B = N * M, C channels, T frames, V joints.
"""
import torch
from torch.nn import functional


class CTRGCNReference:
    """(N, M, T, V, C) -> (N, M, C', T', V); the number of blocks, widths and subsets are those of the tensors.

    Args:
        state: Tensors by their names in the backbone.
        down: Blocks, counted from 0, that halve time.
        dilations: Dilations of the temporal convolutions.
        official: Whether as the authors' code.
        training: Whether norms use the statistics of the batch.
    """

    def __init__(self, state, down=(4, 7), dilations=(1, 2), official=False, training=False):
        self.state, self.down, self.dilations = state, down, dilations
        self.official, self.training = official, training

    def __call__(self, x):
        n, m, t, v, c = x.shape
        x = torch.einsum('nmtvc->nmvct', x).reshape(n, m * v * c, t)
        x = self.norm('data_bn', x)
        x = torch.einsum('nmvct->nmctv', x.reshape(n, m, v, c, t)).reshape(n * m, c, t, v)
        for i in range(1 + max(int(key.split('.')[1]) for key in self.state if key.startswith('net.'))):
            x = self.block(f'net.{i}', x, 2 if i in self.down else 1, first=i == 0)
        return x.reshape(n, m, *x.shape[1:])

    def norm(self, key, x):
        get = lambda leaf: self.state[f'{key}.{leaf}'].reshape(1, -1, *[1] * (x.ndim - 2))  # noqa: E731
        axes = [axis for axis in range(x.ndim) if axis != 1]
        if self.training:
            mean, var = x.mean(axes, keepdim=True), x.var(axes, unbiased=False, keepdim=True)
        else:
            mean, var = get('running_mean'), get('running_var')
        return (x - mean) / (var + 1e-5).sqrt() * get('weight') + get('bias')

    def one_by_one(self, key, x):
        weight, bias = self.state[f'{key}.weight'][:, :, 0, 0], self.state[f'{key}.bias']
        return torch.einsum('oc,bctv->botv', weight, x) + bias[:, None, None]

    def over_time(self, key, x, stride, dilation):
        weight, bias = self.state[f'{key}.weight'], self.state[f'{key}.bias']
        reach = (weight.shape[2] - 1) // 2 * dilation
        padded = functional.pad(x, (0, 0, reach, reach))
        taps = [padded[:, :, tap * dilation:tap * dilation + x.shape[2]] for tap in range(weight.shape[2])]
        out = sum(torch.einsum('oc,bctv->botv', weight[:, :, tap, 0], part) for tap, part in enumerate(taps))
        return (out + bias[:, None, None])[:, :, ::stride]

    def graph_convolution(self, key, x):
        total = 0
        for k, shared in enumerate(self.state[f'{key}.A']):
            first, second, third = (self.one_by_one(f'{key}.convs.{k}.conv{i}', x) for i in (1, 2, 3))
            apart = torch.tanh(first.mean(2)[:, :, :, None] - second.mean(2)[:, :, None, :])
            refined = shared + self.state[f'{key}.alpha'] * self.one_by_one(f'{key}.convs.{k}.conv4', apart)
            total = total + torch.einsum('bcvu,bctu->bctv' if self.official else 'bcuv,bctu->bctv', refined, third)
        shortcut = x
        if f'{key}.down.0.weight' in self.state:
            shortcut = self.norm(f'{key}.down.1', self.one_by_one(f'{key}.down.0', x))
        return (self.norm(f'{key}.bn', total) + shortcut).relu()

    def temporal(self, key, x, stride):
        outs, last = [], len(self.dilations) + 1
        for b in range(last):
            part = self.norm(f'{key}.{b}.1', self.one_by_one(f'{key}.{b}.0', x)).relu()
            if b < last - 1:
                outs.append(self.norm(f'{key}.{b}.3.bn', self.over_time(f'{key}.{b}.3.conv', part, stride,
                                                                        self.dilations[b])))
            else:
                padded = functional.pad(part, (0, 0, 1, 1), value=-torch.inf)
                around = torch.stack([padded[:, :, i:i + x.shape[2]] for i in range(3)])
                outs.append(self.norm(f'{key}.{b}.4', around.amax(0)[:, :, ::stride]))
        outs.append(self.norm(f'{key}.{last}.1', self.one_by_one(f'{key}.{last}.0', x)[:, :, ::stride]))
        out = torch.cat(outs, 1)
        return out if self.official else out.relu()

    def block(self, key, x, stride, first):
        out = self.temporal(f'{key}.tcn1.branches', self.graph_convolution(f'{key}.gcn1', x), stride)
        if f'{key}.residual.conv.weight' in self.state:
            out = out + self.norm(f'{key}.residual.bn', self.one_by_one(f'{key}.residual.conv', x)[:, :, ::stride])
        elif not first:
            out = out + x
        return out.relu()
