"""The clips of a zero-shot experiment, and the feature files that SA-DVAE and SynSE publish.

A published folder (``sk_feats/shift_ntu60_5_r``) holds NumPy files: ``train``, ``train_label`` (seen classes, training
clips), ``ztest``, ``z_label`` (unseen classes, test clips), ``gtest``, ``g_label``, ``gtest_out`` (all classes, test
clips, with the raw scores of the skeleton classifier). Its twin with ``_val_`` in the name repeats the experiment
inside the seen classes: ``train``, ``ztest``, ``ztest_out`` and, for other clips of the classes trained on, ``val``,
``val_label``, ``val_out``.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmskel.data.feature_table import FeatureTable
from mmskel.evaluation.features import FeatureError
from mmskel.files.arrays import ArrayFileError, load_npy
from mmskel.files.atomic import atomic_path

# file of the features, of the labels, of the classifier's raw scores
_TEST = (('train', 'train_label', ''), ('ztest', 'z_label', ''), ('gtest', 'g_label', 'gtest_out'))
_VALIDATION = (('train', 'train_label', ''), ('ztest', 'z_label', 'ztest_out'), ('val', 'val_label', 'val_out'))


@dataclass(frozen=True)
class ZeroShotSet:
    """The clips of one experiment.

    Args:
        train: Clips of seen classes, for training.
        of_unseen: Clips of unseen classes, for testing.
        others: Test clips of all classes; in a validation set, clips of seen classes that are not in ``train``.
        seen, unseen: Class numbers, ascending.
    """
    train: FeatureTable
    of_unseen: FeatureTable
    others: FeatureTable
    seen: tuple[int, ...]
    unseen: tuple[int, ...]

    def __post_init__(self):
        leaked = sorted(set(self.train.labels.tolist()) & set(self.unseen))
        if leaked:
            raise FeatureError(f'classes {leaked} are unseen, but {int(np.isin(self.train.labels, leaked).sum())} '
                               'training clips belong to them')
        unknown = sorted(set(self.of_unseen.labels.tolist()) - set(self.unseen))
        if unknown:
            raise FeatureError(f'clips of classes {unknown} are among those of the unseen classes {list(self.unseen)}')
        for what, table in (('training', self.train), ('unseen', self.of_unseen)):
            if not len(table):
                raise FeatureError(f'there is no {what} clip; seen classes: {list(self.seen)}, unseen classes: '
                                   f'{list(self.unseen)}')


def make_test_set(train: FeatureTable, test: FeatureTable, unseen: Sequence[int], num_classes: int) -> ZeroShotSet:
    """The actual experiment.

    Args:
        train: Training clips; those of unseen classes are left out.
        test: Test clips of all classes.
        unseen: Class numbers.
        num_classes: Number of classes, K; the other classes are seen.

    Raises:
        FeatureError: Labels without a class, unseen classes that the recogniser was trained on, or a kind without
            clips.
    """
    high = max(int(train.labels.max(initial=-1)), int(test.labels.max(initial=-1)))
    if high >= num_classes:
        raise FeatureError(f'a clip has label {high}, but there are texts of {num_classes} classes (0 to '
                           f'{num_classes - 1})')
    known = set(unseen).intersection(train.trained_classes or ())
    if known:
        raise FeatureError(f'the recogniser of these features was trained on the classes {sorted(known)}, which are '
                           'called unseen; train one on the others alone')
    seen = tuple(k for k in range(num_classes) if k not in unseen)
    return ZeroShotSet(train.of_classes(seen), test.of_classes(unseen), test, seen, tuple(sorted(unseen)))


def make_validation_set(train: FeatureTable, unseen_count: int, seed: int = 5,
                        own: FeatureTable | None = None) -> ZeroShotSet | None:
    """The same experiment inside the seen classes, on which cycle and gate are chosen.

    As many classes as there are unseen ones play the unseen part, at most half of them; a fifth of the other clips is
    held out. It is not known which classes the published sets took: these are drawn.

    Args:
        train: Training clips of seen classes.
        unseen_count: Number of unseen classes of the experiment proper.
        seed: Seed of the draws.
        own: Features of the same clips by a second recogniser, as published: trained without some of the seen classes
            (its ``trained_classes`` say which), which then play the unseen ones.

    Returns:
        The experiment; None if there are fewer than four seen classes.

    Raises:
        FeatureError: If ``own`` does not say what its recogniser was trained on, or knows all seen classes.
    """
    random = np.random.default_rng(seed)
    classes = np.unique(train.labels)
    if own is not None:
        if own.trained_classes is None:
            raise FeatureError('the features for validation do not say which classes their recogniser was trained on '
                               '(trained_classes)')
        unseen = sorted(set(classes.tolist()) - set(own.trained_classes))
        if not unseen:
            raise FeatureError('the recogniser of the features for validation was trained on all seen classes; it has '
                               'to leave some out')
        train = own.of_classes(classes)
    elif len(classes) < 4:
        return None
    else:
        unseen = sorted(random.choice(classes, min(unseen_count, len(classes) // 2), replace=False).tolist())
    seen = [int(k) for k in classes if k not in unseen]
    of_seen = train.of_classes(seen)
    held = np.zeros(len(of_seen), bool)
    held[random.permutation(len(of_seen))[:len(of_seen) // 5]] = True
    return ZeroShotSet(of_seen.only(~held), train.of_classes(unseen), of_seen.only(held), tuple(seen), tuple(unseen))


def validation_folder(folder: str | Path) -> Path:
    """The path of a published folder's twin: ``shift_ntu60_5_r`` -> ``shift_ntu60_val_5_r``."""
    folder = Path(folder)
    parts = folder.name.split('_')
    return folder.with_name('_'.join([*parts[:-2], 'val', *parts[-2:]]))


def read_published(folder: str | Path, seen: Sequence[int] | None = None) -> ZeroShotSet:
    """Reads a published folder; its files say which of the two kinds it is.

    Args:
        folder: Folder as described in this module.
        seen: Class numbers; by default those of the training clips.

    Raises:
        FeatureError: Missing or unreadable files, or arrays that do not belong together; names them.
    """
    folder = Path(folder)
    files = _VALIDATION if (folder / 'val.npy').is_file() else _TEST
    tables = []
    for name, labels, logits in files:
        arrays = [_array(folder / f'{one}.npy') for one in (name, labels)]
        scores = _array(folder / f'{logits}.npy') if logits and (folder / f'{logits}.npy').is_file() else None
        try:
            tables.append(FeatureTable(arrays[0].astype(np.float32), arrays[1].astype(np.int64).ravel(),
                                       tuple(f'{name}/{k}' for k in range(len(arrays[1]))), scores))
        except FeatureError as error:
            raise FeatureError(f"'{folder / name}.npy': {error}") from None
    unseen = tuple(np.unique(tables[1].labels).tolist())
    seen = tuple(seen if seen is not None else np.unique(tables[0].labels).tolist())
    try:
        return ZeroShotSet(*tables, seen, unseen)
    except FeatureError as error:
        raise FeatureError(f"'{folder}': {error}") from None


def write_published(folder: str | Path, part: ZeroShotSet, validation: bool = False) -> Path:
    """Writes a published folder, each file whole or not at all.

    Args:
        folder: Folder to write to.
        part: Clips to write.
        validation: Whether it is the twin with ``_val_``.
    """
    folder = Path(folder)
    for (name, labels, logits), table in zip(_VALIDATION if validation else _TEST,
                                             (part.train, part.of_unseen, part.others)):
        arrays = {name: table.features, labels: table.labels}
        if logits and table.logits is not None:
            arrays[logits] = table.logits
        for key, value in arrays.items():
            with atomic_path(folder / f'{key}.npy') as temporary:
                np.save(temporary, value)
    return folder


def _array(path: Path) -> np.ndarray:
    try:
        array = load_npy(path)
    except ArrayFileError as error:
        raise FeatureError(f'{error}; expected a folder of published features, see docs/zero_shot.md, or a .npz '
                           'file') from None
    if array.dtype.kind not in 'fiu':
        raise FeatureError(f"'{path}' holds {array.dtype}, expected numbers")
    return array
