"""Randomness as a function of seed and epoch, so that a resumed training equals an uninterrupted one."""
from __future__ import annotations

import random

import numpy as np
import torch
from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner


def innermost_dataset(dataset):
    """The data set below MMEngine's wrappers (``RepeatDataset``, ``ClassBalancedDataset``, ...)."""
    while hasattr(dataset, 'dataset'):
        dataset = dataset.dataset
    return dataset


@HOOKS.register_module()
class EpochSeedHook(Hook):
    """Seeds Python, NumPy and PyTorch from (seed, epoch) before every training epoch, and tells the data set.

    MMEngine's checkpoints hold no generator states: without this, dropout and augmentation after ``--resume`` are
    those of epoch 0 again. Killed and resumed, a training with this hook ends in the same weights, bit for bit, as
    an uninterrupted one (on CPU; on CUDA as far as its kernels are deterministic). Stock transforms that draw from a
    loader worker's global generator are outside its reach; ours draw from the sample's own.
    """
    priority = 'VERY_HIGH'

    def before_train_epoch(self, runner: Runner) -> None:
        """Tells the data set seed and epoch, from which its samples' generators are made."""
        dataset = innermost_dataset(runner.train_dataloader.dataset)
        if hasattr(dataset, 'set_epoch'):
            dataset.set_epoch(runner.epoch, seed=runner.seed or 0)

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch=None) -> None:
        """Seeds this process before the first batch of the epoch is used.

        Not earlier: a loader that starts its workers draws from PyTorch's generator, one that keeps them does not.
        """
        if batch_idx == 0:
            seed = (runner.seed or 0) + runner.epoch * 1_000_003
            random.seed(seed)
            np.random.seed(seed % 2**32)
            torch.manual_seed(seed)
