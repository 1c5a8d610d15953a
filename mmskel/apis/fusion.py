"""Fuse results files: what ``mmskel fuse`` does."""
from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from mmskel.evaluation import FusionError, Results, fuse, fuse_fitted, load_results, save_results
from mmskel.files.atomic import output_path


def fuse_files(files: Sequence[str | Path], *, rule: str | None = None, weights: Sequence[float] | None = None,
               preset: str | None = None, fit_on: str | None = None) -> Results:
    """Reads results files and fuses them by clip id.

    Args:
        files: ``results.json`` of at least two tests, or the folders that hold one.
        rule, weights, preset: See :func:`mmskel.evaluation.fuse`.
        fit_on: Fit the weights on this subset or split and report the other clips, see
            :func:`mmskel.evaluation.fuse_fitted`.

    Raises:
        FusionError: A file is missing or named twice, or arguments or results do not belong together.
    """
    paths = [results_file(file) for file in files]
    twice = [path for path in paths if sum(path.resolve() == other.resolve() for other in paths) > 1]
    if twice:
        raise FusionError(f"'{twice[0]}' is named twice; every result has one voice, and its weight")
    results, names = [load_results(path) for path in paths], [f"'{path}'" for path in paths]
    if fit_on is None:
        return fuse(results, rule, weights, preset=preset, names=names)
    if weights is not None or preset is not None:
        raise FusionError('fit_on=... finds the weights itself; leave out weights=... and preset=...')
    return fuse_fitted(results, fit_on, rule, names)


def results_file(path: str | Path) -> Path:
    """A results file, or the one in a folder.

    Raises:
        FusionError: If there is none.
    """
    path = Path(path)
    file = path / 'results.json' if path.is_dir() else path
    if not file.is_file():
        raise FusionError(f"there is no results file '{file}'; `mmskel test` writes one")
    return file


def default_folder(files: Sequence[str | Path]) -> Path:
    """``fused`` in the innermost folder that holds all files."""
    folders = [results_file(file).resolve().parent for file in files]
    return Path(os.path.relpath(os.path.commonpath(folders))) / 'fused'


def write_fused(results: Results, folder: str | Path, annotation_file: str | Path | None = None,
                members: Sequence[str | Path] = ()) -> None:
    """Writes ``results.json`` and the report of a fused result.

    Args:
        results: Results of :func:`fuse_files`.
        folder: Folder to write to; created if necessary.
        annotation_file: Annotation file of the tested clips, some of which are shown.
        members: Results files that were fused, or their folders, which must not be replaced.

    Raises:
        OutputError: If the folder is that of a member, or cannot be written.
    """
    output_path(Path(folder) / 'results.json', *map(results_file, members))
    from mmskel.visualization.report import write_report
    config, count = results.meta.get('config'), len(results.meta['members'])
    stem = f'{Path(config).stem}: ' if isinstance(config, str) and config else ''
    save_results(Path(folder) / 'results.json', results)
    write_report(results, folder, annotation_file=annotation_file, title=f'{stem}{count} results fused')


def describe_members(results: Results) -> str:
    """The members of a fused result, their weights and accuracies, as a readable table."""
    from mmskel.visualization.report import member_rows
    keys, rows = member_rows(results)
    width = max(12, *(len(name) for name, _, _ in rows))
    heads = [f'top-1 {part}'.strip() for part in (key.rpartition('/')[0] for key in keys)]
    lines = [f'{"stream":>{width}}   weight' + ''.join(f'{head:>14}' for head in heads)]
    for name, weight, values in rows:
        said = '' if weight is None else f'{weight:g}'
        lines.append(f'{name:>{width}}   {said:>6}' + ''.join(f'{100 * value:12.2f} %' for value in values))
    fitted = results.meta.get('fit')
    how = f'preset {results.meta["preset"]}, ' if results.meta.get('preset') else ''
    lines.append(f'{"rule":>{width}}   {how}{results.meta["rule"]}'
                 + (f', weights fitted on {fitted["on"]}' if fitted else ''))
    return '\n'.join(lines)
