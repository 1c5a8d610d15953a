"""``mmskel doctor``: what is installed, what was repaired, what is missing and what to do about it.

The verdict is about the main job, training and testing a skeleton recogniser; person detection,
pose estimation and the rest are optional parts.
"""
from __future__ import annotations

import platform
import shlex
import textwrap
import warnings

from mmskel import compat
from mmskel.apis.environment import (
    Finding,
    openmmlab,
    package_findings,
    part_findings,
    python_finding,
    reason,
    requirement_of,
    torch_findings,
)
from mmskel.version import __version__


def main_job() -> str:
    """Build MMAction2's STGCN, and run a training and a prediction step on a made-up clip.

    Returns:
        What was done.

    Raises:
        Exception: Anything that keeps the main job from running.
    """
    import mmaction.models  # noqa: F401
    import mmengine.runner  # noqa: F401
    import torch
    from mmaction.registry import MODELS
    from mmaction.structures import ActionDataSample
    from mmengine.registry import DefaultScope
    from mmengine.utils.dl_utils import collect_env
    collect_env()  # the runner writes it into every log
    with DefaultScope.overwrite_default_scope('mmaction'):
        model = MODELS.build(
            dict(
                type='RecognizerGCN',
                backbone=dict(type='STGCN', graph_cfg=dict(layout='coco', mode='stgcn_spatial')),
                cls_head=dict(type='GCNHead', num_classes=2, in_channels=256)))
    clips = torch.rand(2, 1, 2, 16, 17, 3)  # N, clips, M, T, V, C
    samples = [ActionDataSample().set_gt_label(label) for label in range(2)]
    sum(model(clips, samples, mode='loss').values()).sum().backward()
    with torch.no_grad():
        scores = model.eval()(clips, samples, mode='predict')[0].pred_score
    if scores.shape != (2, ) or not bool(torch.isfinite(scores).all()):
        raise RuntimeError(f'STGCN gave the scores {scores}, not two finite numbers')
    return 'STGCN was built, trained for a step and asked for a prediction'


def advice(findings: list[Finding], error: Exception) -> list[str]:
    """Commands that bring the main job closer to running, in the order to be given."""
    wrong = [f for f in findings if f.mark in ('missing', 'untested', 'conflict')]
    needed = [f.requirement for f in wrong if f.requirement]
    obsolete = [distribution for f in wrong for distribution in f.obsolete]
    if isinstance(error, ModuleNotFoundError) and error.name:
        needed.append(requirement_of(error.name.partition('.')[0]))
    # mmengine's environment report crashes on it, and nothing needs it.
    obsolete += [f.name for f in findings if (f.mark, f.name) == ('broken', 'torchvision')]
    alone = [r for r in dict.fromkeys(needed) if r in openmmlab().values()]
    others = [r for r in dict.fromkeys(needed) if r not in alone]
    commands = [f'pip {command} {shlex.join(names)}' for command, names in (
        ('uninstall -y', obsolete), ('install', others), ('install --no-deps', alone)) if names]
    return commands or ['no command is known for this; please report it with the lines above']


def _show(title: str, findings: list[Finding]) -> None:
    print(f'\n{title}')
    for f in findings:
        print(f'  {f.mark:9} {f.name:32} {f.text}')


def _show_repairs() -> None:
    print('\nRepairs')
    for repair in compat.status():
        print(f'  {repair.state.partition(" (")[0]:14} {repair.package}: {repair.name}')
        text = f'{repair.reason}; upstream: {repair.issue}'
        print(textwrap.fill(text, 100, initial_indent=' ' * 17, subsequent_indent=' ' * 17,
                            break_long_words=False, break_on_hyphens=False))


def doctor() -> int:
    """Print a report about this environment.

    Returns:
        0 if the main job can run, 1 if not.
    """
    compat.install()
    print(f'mmskel {__version__} on {platform.platform()}')
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # of other packages about themselves
        packages = [python_finding(), *package_findings()]
        devices = torch_findings()
        try:
            done, error = main_job(), None
        except Exception as raised:  # whatever it is, the report is about it
            done, error = '', raised
        parts = part_findings()
    _show('Packages', packages)
    _show('Devices', devices)
    _show('Optional parts', parts)
    _show_repairs()
    print('\nVerdict')
    if error is None:
        print(f'  {done}.')
        print('  ready: the main job (training and testing a skeleton recogniser) can run')
        return 0
    print('  not ready: the main job (training and testing a skeleton recogniser) cannot run:\n'
          f'    {reason(error)}\n  what to do:')
    for command in advice(packages + parts, error):
        print(f'    {command}')
    return 1
