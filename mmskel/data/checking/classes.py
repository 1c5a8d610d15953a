"""Problems with the classes of a file: numbers with gaps, classes that are never tested, a single class."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from mmskel.data.checking.clips import WARNING
from mmskel.data.checking.report import ALL, Problem
from mmskel.data.checking.splits import split_families

_SHOWN = 8


def class_findings(counts: Mapping[str, Mapping[int, int]], class_names: Sequence[str],
                   name_of: Callable[[int], str]) -> Iterator[Problem]:
    """Yields problems with the classes.

    Args:
        counts: Split name (or :data:`~mmskel.data.checking.report.ALL`) -> label -> number of clips.
        class_names: Names of the classes; empty if the file has none.
        name_of: Name of a class by its number.
    """
    used = sorted(counts.get(ALL, {}))
    if not used:
        return
    empty = [k for k in range(len(class_names)) if k not in counts[ALL]]
    if empty:
        yield Problem(WARNING, 'empty class', f'{len(empty)} of {len(class_names)} classes have no clip',
                      tuple(('', name_of(k)) for k in empty))
    gaps = used[-1] + 1 - len(used)
    if not class_names and gaps:
        shown = ', '.join(map(str, used[:_SHOWN])) + (', ...' if len(used) > _SHOWN else '')
        if used[0] == 1 and gaps == 1:
            yield Problem(WARNING, 'class numbers', 'No clip has label 0. Do labels begin at 1? They are counted from '
                          '0, and the network would get a class without any clip')
        else:
            yield Problem(WARNING, 'class numbers', f'{gaps} of {used[-1] + 1} classes have no clip; the labels are '
                          f'{shown}. Number them from 0 on, or name the classes in use in the config: classes='
                          f'[{",".join(map(str, used[:_SHOWN]))}]')
    if len(used) == 1:
        yield Problem(WARNING, 'one class', f'All clips are of one class ({name_of(used[0])}); there is nothing to '
                      'distinguish, and every accuracy is 100 %. Add clips of something else')
    for train, test in split_families([name for name in counts if name != ALL]):
        untested = sorted(set(counts[train]) - set(counts[test]))
        if untested and counts[test]:
            yield Problem(WARNING, 'untested class', f"{len(untested)} of {len(counts[train])} classes "
                          f"of '{train}' have no clip in '{test}'",
                          tuple(('', name_of(k)) for k in untested))
