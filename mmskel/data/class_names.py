"""Classes in the order of a list of names, instead of the one that a data set's reader gives them."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mmskel.data.readers.reader import some
from mmskel.files.errors import UserError
from mmskel.files.tables import read_text
from mmskel.skeleton import Clip


class ClassNamesError(UserError):
    """A list of class names that cannot be read, or that does not fit the clips."""


def read_class_names(path: str | Path) -> list[str]:
    """The names of a text file, one per line, in the order of the classes; empty lines at the end do not count.

    Raises:
        ClassNamesError: No name, an empty line between names, or a name that occurs twice.
        TableError: No such file, or no text.
    """
    names = [line.strip() for line in read_text(path, 'list of class names').rstrip().splitlines()]
    if not names or '' in names:
        found = f'line {names.index("") + 1} is empty' if names else 'the file is empty'
        raise ClassNamesError(f"'{path}': expected one class name per line; {found}")
    if twice := next((name for name in names if names.count(name) > 1), ''):
        raise ClassNamesError(f"'{path}' names '{twice}' twice; the names of classes differ")
    return names


def renumber(clips: Sequence[Clip], known: Sequence[str] | None, names: Sequence[str], path: str | Path) -> None:
    """Numbers the classes of clips by a list of names: by their own names if they have any, else their numbers stay.

    Args:
        clips: Clips, whose labels change.
        known: Names of the classes of the clips, by label; None if there are none.
        names: The names.
        path: File of the names, for messages.

    Raises:
        ClassNamesError: If a clip's class is not among the names; no label has changed then.
    """
    labels = sorted({clip.label for clip in clips if clip.label is not None})
    if known:
        if missing := [known[label] for label in labels if known[label] not in names]:
            raise ClassNamesError(f"'{path}' lacks {len(missing)} classes of the clips: {some(missing)}; it has "
                                  f'{some(list(names), 5)}')
        number = {label: list(names).index(known[label]) for label in labels}
    else:
        if labels and labels[-1] >= len(names):
            raise ClassNamesError(f"'{path}' has {len(names)} names, but clips have labels up to {labels[-1]}; labels "
                                  'are counted from 0')
        number = {label: label for label in labels}
    for clip in clips:
        clip.label = None if clip.label is None else number[clip.label]
