"""Train and test a recogniser: what ``mmskel train`` and ``mmskel test`` do."""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmskel.checkpoints import load_checkpoint
from mmskel.configuration import ConfigError, dataset_of
from mmskel.evaluation import Results, save_results


def _runner(cfg):
    from mmaction.registry import RUNNERS
    from mmengine.runner import Runner
    return RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)


def train(cfg, test_after: bool = True, report_to: str | Path | None = None) -> Results | None:
    """Trains, then tests the epoch the config reports (``report = dict(epoch='last' | 'best')``).

    Args:
        cfg: From :func:`~mmskel.configuration.load_config`.
        test_after: Test and write the report when training has ended.
        report_to: Folder of the report; default: the work dir.

    Returns:
        The results of the test, or None.
    """
    if cfg.get('resume') and not cfg.get('load_from') and not (Path(cfg.work_dir) / 'last_checkpoint').is_file():
        raise ConfigError(f"--resume: '{cfg.work_dir}' holds no checkpoint to resume from; leave --resume away to "
                          'begin, or name a checkpoint')
    if test_after and cfg.get('test_dataloader') is not None:
        _check_evaluator(cfg)
    if cfg.get('plan'):
        raise ConfigError(f"'{cfg.filename}' is a plan of several trainings; see mmskel.apis.plan")
    if cfg.get('load_from') and not cfg.get('resume'):
        start_from(cfg, cfg.load_from)
    runner = _runner(cfg)
    runner.train()
    if not test_after or cfg.get('test_dataloader') is None:
        return None
    checkpoint = reported_checkpoint(cfg)
    return test(cfg, checkpoint, runner, out=report_to)


def start_from(cfg, checkpoint: str | Path, prefixes: Mapping[str, str] | None = None) -> None:
    """Has a training begin with the weights of a checkpoint; what was taken is printed when it begins.

    Args:
        cfg: The config, which is changed.
        checkpoint: A file or URL.
        prefixes: See :func:`mmskel.checkpoints.fill`.
    """
    cfg.load_from = None
    cfg.custom_hooks = [hook for hook in cfg.get('custom_hooks') or () if hook['type'] != 'StartWeightsHook']
    cfg.custom_hooks.append(dict(type='StartWeightsHook', checkpoint=str(checkpoint), prefixes=prefixes))


def _check_evaluator(cfg) -> None:
    evaluator = cfg.get('test_evaluator') or []
    metrics = evaluator if isinstance(evaluator, (list, tuple)) else [evaluator]
    if not any(metric.get('type') in ('SkeletonAccuracy', 'mmaction.SkeletonAccuracy') for metric in metrics):
        raise ConfigError("test_evaluator has no SkeletonAccuracy, which keeps the results by clip id; add "
                          "dict(type='SkeletonAccuracy') to it, or train with --no-test")
    last = dataset_of(cfg, 'test_dataloader')['pipeline'][-1]
    if last.get('type') == 'PackActionInputs' and 'frame_dir' not in last.get('meta_keys', ()):
        raise ConfigError("the test pipeline's PackActionInputs drops the clip ids; give it "
                          "meta_keys=('frame_dir', ), or train with --no-test")


def reported_checkpoint(cfg) -> Path:
    """The checkpoint a finished run reports: the last epoch's, or the best one's.

    Raises:
        ConfigError: If the work dir holds none.
    """
    folder, epoch = Path(cfg.work_dir), cfg.get('report', {}).get('epoch', 'last')
    if epoch not in ('last', 'best'):
        raise ConfigError(f"report.epoch is 'last' or 'best', not {epoch!r}")
    if epoch == 'best':
        found = sorted(folder.glob('best_*.pth'), key=lambda p: p.stat().st_mtime)
        if found:
            return found[-1]
    marker = folder / 'last_checkpoint'
    if not marker.is_file():
        raise ConfigError(f"'{folder}' holds no checkpoint; train first")
    return folder / Path(marker.read_text().strip()).name


def test(cfg, checkpoint: str | Path, runner=None, out: str | Path | None = None) -> Results | None:
    """Tests a checkpoint; writes ``results.json`` and the report into the work dir.

    Of a network of several heads each one's own results are written beside them, ``results_<head>.json``, and their
    top-1 is told by ``meta['heads']`` of the results.

    Args:
        cfg: From :func:`~mmskel.configuration.load_config`.
        checkpoint: Weights; checked against the model, so that a checkpoint of another model is refused.
        runner: A runner that has just trained; its model and loaders are used.
        out: Where to write instead of the work dir.

    Returns:
        The results by clip id; None on all ranks of a distributed test but the first, which writes.

    Raises:
        CheckpointError: No such checkpoint, or one of another model.
    """
    from mmengine.dist import is_main_process

    from mmskel.engine import SkeletonAccuracy, run_test
    from mmskel.visualization.report import write_report
    _check_evaluator(cfg)
    cfg.load_from, cfg.resume = None, False
    just_trained = runner is not None
    runner = runner or _runner(cfg)
    meta = load_weights(runner.model, checkpoint)
    run_test(runner)
    if not is_main_process():
        return None
    metric = next(m for m in runner.test_evaluator.metrics if isinstance(m, SkeletonAccuracy))
    results = metric.last
    folder = Path(out or cfg.work_dir)
    notes = selection_notes(cfg, Path(checkpoint), just_trained)
    results.meta.update(
        config=Path(cfg.filename or '').name, checkpoint=Path(checkpoint).name, epoch=meta.get('epoch'),
        seed=meta.get('seed', cfg.get('randomness', {}).get('seed')),
        model=cfg.model.get('backbone', {}).get('type', cfg.model.type),
        stream=cfg.model.get('data_preprocessor', {}).get('stream', ''), member=cfg.get('member', ''),
        score='probability',
        ann_file=Path(results.meta.get('ann_file', '')).name, notes=notes)
    for name, part in metric.parts.items():
        part.meta.update(results.meta, head=name)
        save_results(folder / f'results_{name}.json', part)
        results.meta.setdefault('heads', {})[name] = part.summary().get('top1')
    save_results(folder / 'results.json', results)
    # the curves of the run that wrote the checkpoint, not of another one in the same work dir
    trained = (Path(checkpoint).resolve().parent == Path(cfg.work_dir).resolve()
               and next(Path(cfg.work_dir).glob('**/vis_data/scalars.json'), None) is not None)
    write_report(results, folder, annotation_file=dataset_of(cfg, 'test_dataloader')['ann_file'],
                 curves=cfg.work_dir if trained else None, notes=notes)
    return results


def load_weights(model, checkpoint: str | Path) -> dict[str, Any]:
    """Loads weights, every one of them, without running anything in the file.

    Returns:
        ``epoch``, ``seed`` and ``dataset_meta`` of the checkpoint, where it has them.

    Raises:
        CheckpointError: If the file is missing, no checkpoint, or of another model; names the first keys that differ.
    """
    meta = load_checkpoint(model, checkpoint).meta
    return {k: meta[k] for k in ('epoch', 'seed', 'dataset_meta') if k in meta}


def selection_notes(cfg, checkpoint: Path, just_trained: bool) -> list[str]:
    """What a reader must know about how the reported epoch was chosen.

    Args:
        cfg: The config.
        checkpoint: What was tested.
        just_trained: The run chose the checkpoint by ``report.epoch``; otherwise whoever called the test named it.
    """
    def clips(loader: str) -> tuple:
        dataset = dataset_of(cfg, loader) or {}
        return dataset.get('ann_file'), dataset.get('split'), dataset.get('part')

    if not checkpoint.name.startswith('best_'):
        if not just_trained:
            return [f'The checkpoint, {checkpoint.name}, was named by whoever ran the test.']
        return ['The epoch was fixed before training (last epoch), not chosen on any score.']
    if clips('val_dataloader') == clips('test_dataloader'):
        return ['The epoch with the best score ON THE TEST CLIPS was chosen: the accuracy is optimistic.']
    return ['The epoch with the best score on the validation clips was chosen.']


def describe(results: Results) -> str:
    """The accuracies in one readable block."""
    lines = []
    for name in ('', *results.subsets):
        part = {k.removeprefix(f'{name}/'): v for k, v in results.summary().items()
                if k.startswith(f'{name}/') == bool(name) and (name or '/' not in k)}
        if 'top1' in part:
            top5 = f'   top-5 {100 * part["top5"]:6.2f} %' if len(results.class_names) > 5 else ''
            lines.append(f'{name or "all clips":>12}: top-1 {100 * part["top1"]:6.2f} %{top5}   mean class '
                         f'{100 * part["mean_class"]:6.2f} %   ({int(part["n"])} clips)')
    lines += [f'{name:>12}: top-1 {100 * top1:6.2f} %   of this head alone'
              for name, top1 in results.meta.get('heads', {}).items() if top1 is not None]
    return '\n'.join(lines + [f'{"note":>12}: {note}' for note in results.meta.get('notes', [])])
