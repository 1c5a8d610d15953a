"""The length of a training, and what is shown during it."""
from __future__ import annotations

from mmskel.configuration.find import ConfigError


def set_epochs(cfg, epochs: int) -> None:
    """Trains ``epochs`` epochs; the learning rate's schedule and the start of weight averaging are stretched with them.

    Raises:
        ConfigError: If the number is not positive or the config's training is not counted in epochs.
    """
    if not 1 <= epochs <= 1_000_000:
        raise ConfigError(f'the number of epochs must be from 1 to a million, not {str(epochs):.20}')
    planned = (cfg.get('train_cfg') or {}).get('max_epochs')
    if not planned:
        raise ConfigError("the config's train_cfg has no max_epochs; its training is not counted in epochs")
    ratio, kept = epochs / planned, []
    for schedule in cfg.get('param_scheduler') or []:
        if schedule.get('by_epoch', True):
            for key in ('begin', 'end', 'T_max'):
                if key in schedule:
                    schedule[key] = round(schedule[key] * ratio)
            if 'milestones' in schedule:
                schedule['milestones'] = [max(round(m * ratio), 1) for m in schedule['milestones']]
            if 'end' in schedule and schedule['end'] <= schedule.get('begin', 0):
                continue  # a warm-up shorter than half an epoch
            if schedule.get('end', 2) - schedule.get('begin', 0) < 2:
                schedule['convert_to_iter_based'] = True  # in steps of whole epochs it would never reach the top
        kept.append(schedule)
    if 'param_scheduler' in cfg:
        cfg.param_scheduler = kept
    for hook in cfg.get('custom_hooks') or []:
        if hook.get('begin_epoch'):  # of EMAHook, which counts epochs from 1
            hook['begin_epoch'] = max(round(hook['begin_epoch'] * ratio), 1)
    cfg.train_cfg.max_epochs = epochs


def bar_instead_of_log(cfg) -> None:
    """Shows a progress bar instead of MMEngine's log; the curves are in the report."""
    cfg.log_level = 'WARNING'
    for hook in cfg.get('custom_hooks', ()):
        if hook['type'] == 'ProgressBarHook':
            hook['always'] = True
