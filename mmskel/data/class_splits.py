"""The choice of unseen classes: published splits, names, numbers, files."""
from __future__ import annotations

from collections.abc import Sequence

from mmskel.evaluation.features import FeatureError
from mmskel.files.arrays import ArrayFileError, load_npy
from mmskel.files.json_text import JsonError, read_json
from mmskel.files.tables import TableError, read_text

PUBLISHED_SPLITS: dict[str, tuple[int, dict[str, tuple[int, ...]]]] = {
    'ntu60': (60, {
        '55_5': (10, 11, 19, 26, 56),
        '48_12': (3, 5, 9, 12, 15, 40, 42, 47, 51, 56, 58, 59),
        'random_1': (0, 8, 15, 28, 46), 'random_2': (15, 19, 23, 47, 50), 'random_3': (29, 37, 38, 45, 55)}),
    'ntu120': (120, {
        '110_10': (4, 13, 37, 43, 49, 65, 88, 95, 99, 106),
        '96_24': (5, 9, 11, 16, 18, 20, 22, 29, 35, 39, 45, 49, 59, 68, 70, 81, 84, 87, 93, 94, 104, 113, 114, 119),
        'random_1': (0, 4, 6, 7, 24, 37, 54, 59, 97, 113), 'random_2': (63, 79, 86, 92, 98, 100, 103, 110, 111, 117),
        'random_3': (9, 14, 17, 44, 60, 75, 81, 89, 108, 110)}),
    'pku51': (51, {
        'random_1': (10, 19, 27, 38, 48), 'random_2': (0, 9, 17, 30, 42), 'random_3': (18, 24, 31, 43, 45)}),
    'nwucla': (10, {'8_2': (1, 4), '5_5': (1, 3, 4, 6, 8)}),
}
"""Data set -> number of classes and, by name, the unseen classes from 0.

NTU's named splits are those of SynSE (P. Gupta et al., ICIP 2021), the random ones those of SA-DVAE as two later
repositories list them; N-UCLA's are those of PURLS (A. Zhu et al., CVPR 2024).
"""


def unseen_classes(text: str, class_names: Sequence[str]) -> tuple[int, ...]:
    """The unseen classes that a user names.

    Args:
        text: Names or numbers (from 0) separated by ``;``; a published split (``'ntu60:55_5'``); a ``.npy`` of numbers;
            or ``FILE.json:SET:SPLIT``, the file being ``{set: {"classes": K, "splits": {name: [ids]}}}``.
        class_names: Names of all K classes.

    Returns:
        Ascending class numbers.

    Raises:
        FeatureError: Unknown names, numbers or splits, a repeated one, or no seen class left.
    """
    found = _numbers(text, class_names)
    twice = sorted({k for k in found if found.count(k) > 1})
    if twice:
        raise FeatureError(f"the unseen class {twice[0]} ('{class_names[twice[0]]}') is named twice in '{text}'")
    outside = [k for k in found if not 0 <= k < len(class_names)]
    if outside:
        raise FeatureError(f"'{text}': there is no class {outside[0]}; the {len(class_names)} classes are "
                           f'numbered from 0 to {len(class_names) - 1}')
    if not found or len(found) >= len(class_names):
        raise FeatureError(f"'{text}': {len(found)} of {len(class_names)} classes are unseen; at least one has to be "
                           'unseen and one seen')
    return tuple(sorted(found))


def _numbers(text: str, class_names: Sequence[str]) -> list[int]:
    if text.endswith('.npy'):
        try:
            numbers = load_npy(text)
        except ArrayFileError as error:
            raise FeatureError(f'{error}; expected class numbers') from None
        if numbers.dtype.kind not in 'iu':
            raise FeatureError(f"'{text}' holds {numbers.dtype} {numbers.shape}; expected class numbers")
        return numbers.ravel().tolist()
    place, _, split = text.rpartition(':')
    if place in PUBLISHED_SPLITS:
        classes, splits = PUBLISHED_SPLITS[place]
        return _chosen(splits, split, place, classes, class_names)
    file, _, dataset = place.rpartition(':')
    if file.endswith('.json'):
        try:
            data = read_json(read_text(file, 'file of class splits'))[dataset]
            splits, classes = data['splits'], data['classes']
            if not isinstance(splits, dict) or type(classes) is not int or not all(
                    isinstance(ids, list) and all(type(k) is int for k in ids) for ids in splits.values()):
                raise TypeError('other kinds of values')
        except TableError as error:
            raise FeatureError(str(error)) from None
        except (JsonError, KeyError, TypeError) as error:
            raise FeatureError(f"'{file}' has no class splits of '{dataset}' ({error}); expected "
                               '{set: {"classes": K, "splits": {name: [ids]}}}') from None
        return _chosen(splits, split, f'{file}:{dataset}', classes, class_names)
    by_name = {name.casefold(): k for k, name in enumerate(class_names)}
    found = []
    for part in (' '.join(part.split()) for part in text.split(';')):
        if part.casefold() in by_name:
            found.append(by_name[part.casefold()])
        elif part.isdigit():
            found.append(int(part))
        else:
            raise FeatureError(f"there is no class '{part}'; classes: {'; '.join(class_names)}. Published splits: "
                               + ', '.join(f'{one}:{name}' for one, (_, splits) in PUBLISHED_SPLITS.items()
                                           for name in splits))
    return found


def _chosen(splits: dict[str, Sequence[int]], name: str, place: str, classes: int,
            class_names: Sequence[str]) -> list[int]:
    if name not in splits:
        raise FeatureError(f"{place} has no split '{name}'; it has {', '.join(splits)}")
    if classes != len(class_names):
        raise FeatureError(f'{place} has {classes} classes, the texts have {len(class_names)}')
    return [int(k) for k in splits[name]]
