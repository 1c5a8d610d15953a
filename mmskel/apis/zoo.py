"""Published recognisers, ready to use: their configs, weights, classes, and the skeletons they need.

The table is :mod:`mmskel.cards.zoo`. Weights are looked for in the folder that ``MMSKEL_WEIGHTS`` names, then in
PyTorch's cache, and downloaded into that if they are nowhere.
"""
from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from mmskel.apis.clip_source import ClipSource
from mmskel.cards.zoo import ZooEntry, ZooError, entries, find_entry, is_name
from mmskel.configuration import datasets_of, load_config
from mmskel.configuration.published import use_our_data
from mmskel.data.published_lists import published_list
from mmskel.data.store import open_store
from mmskel.evaluation.fusion import PRESETS, FusionError, preset_weights
from mmskel.files.downloads import check_sum, download, download_folder, is_url, promised_sum
from mmskel.skeleton import joint_map
from mmskel.video.kinds import Kind, kind_of

FOLDER = 'MMSKEL_WEIGHTS'
"""Environment variable: folder that is searched first."""


class FusionRule(NamedTuple):
    """The way of fusing several recognisers: rule and weights, and the published preset they are from ('': none)."""
    rule: str
    weights: tuple[float, ...]
    preset: str


def config_of(entry: ZooEntry, data: str | None = None, split: str | None = None, work_dir: str | None = None):
    """The config of a published recogniser, complete, with data sets and results of ours and the names of its classes.

    Args:
        entry: Recogniser, see :func:`~mmskel.cards.zoo.find_entry`.
        data, work_dir: See :func:`~mmskel.configuration.load_config`.
        split: Protocol or split of the data; ``''``: the file's own parts. Default: the one it was published for.

    Returns:
        mmengine.config.Config
    """
    cfg = load_config(entry.config, data=data, fit=False, cfg_options=dict(entry.options),
                      work_dir=work_dir or f'work_dirs/{"_".join(filter(None, (entry.name, split)))}')
    use_our_data(cfg, entry.layout)
    if split is not None:
        for dataset in datasets_of(cfg):
            dataset['split'] = split
    cfg.class_names = list(classes_of(entry))
    return cfg


def weights_of(entry: ZooEntry, given: str | Path | None = None, argument: str = 'weights') -> str:
    """The file with a recogniser's weights, which is downloaded if it is not on this machine.

    Args:
        entry: Recogniser.
        given: File or URL to use instead.
        argument: Name of the argument that takes a file, for messages.

    Raises:
        ZooError: It is nowhere and cannot be downloaded; names URL, file and argument. Or ``MMSKEL_WEIGHTS`` is no
            folder.
        CheckpointError: A file with another checksum than its name promises.
    """
    if given is not None:
        return str(given)
    named = os.environ.get(FOLDER, '')
    if named and not Path(named).is_dir():
        raise ZooError(f"{FOLDER} is '{named}', which is not a folder; it names the folder of published weights")
    for folder in filter(None, (named, download_folder())):
        for file in (Path(folder) / entry.file, Path(folder) / f'{entry.name}.pth'):
            if file.is_file():
                check_sum(file, entry.sha256 or promised_sum(file))
                return str(file)
    try:
        return str(download(entry.url, name=entry.file, sha256=entry.sha256))
    except OSError as error:
        raise ZooError(f"the weights of '{entry.name}' are not on this machine, and {error}. Download the file where "
                       f"there is a network, then give it, {argument}=FILE, or put it as '{entry.file}' into a folder "
                       f'that the environment variable {FOLDER} names') from None


def start_weights(source: str) -> str:
    """The file or URL of weights to start a training from.

    Args:
        source: A file, a URL, or the name of a published recogniser.

    Raises:
        ZooError: See :func:`weights_of`; also a name that is neither a file nor a recogniser.
    """
    if is_url(source) or Path(source).is_file() or not is_name(source) and Path(source).suffix:
        return source
    return weights_of(find_entry(source), argument='load_from')


def classes_of(entry: ZooEntry) -> tuple[str, ...]:
    """The names of a recogniser's K classes, in the order of its scores."""
    return published_list(f'{entry.classes}_classes')[:entry.num_classes]


def fusion_of(found: Sequence[ZooEntry]) -> FusionRule:
    """The published rule for several recognisers: PYSKL's for joints and bones, and for those and their motions, of one
    network; for any others the mean of the probabilities.

    Args:
        found: Recognisers, at least two.

    Raises:
        ZooError: One is named twice, or they have different classes or take different coordinates.
    """
    first = found[0]
    for i, entry in enumerate(found):
        if entry in found[:i]:
            raise ZooError(f"'{entry.name}' is named twice; every recogniser counts once, with its weight")
        if (entry.classes, entry.num_classes) != (first.classes, first.num_classes):
            raise ZooError(f"'{first.name}' knows the classes of {first.data}, '{entry.name}' those of {entry.data}; "
                           'recognisers of the same classes can be fused')
        if (entry.layout, entry.coords) != (first.layout, first.coords):
            raise ZooError(f"'{first.name}' takes {first.layout} in {first.coords}-D, '{entry.name}' {entry.layout} in "
                           f'{entry.coords}-D; recognisers of the same skeletons can be fused')
    if len({entry.network for entry in found}) == 1:
        try:
            return FusionRule(PRESETS['pyskl'].rule,
                              tuple(preset_weights('pyskl', [entry.stream for entry in found])), 'pyskl')
        except FusionError:  # no rule was published for these streams
            pass
    return FusionRule('softmax', (1., ) * len(found), '')


def check_skeletons(entry: ZooEntry, source: str | Path | int, clips: ClipSource) -> None:
    """Checks, before any model is loaded or downloaded, that a source has the skeletons that a recogniser takes.

    Args:
        entry: Recogniser.
        source: See :func:`~mmskel.video.kinds.kind_of`.
        clips: Source that makes the clips.

    Raises:
        ZooError: Skeletons of another kind; says what to do.
    """
    if kind_of(source) is Kind.ANNOTATIONS:
        store = open_store(source)
        layout, coords, where = store.layout, set(store.shapes[:, 3].tolist()), f"'{source}' has"
    else:
        layout, coords, where = clips.layout, {clips.coords}, 'the pose models find'
    if coords - {entry.coords}:
        raise ZooError(f"'{entry.name}' takes skeletons in {entry.coords}-D, but {where} skeletons in "
                       f'{min(coords - {entry.coords})}-D; {_advice(entry)}')
    if layout and entry.layout != layout and joint_map(layout, entry.layout, 'zero').missing:
        if entry.layout == 'hand21':
            do = "choose a model of hands, preset='hand', or give another: pose_config=... and pose_weights=..."
        else:
            do = f'choose a model that finds {entry.layout}, or a recogniser of {layout}: `mmskel models --weights`'
        raise ZooError(f"'{entry.name}' takes skeletons of layout {entry.layout}, but {where} {layout}; {do}")


def _advice(entry: ZooEntry) -> str:
    """A sentence for somebody whose skeletons have the wrong number of coordinates."""
    if entry.coords == 2:
        do = 'give clips in 2-D, or leave out the lifter (lift_config=...)'
    else:
        lacks = len(joint_map('h36m17', entry.layout, 'zero').missing)
        do = f'give clips in 3-D, or a lifter that finds the joints of {entry.layout}: lift_config=... and ' \
             'lift_weights=...' + (f" (mmpose's, of Human3.6M, lack {lacks} of them)" if lacks else '')
    wanted = entry.name.replace(f'_{entry.coords}d_', f'_{5 - entry.coords}d_')
    return do + (f"; or choose '{wanted}'" if wanted != entry.name and wanted in entries() else '')
