"""Train and test a recogniser: what ``mmskel train`` and ``mmskel test`` do."""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process

from mmskel.apis.persons import persons_left_out
from mmskel.apis.recorded import check_same_data, check_same_model, check_same_recipe, has_new_schedule
from mmskel.apis.run_folder import check_unused, clear, last_checkpoint, mark, resume_point
from mmskel.checkpoints import fill, read_checkpoint
from mmskel.configuration import ConfigError, dataset_of
from mmskel.evaluation import Results, save_results
from mmskel.files.atomic import output_path
from mmskel.files.text import printable


def _runner(cfg):
    from mmaction.registry import RUNNERS
    return RUNNERS.get(cfg.get('runner_type', 'SkeletonRunner')).from_cfg(cfg)


def train(cfg, test_after: bool = True, report_to: str | Path | None = None, overwrite: bool = False
          ) -> Results | None:
    """Trains, then tests the epoch that the config reports (``report = dict(epoch='last' | 'best')``).

    Args:
        cfg: Config from :func:`~mmskel.configuration.load_config`. ``resume`` continues from the work dir's last whole
            checkpoint, or from ``load_from``, with this config's schedule; without it ``load_from`` gives the initial
            weights (see :func:`start_from`).
        test_after: Whether to test and write the report after the training.
        report_to: Folder of the report; default: the work dir.
        overwrite: Whether to remove a training that the work dir holds.

    Returns:
        The results of the test, or None.

    Raises:
        ConfigError: A work dir that holds another training, or a checkpoint of a training with other settings than the
            config's; nothing has been changed then.
        DivergedError: The loss or the weights are no longer finite.

    Example:
        >>> from mmskel.configuration import load_config
        >>> results = train(load_config('custom/stgcn_custom.py', data='data/mine.pkl'))  # doctest: +SKIP
        >>> results.summary()['top1'], results.logits.shape  # doctest: +SKIP
        (0.925, (40, 10))
    """
    if cfg.get('plan'):
        raise ConfigError(f"'{cfg.filename}' is a plan of several trainings; see mmskel.apis.plan")
    output_path(Path(cfg.work_dir) / 'last_checkpoint')
    test_after = test_after and cfg.get('test_dataloader') is not None
    if test_after:
        _check_evaluator(cfg)
    checkpoint, new_schedule = None, False
    if cfg.get('resume'):
        checkpoint, new_schedule = _point_to_resume(cfg, overwrite)
    elif not overwrite:
        check_unused(cfg.work_dir)
    if cfg.get('load_from') and not checkpoint:
        start_from(cfg, cfg.load_from)
    _guard(cfg)
    runner = _runner(cfg)
    runner.new_schedule = new_schedule
    if is_main_process() and (advice := persons_left_out(cfg)):
        print(printable(f'warning: {advice}'), flush=True)
    if overwrite and not checkpoint and is_main_process():
        clear(cfg.work_dir, keep=runner.log_dir)
    if checkpoint and not cfg.get('load_from') and is_main_process():
        mark(cfg.work_dir, checkpoint)
    runner.train()
    return test(cfg, reported_checkpoint(cfg), runner, out=report_to) if test_after else None


def _point_to_resume(cfg, overwrite: bool) -> tuple[Path, bool]:
    """The checkpoint that a training resumes from, checked, and whether the schedule differs from there on."""
    if overwrite:
        raise ConfigError('a training is resumed or its work dir overwritten, not both')
    if cfg.get('load_from'):
        checkpoint = Path(cfg.load_from)
        meta = read_checkpoint(checkpoint).meta
        if checkpoint.resolve().parent != Path(cfg.work_dir).resolve():
            check_unused(cfg.work_dir)
    else:
        checkpoint, meta = resume_point(cfg.work_dir)
    check_same_recipe(cfg, meta, checkpoint)
    check_same_data(cfg, meta, checkpoint)
    planned = (cfg.get('train_cfg') or {}).get('max_epochs')
    if planned and (meta.get('epoch') or 0) > planned:
        raise ConfigError(f"resume: '{checkpoint}' was trained for {meta['epoch']} epochs, more than {planned}")
    return checkpoint, has_new_schedule(cfg, meta)


def _guard(cfg) -> None:
    """Makes checkpoints whole and ends a training that has diverged, whatever the config's hooks are."""
    hooks = cfg.setdefault('default_hooks', {})
    keeper = hooks.setdefault('checkpoint', dict(type='CheckpointHook', interval=1))
    if keeper and keeper['type'] in ('CheckpointHook', 'mmengine.CheckpointHook'):
        keeper['type'] = 'WholeCheckpointHook'
    if keeper and keeper.get('save_best') == 'auto' and (metric := _evaluator(cfg, 'val_evaluator')) is not None:
        keeper['save_best'] = metric.best_key
    own = list(cfg.get('custom_hooks') or ())
    if not any(hook['type'] == 'FiniteHook' for hook in own):
        cfg.custom_hooks = [*own, dict(type='FiniteHook')]


def _evaluator(cfg, which: str):
    """The config's metric that keeps results by clip id; None if it has none."""
    from mmaction.registry import METRICS

    from mmskel.engine import ResultsMetric
    metrics = cfg.get(which) or []
    for metric in metrics if isinstance(metrics, (list, tuple)) else [metrics]:
        kind = METRICS.get(metric['type']) if isinstance(metric.get('type'), str) else metric.get('type')
        if isinstance(kind, type) and issubclass(kind, ResultsMetric):
            return METRICS.build(metric)
    return None


def _check_evaluator(cfg) -> None:
    if _evaluator(cfg, 'test_evaluator') is None:
        raise ConfigError("test_evaluator has no metric that keeps the results by clip id, such as SkeletonAccuracy; "
                          "add dict(type='SkeletonAccuracy') to it, or train with test_after=False")
    last = dataset_of(cfg, 'test_dataloader')['pipeline'][-1]
    if last.get('type') == 'PackActionInputs' and 'frame_dir' not in last.get('meta_keys', ()):
        raise ConfigError("the test pipeline's PackActionInputs drops the clip ids; give it "
                          "meta_keys=('frame_dir', ), or train with test_after=False")


def start_from(cfg, checkpoint: str | Path, prefixes: Mapping[str, str] | None = None) -> None:
    """Makes a training start with the weights of a checkpoint; what was taken is printed when it starts.

    Args:
        cfg: Config, which is changed.
        checkpoint: A file or URL.
        prefixes: See :func:`mmskel.checkpoints.fill`.
    """
    cfg.load_from = None
    cfg.custom_hooks = [hook for hook in cfg.get('custom_hooks') or () if hook['type'] != 'StartWeightsHook']
    cfg.custom_hooks.append(dict(type='StartWeightsHook', checkpoint=str(checkpoint), prefixes=prefixes))


def reported_checkpoint(cfg) -> Path:
    """The checkpoint that a finished run reports: the last epoch's or the best.

    Raises:
        ConfigError: If the work dir holds none.
    """
    folder, epoch = Path(cfg.work_dir), cfg.get('report', {}).get('epoch', 'last')
    if epoch not in ('last', 'best'):
        raise ConfigError(f"report.epoch must be 'last' or 'best', not {epoch!r}")
    if epoch == 'best':
        found = sorted(folder.glob('best_*.pth'), key=lambda p: p.stat().st_mtime)
        if found:
            return found[-1]
    last = last_checkpoint(folder)
    if last is None:
        raise ConfigError(f"'{folder}' holds no checkpoint; train first")
    return last


def test(cfg, checkpoint: str | Path, runner=None, out: str | Path | None = None) -> Results | None:
    """Tests a checkpoint; writes ``results.json`` and the report into the work dir, but no config.

    For a network with several heads, the results of each head are written beside them, ``results_<head>.json``, and
    their top-1 is in ``meta['heads']`` of the results.

    Args:
        cfg: Config from :func:`~mmskel.configuration.load_config`.
        checkpoint: Weights; checked against the model, so that a checkpoint of another model is refused.
        runner: Runner that has just trained; its model and loaders are used.
        out: Folder to write to instead of the work dir.

    Returns:
        The results by clip id; None on all but the first rank of a distributed test, which writes them.

    Raises:
        CheckpointError: No such checkpoint, or one of another model.
        ConfigError: The checkpoint's own config contradicts this one in stream, layout, network, classes or split.

    Example:
        >>> from mmskel.configuration import load_config
        >>> cfg = load_config('work_dirs/stgcn_custom/stgcn_custom.py', data='data/other.pkl')  # doctest: +SKIP
        >>> results = test(cfg, 'work_dirs/stgcn_custom/epoch_20.pth', out='work_dirs/other')  # doctest: +SKIP
    """
    from mmskel.engine import ResultsMetric, run_test
    from mmskel.visualization.report import write_report
    _check_evaluator(cfg)
    for folder in {cfg.work_dir, out or cfg.work_dir}:
        output_path(Path(folder) / 'results.json', checkpoint)
    cfg.load_from, cfg.resume = None, False
    just_trained = runner is not None
    weights = read_checkpoint(checkpoint)
    if not just_trained:
        check_same_model(cfg, weights.meta, checkpoint, tested=True)
    runner = runner or _runner(cfg)
    meta = fill(runner.model, weights).meta
    run_test(runner)
    if not is_main_process():
        return None
    metric = next(m for m in runner.test_evaluator.metrics if isinstance(m, ResultsMetric))
    results = metric.last
    folder = Path(out or cfg.work_dir)
    notes = selection_notes(cfg, Path(checkpoint), just_trained, meta.get('epoch'))
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


def load_weights(model, checkpoint: str | Path, cfg=None) -> dict[str, Any]:
    """Loads all weights without running anything in the file.

    Args:
        model: Recogniser to fill.
        checkpoint: A file or URL.
        cfg: Config of the recogniser, if the checkpoint's own is to be compared with it.

    Returns:
        ``epoch``, ``seed`` and ``dataset_meta`` of the checkpoint, if it has them.

    Raises:
        CheckpointError: If the file is missing, not a checkpoint, or of another model; names the first keys that
            differ.
        ConfigError: If the checkpoint was trained with another stream, layout or network.
    """
    weights = read_checkpoint(checkpoint)
    if cfg is not None:
        check_same_model(cfg, weights.meta, checkpoint)
    meta = fill(model, weights).meta
    return {k: meta[k] for k in ('epoch', 'seed', 'dataset_meta') if k in meta}


def selection_notes(cfg, checkpoint: Path, just_trained: bool, epoch: int | None = None) -> list[str]:
    """Notes for the reader about how the reported epoch was chosen.

    Args:
        cfg: Config of the training.
        checkpoint: Checkpoint that was tested.
        just_trained: Whether the run chose the checkpoint by ``report.epoch``; otherwise the caller of the test did.
        epoch: Epoch of the checkpoint.
    """
    def clips(loader: str) -> tuple:
        dataset = dataset_of(cfg, loader) or {}
        return dataset.get('ann_file'), dataset.get('split'), dataset.get('part')

    on_test = clips('val_dataloader') == clips('test_dataloader')
    if checkpoint.name.startswith('best_'):
        where = 'ON THE TEST CLIPS was chosen: the accuracy is optimistic' if on_test else \
            'on the validation clips was chosen'
        return [f'The epoch with the best score {where}.']
    if not just_trained:
        return [f'The checkpoint, {checkpoint.name}, was chosen by the person who ran the test.']
    planned = (cfg.get('train_cfg') or {}).get('max_epochs')
    stopping = any(hook and 'EarlyStopping' in str(hook.get('type'))
                   for hook in (*(cfg.get('custom_hooks') or ()), *(cfg.get('default_hooks') or {}).values()))
    if stopping and epoch and planned and epoch < planned:
        where = 'ON THE TEST CLIPS: the accuracy is optimistic' if on_test else 'on the validation clips'
        return [f'The training was stopped after epoch {epoch} of {planned} by the score {where}.']
    if stopping:
        return [f'The last epoch was reached; the score on the {"TEST" if on_test else "validation"} clips could have '
                'stopped the training before.']
    return ['The epoch was fixed before training (last epoch), not chosen on any score.']


def describe(results: Results) -> str:
    """The accuracies as a readable block of text."""
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
