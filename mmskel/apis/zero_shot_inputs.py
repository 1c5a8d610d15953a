"""What a zero-shot command is given, as data: features and texts in their several forms, configs."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from mmskel.apis.zero_shot import ZeroShotConfig
from mmskel.configuration.find import find_config
from mmskel.data.class_splits import unseen_classes
from mmskel.data.feature_table import FeatureTable, read_features
from mmskel.data.zero_shot_sets import (
    ZeroShotSet,
    make_test_set,
    make_validation_set,
    read_published,
    validation_folder,
)
from mmskel.evaluation.features import FeatureError
from mmskel.files.config_files import read_config_file
from mmskel.language import (
    DEFAULT_ENCODER,
    ClassEmbeddings,
    LanguageError,
    check_class_names,
    embed_classes,
    load_text_encoder,
    read_class_texts,
    read_embeddings,
)
from mmskel.models.zero_shot import ZeroShotError

CONFIG = 'zeroshot/sadvae_custom.py'


@dataclass(frozen=True)
class TextOptions:
    """How class texts become vectors.

    Args:
        encoder: Name or folder of a text encoder.
        columns: Columns of a class file to take texts from.
        prompts: Templates with one ``{}``.
        join: Rule for joining several texts of a class.
        device: Device the encoder runs on.
    """
    encoder: str = DEFAULT_ENCODER
    columns: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()
    join: str = 'concatenate'
    device: str = 'cpu'


def load_embeddings(paths: Sequence[str | Path], options: TextOptions = TextOptions(),
                    class_names: Sequence[str] = ()) -> ClassEmbeddings:
    """Class embeddings of a class file (``.csv``, ``.txt``) or of one or more ``.npy`` files.

    Args:
        paths: Files.
        options: Options of encoding texts; ignored with ``.npy``.
        class_names: Names of the data set, where they are known. A class file with the same names in another order is
            put into theirs; one with other names has to be in their order.

    Raises:
        LanguageError: Files that cannot be read, or another number of classes than the data set has.
    """
    paths = [Path(path) for path in paths]
    if all(path.suffix == '.npy' for path in paths):
        return read_embeddings(paths, class_names)
    if len(paths) != 1:
        raise LanguageError(f'expected one class file or several .npy files; found {", ".join(map(str, paths))}')
    texts = read_class_texts(paths[0], options.columns)
    if class_names:
        names = check_class_names(class_names)
        if len(names) != len(texts.names):
            raise LanguageError(f"'{paths[0]}' describes {len(texts.names)} classes, the features are of {len(names)}: "
                                'one row per class, seen and unseen')
        place = {name.casefold(): k for k, name in enumerate(texts.names)}
        if all(name.casefold() in place for name in names):
            texts = replace(texts, names=names, texts=tuple(texts.texts[place[name.casefold()]] for name in names))
    encoder = load_text_encoder(options.encoder, options.device)
    found = embed_classes(encoder, texts.prompted(options.prompts), options.join)
    return replace(found, record=dict(found.record, prompts=list(options.prompts)))


def load_zero_shot_config(name: str = CONFIG, options: Mapping[str, Any] | None = None) -> ZeroShotConfig:
    """A config of zero-shot recognition by path or name.

    Args:
        name: See :func:`mmskel.configuration.find.find_config`.
        options: Settings that override it, by their place: ``{'training.lr': 1e-4}``.

    Raises:
        ConfigError, ZeroShotError: No such config, or one of something else.
    """
    path = find_config(name)
    cfg = read_config_file(path)
    cfg.merge_from_dict(dict(options or {}))
    known = {one.name for one in fields(ZeroShotConfig)}
    unknown = sorted(set(cfg) - known)
    if 'model' not in cfg or unknown:
        found = f'it has {", ".join(unknown)}' if unknown else 'it has no model'
        raise ZeroShotError(f"'{path}' is not a config of zero-shot recognition: {found}; expected "
                            f'{", ".join(sorted(known))}')
    return ZeroShotConfig(**cfg.to_dict())


def tables_of(features: str | Path, test: str | Path | None = None,
              split: str = '') -> tuple[FeatureTable, FeatureTable]:
    """Training and test clips of one ``.npz``, or of two.

    Args:
        features: Clips of both, or of training alone.
        test: Test clips, where they are in a file of their own.
        split: Protocol, see :func:`~mmskel.data.feature_table.read_features`.

    Raises:
        FeatureError: One file without a split, two recognisers, or clips that are in both.
    """
    table = read_features(features, split)
    if test is None:
        if table.split is None:
            raise FeatureError(f"'{features}' does not say which clips are for training and which for testing (split); "
                               'give the test clips as a file of their own')
        return table.of_split('train'), table.of_split('test')
    other = read_features(test)
    if table.recogniser and other.recogniser and table.recogniser != other.recogniser:
        raise FeatureError(f"'{features}' is of {table.recogniser}, '{test}' of {other.recogniser}; both have to come "
                           'from one recogniser')
    if table.features.shape[1] != other.features.shape[1]:
        raise FeatureError(f"the features of '{features}' are {table.features.shape[1]} wide, those of '{test}' "
                           f'{other.features.shape[1]}; both have to come from one recogniser')
    both = sorted(set(table.ids) & set(other.ids))
    if both:
        raise FeatureError(f"{len(both)} clips are in '{features}' and in '{test}', e.g. {both[0]}")
    return table, other


def load_sets(features: str | Path, class_names: Sequence[str], unseen: str = '', *, split: str = '',
              test: str | Path | None = None, validation: str | Path | None = None,
              seed: int = 5) -> tuple[ZeroShotSet, ZeroShotSet | None]:
    """The experiment, and the same inside the seen classes.

    Args:
        features: A published folder, or a ``.npz``.
        class_names: K names of all classes.
        unseen: See :func:`~mmskel.data.class_splits.unseen_classes`; of a published folder only compared.
        split: Protocol that says which clips are for training and which for testing, e.g. ``'xview'``.
        test: Test clips, where they are in a file of their own.
        validation: The published twin (by default the folder of that name, if it is there), or a ``.npz`` by a second
            recogniser.
        seed: Seed of what is drawn.

    Raises:
        FeatureError: What cannot be read or does not belong together.
    """
    if Path(features).is_dir():
        data = read_published(features)
        if unseen and unseen_classes(unseen, class_names) != data.unseen:
            raise FeatureError(f"'{features}' has the unseen classes {list(data.unseen)}, not those of '{unseen}'")
        twin = Path(validation) if validation else validation_folder(features)
        return data, read_published(twin) if validation or twin.is_dir() else None
    if not unseen:
        raise FeatureError('which classes are unseen? Give their names or numbers, or a published split')
    data = make_test_set(*tables_of(features, test, split), unseen_classes(unseen, class_names), len(class_names))
    own = read_features(validation, split) if validation else None
    if own is not None and own.split is not None:
        own = own.of_split('train')
    return data, make_validation_set(data.train, len(data.unseen), seed, own)
