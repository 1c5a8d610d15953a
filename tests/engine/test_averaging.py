from types import SimpleNamespace

import pytest
import torch
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper
from torch import nn

from mmskel.engine import AveragedWeightsHook


class Net(BaseModel):

    def __init__(self, norm=True):
        super().__init__()
        self.first, self.second = nn.Linear(3, 4), nn.Linear(4, 2)
        self.norms = nn.ModuleList([nn.BatchNorm1d(4, momentum=0.3), nn.BatchNorm1d(2)] if norm else [])

    def forward(self, inputs, data_samples=None, mode='loss'):
        x = self.first(inputs)
        x = self.second(self.norms[0](x) if self.norms else x)
        return dict(loss=(self.norms[1](x) if self.norms else x).square().sum())


def epoch(model, hook, at=0):
    """An epoch of two steps, before which somebody moved the weights far to one side and to the other."""
    torch.manual_seed(0)
    batches = [dict(inputs=torch.randn(8, 3) + i) for i in range(3)]
    runner = SimpleNamespace(model=model, epoch=at, iter=0, train_dataloader=batches,
                             optim_wrapper=OptimWrapper(torch.optim.SGD(model.parameters(), 0.1)))
    if not hasattr(hook, 'ema_model'):
        hook.before_run(runner)
    centre, swing = model.first.weight.detach().clone(), torch.randn(4, 3)
    for sign in (1, -1):
        with torch.no_grad():
            model.first.weight.copy_(centre + sign * swing)
        hook.after_train_iter(runner, 0)
    hook.after_train_epoch(runner)
    return centre, [batch['inputs'] for batch in batches]


@pytest.mark.parametrize('batches', [2, 9])
def test_norms_are_those_of_the_average(batches):
    torch.manual_seed(1)
    model = Net()
    hook = AveragedWeightsHook(batches, ema_type='StochasticWeightAverage')
    centre, inputs = epoch(model, hook)
    averaged = hook.ema_model.module
    torch.testing.assert_close(averaged.first.weight, centre)
    seen = [[], []]
    for x in inputs[:batches]:
        x = x @ centre.T + model.first.bias
        seen[0].append(x)
        x = (x - x.mean(0)) / (x.var(0, unbiased=False) + 1e-5).sqrt()
        seen[1].append(x @ model.second.weight.T + model.second.bias)
    for norm, of_norm, momentum in zip(averaged.norms, seen, (0.3, 0.1)):
        torch.testing.assert_close(norm.running_mean, torch.stack([x.mean(0) for x in of_norm]).mean(0))
        torch.testing.assert_close(norm.running_var, torch.stack([x.var(0) for x in of_norm]).mean(0))
        assert norm.momentum == momentum
    assert not model.norms[0].running_mean.any()  # the network in training does not look


def test_nothing_before_the_first_averaged_epoch():
    model, hook = Net(), AveragedWeightsHook(begin_epoch=2)
    epoch(model, hook)
    assert not hook.ema_model.module.norms[0].running_mean.any()
    epoch(model, hook, at=1)
    assert hook.ema_model.module.norms[0].running_mean.any()


def test_a_network_without_norms():
    model, hook = Net(norm=False), AveragedWeightsHook(ema_type='StochasticWeightAverage')
    centre, _ = epoch(model, hook)
    torch.testing.assert_close(hook.ema_model.module.first.weight, centre)
