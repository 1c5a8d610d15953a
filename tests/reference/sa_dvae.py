"""One batch and one training of SA-DVAE written from the paper and the published schedules: plain layers, no reuse."""
import torch
from torch import nn
from torch.nn import functional as F


class SADVAEReference(nn.Module):
    """Mean and variance by layers of their own; keys as in the official files, a prefix per file."""

    def __init__(self, skeleton, text, semantic, style):
        super().__init__()
        self.r, self.v, both = semantic, style, semantic + style
        half = lambda a, b: nn.ModuleDict(dict(mu=nn.Sequential(nn.Linear(a, b)), logvar=nn.Sequential(nn.Linear(a, b))))  # noqa: E731
        self.se, self.te = half(skeleton, both), half(text, semantic)
        self.sd, self.td = (nn.ModuleDict(dict(model=nn.Sequential(nn.Linear(a, b), nn.ReLU())))
                            for a, b in ((both, skeleton), (semantic, text)))
        self.dis = nn.ModuleDict(dict(net=nn.Sequential(nn.Linear(both, both // 4), nn.ReLU(), nn.Linear(both // 4, 1))))

    def step(self, s, t, noise, optimizer, dis_optimizer, k1, k2, a, discriminate):
        mu, lv = self.se['mu'](s), self.se['logvar'](s)
        tmu, tlv = self.te['mu'](t), self.te['logvar'](t)

        def draw(mean, log_var):
            return mean + noise.normal(len(mean)) * torch.exp(log_var / 2)
        rmu, rlv, vmu, vlv = mu[:, :self.r], lv[:, :self.r], mu[:, self.r:], lv[:, self.r:]
        z, style, zt = draw(rmu, rlv), draw(vmu, vlv), draw(tmu, tlv)
        if discriminate:
            total = 0
            for mean, log_var in ((rmu, rlv), (tmu, tlv)):
                one, two = draw(mean, log_var).detach(), draw(vmu, vlv).detach()
                first = noise.permutation(len(one))
                mixed = self.dis['net'](torch.cat([one[first], two[noise.permutation(len(one))]], 1))
                true = self.dis['net'](torch.cat([one, two], 1))
                total = total + F.softplus(-true).mean() / 2 + F.softplus(mixed).mean() / 2
            dis_optimizer.zero_grad()
            (k2 * total / 2).backward()
            dis_optimizer.step()

        def kl(mean, log_var):
            return (0.5 * (mean**2 + log_var.exp() - 1 - log_var)).sum(1).mean()
        sd, td = self.sd['model'], self.td['model']
        loss = F.mse_loss(sd(torch.cat([z, style], 1)), s) + F.mse_loss(td(zt), t)
        loss = loss + k1 * (kl(rmu, rlv) + kl(vmu, vlv)) + k2 * kl(tmu, tlv)
        loss = loss + a * (F.mse_loss(sd(torch.cat([zt, style], 1)), s) + F.mse_loss(td(z), t))
        loss = loss + k2 * torch.sigmoid(self.dis['net'](torch.cat([z, style], 1))).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def train_cycles(self, batches, cycles, lr, every, noise):
        """``batches(cycle)`` -> list of (features, texts); schedules of the published scripts."""
        dis = list(self.dis.parameters())
        optimizer = torch.optim.Adam([p for p in self.parameters() if not any(p is q for q in dis)], lr=lr)
        dis_optimizer = torch.optim.Adam(dis, lr=lr)
        for cycle in range(cycles):
            todo, counter = batches(cycle), every
            n = len(todo)
            for i, (s, t) in enumerate(todo):
                counter -= 1
                k1 = max(0, 0.1 * (i - n * 1000 / 1700) / (n * 3000 / 1700))
                k2 = 0 if cycle <= 1 else max(0, 0.1 * (i - int(0.8 * n)) / (n * 3000 / 1700))
                self.step(s, t, noise, optimizer, dis_optimizer, k1, k2, int(i > int(0.8 * n)), counter == 0)
                counter = counter or every
