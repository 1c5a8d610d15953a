"""Train several streams one after the other and fuse them: what ``mmskel train --streams`` does."""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmskel.apis.fusion import fuse_files, write_fused
from mmskel.apis.plan import Stage, run_plan
from mmskel.configuration import ConfigError, dataset_of
from mmskel.evaluation import PRESETS, FusionError, Results, preset_weights
from mmskel.evaluation.fusion import RULES, checked_weights


def train_streams(configs: Mapping[str, Any], resume: bool = False, overwrite: bool = False) -> Results | None:
    """Trains and tests every stream in a work dir of its own, then fuses the results by the config's ``fusion``.

    ``fusion = dict(preset='ctrgcn')``, or ``dict(rule='softmax', weights=dict(joint=2, bone=1))`` with weights by name.
    Without it probabilities are fused with equal weights.

    Args:
        configs: Configs by stream, from :func:`~mmskel.configuration.stream_configs`.
        resume: A stream that was trained and tested is kept as it is, one that was interrupted goes on from its last
            checkpoint, one that was not begun is begun.
        overwrite: Whether trainings that the work dirs hold are removed; else, without ``resume``, they are an error.

    Returns:
        The fused results, which are written with a report into :func:`fused_folder`; None on all ranks of a distributed
        training but the first.

    Raises:
        ConfigError: A fusion that does not fit the streams; a used work dir; a finished training with other
            settings. Before training.
    """
    from mmengine.dist import is_main_process
    fusion = fusion_of(configs)
    stages = {name: Stage(cfg) for name, cfg in configs.items()}
    run_plan(stages, resume, overwrite, with_logits=bool(_needs_logits(fusion)))
    return fuse_streams(configs, fusion) if is_main_process() else None


def fusion_of(configs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of :func:`~mmskel.evaluation.fuse` that the config's ``fusion`` means for these streams.

    Raises:
        ConfigError: An unknown key, rule or preset; a stream without a weight.
    """
    fusion = dict(next(iter(configs.values())).get('fusion') or {})
    if unknown := set(fusion) - {'preset', 'rule', 'weights'}:
        raise ConfigError(f"fusion: unknown key '{sorted(unknown)[0]}'; known: preset, rule, weights")
    preset, rule, weights = fusion.get('preset') or None, fusion.get('rule') or None, fusion.get('weights') or None
    if preset and (rule or weights):
        raise ConfigError('fusion: a preset is a rule with its weights; give the preset, or rule and weights')
    if rule and rule not in RULES:
        raise ConfigError(f"fusion: unknown rule '{rule}'; known: {', '.join(RULES)}")
    if weights is not None:
        if missing := [name for name in configs if name not in weights]:
            raise ConfigError(f"fusion: weights has no '{missing[0]}'; it has: {', '.join(weights)}")
        weights = checked_weights([weights[name] for name in configs], len(configs))
    if preset:
        try:
            preset_weights(preset, [_stream(cfg) for cfg in configs.values()])
        except FusionError as error:
            raise ConfigError(f'{error}; cfg_options=... with fusion.preset=None fuses probabilities with equal weights'
                              ) from None
    return dict(preset=preset, rule=rule, weights=weights)


def _stream(cfg) -> str:
    return cfg.model.get('data_preprocessor', {}).get('stream', '') or cfg.get('member', '')


def _needs_logits(fusion: Mapping[str, Any]) -> bool:
    rule = PRESETS[fusion['preset']].rule if fusion['preset'] else fusion['rule']
    return rule in ('logits', 'l2norm')


def fused_folder(configs: Mapping[str, Any]) -> Path:
    """Where the fused results go: beside the work dirs, ``fused`` in place of the stream's name."""
    name, cfg = next(iter(configs.items()))
    return Path(cfg.work_dir.removesuffix(name) + 'fused')


def fuse_streams(configs: Mapping[str, Any], fusion: Mapping[str, Any]) -> Results:
    """Fuses the results in the work dirs of finished streams; writes results and report into :func:`fused_folder`."""
    files = [Path(cfg.work_dir) / 'results.json' for cfg in configs.values()]
    results = fuse_files(files, rule=fusion['rule'], weights=fusion['weights'], preset=fusion['preset'])
    first = next(iter(configs.values()))
    write_fused(results, fused_folder(configs), dataset_of(first, 'test_dataloader')['ann_file'])
    return results
