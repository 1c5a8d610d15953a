"""A training of milliseconds: a linear network on made-up numbers, with our runner, hooks and checkpoints."""
import torch
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from torch import nn

import mmskel.engine  # noqa: F401  (registers)


class Toy(BaseModel):
    """Predicts the sum of four numbers."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Linear(4, 1)
        self.poison = 10**9  # the step whose loss is NaN
        self.steps = 0

    def forward(self, inputs, target, mode='tensor'):
        out = self.layer(inputs)[:, 0]
        if mode != 'loss':
            return list(out)
        self.steps += 1
        loss = ((out - target)**2).mean()
        return dict(loss=loss * float('nan') if self.steps > self.poison else loss)


class Score(BaseMetric):
    """Better and better, or as told."""
    told: list = []

    def process(self, data_batch, data_samples):
        self.results.append(0)

    def compute_metrics(self, results):
        return dict(score=Score.told.pop(0) if Score.told else .5)


class Numbers(torch.utils.data.Dataset):
    """Eight samples."""

    def __len__(self):
        return 8

    def __getitem__(self, index):
        x = torch.linspace(-1, 1, 4) * (index + 1) / 8
        return dict(inputs=x, target=x.sum() + index / 8)


def toy_runner(work_dir, epochs=3, resume=False, hooks=(), schedule=None, new_schedule=False, name='toy', **checkpoint):
    """A runner in a work dir; four steps per epoch."""
    from mmskel.engine import SkeletonRunner
    toy_runner.count += 1
    loader = dict(batch_size=2, num_workers=0, collate_fn=dict(type='default_collate'), dataset=Numbers(),
                  sampler=dict(type='DefaultSampler', shuffle=False))
    schedule = schedule if schedule is not None else [dict(type='CosineAnnealingLR', T_max=epochs, end=epochs, by_epoch=True)]
    runner = SkeletonRunner(
        Toy(), str(work_dir), train_dataloader=loader, val_dataloader=loader, train_cfg=dict(by_epoch=True, max_epochs=epochs),
        val_cfg=dict(), val_evaluator=[Score()], optim_wrapper=dict(optimizer=dict(type='SGD', lr=.1, momentum=.9)),
        param_scheduler=schedule, resume=resume, randomness=dict(seed=0), default_scope='mmaction',
        default_hooks=dict(checkpoint=dict(type='WholeCheckpointHook', interval=1, max_keep_ckpts=2, save_best='score',
                                           rule='greater', **checkpoint)),
        custom_hooks=[dict(type='FiniteHook'), *hooks], experiment_name=f'{name}{toy_runner.count}', log_level='ERROR',
        cfg=dict(param_scheduler=schedule, train_cfg=dict(max_epochs=epochs)))
    runner.new_schedule = new_schedule
    return runner


toy_runner.count = 0
