import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmaction.models.heads import GCNHead
from torch import nn

from mmskel.engine import BFloat16OptimWrapper, EpochSeedHook, SkeletonAccuracy, innermost_dataset
from mmskel.engine.schedules import CosineFromStartLR
from mmskel.files.errors import UserError


def sample(name, scores, label):
    return dict(frame_dir=name, pred_score=torch.tensor(scores), gt_label=torch.tensor([label]))


def test_accuracy_is_kept_by_clip_id():
    metric = SkeletonAccuracy()
    metric.dataset_meta = dict(class_names=['a', 'b', 'c'], subsets=dict(clean=['y']), split='xsub_test')
    batch = [sample('x', [.1, .7, .2], 1), sample('y', [.5, .3, .2], 2)]
    metric.process({}, batch)
    metric.process({}, batch[:1])  # a sampler repeats clips to fill its ranks
    values = metric.compute_metrics(metric.results)
    assert values['top1'] == .5 and values['clean/top1'] == 0 and 'n' not in values and 'clean/n' not in values
    assert metric.last.ids == ['x', 'y'] and metric.last.class_names == ['a', 'b', 'c']
    assert metric.last.meta == dict(split='xsub_test')


def test_accuracy_of_merged_classes():
    metric = SkeletonAccuracy(merge=[0, 0, 1])
    metric.dataset_meta = {}
    metric.process({}, [sample('x', [.1, .7, .2], 0), sample('y', [.5, .3, .2], 2)])
    values = metric.compute_metrics(metric.results)
    assert values['top1'] == 0 and values['merged/top1'] == .5 and values['merged/mean_class'] == .5


def test_accuracy_needs_ids():
    with pytest.raises(UserError, match="no 'frame_dir'"):
        SkeletonAccuracy().process({}, [dict(pred_score=torch.ones(2), gt_label=torch.tensor([0]))])


class Data:

    def set_epoch(self, epoch, seed):
        self.heard = (epoch, seed)


def test_epoch_seeds_everything_and_tells_the_dataset():
    data = Data()
    wrapped = SimpleNamespace(dataset=SimpleNamespace(dataset=data))
    runner = SimpleNamespace(seed=7, epoch=3, train_dataloader=SimpleNamespace(dataset=wrapped))
    draws = []
    for _ in range(2):
        EpochSeedHook().before_train_epoch(runner)
        torch.rand(1)  # a loader that starts its workers
        EpochSeedHook().before_train_iter(runner, 0)
        draws.append((random.random(), np.random.random(), torch.rand(1).item()))
    assert draws[0] == draws[1] and data.heard == (3, 7) and innermost_dataset(wrapped) is data
    EpochSeedHook().before_train_iter(runner, 1)  # only the first batch
    assert torch.rand(1).item() != draws[0][2]
    runner.epoch = 4
    EpochSeedHook().before_train_iter(runner, 0)
    assert random.random() != draws[0][0]


def test_bfloat16_forward_float32_scores():
    model = nn.Module()
    model.body, model.head = nn.Linear(8, 8), GCNHead(4, 8)
    wrapper = BFloat16OptimWrapper(torch.optim.SGD(model.parameters(), 0.1))
    with wrapper.optim_context(model):
        feature = model.body(torch.randn(2, 8))
        scores = model.head(feature.reshape(2, 1, 8, 1, 1))
    assert feature.dtype == torch.bfloat16 and scores.dtype == torch.float32
    wrapper.update_params(scores.sum())
    assert model.body.weight.dtype == torch.float32
    assert not model.head._forward_hooks


@pytest.mark.parametrize('epoch_length', [None, 3])
def test_cosine_counts_from_the_start_and_takes_over_after_the_warm_up(epoch_length):
    from mmengine.optim.scheduler import LinearLR
    optimizer = torch.optim.AdamW([nn.Parameter(torch.zeros(1))], lr=1e-3)
    warm, cosine = dict(start_factor=1e-4, begin=0, end=25), dict(eta_min=1e-5, begin=25, end=500)
    if epoch_length:
        schedules = [LinearLR.build_iter_from_epoch(optimizer, epoch_length=epoch_length, **warm),
                     CosineFromStartLR.build_iter_from_epoch(optimizer, epoch_length=epoch_length, **cosine)]
    else:
        schedules = [LinearLR(optimizer, **warm), CosineFromStartLR(optimizer, **cosine)]
    rates = []
    for _ in range(500 * (epoch_length or 1)):
        rates.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        for schedule in schedules:
            schedule.step()
    warm_up, steps = 25 * (epoch_length or 1), len(rates)
    np.testing.assert_allclose(rates[:warm_up], np.linspace(1e-7, 1e-3, warm_up))
    expected = 1e-5 + 0.5 * (1e-3 - 1e-5) * (1 + np.cos(np.pi * np.arange(warm_up, steps) / steps))
    np.testing.assert_allclose(rates[warm_up:], expected)
    assert rates[warm_up] == pytest.approx(0.994e-3, abs=1e-6)
