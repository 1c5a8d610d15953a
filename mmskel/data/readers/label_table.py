"""The table that says which class, split, subject and frame rate the clips of a folder have."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from mmskel.data.readers.reader import ReadError, some
from mmskel.files.tables import TableError, are_class_numbers, read_table

_OPTIONAL = ('split', 'subject', 'fps')


class LabelTable:
    """A csv table ``id,label[,split,subject,fps]``; ``path`` instead of ``id`` is also accepted.

    Labels are class indices 0, 1, ... if every label is a whole number (also ``0.0``); otherwise they are class names,
    and classes are numbered in the alphabetical order of their names. ``split`` holds one split name or several,
    separated by ``;``.

    Args:
        path: Path of the table.
        suffix: Suffix that the ids of the table may end in, such as ``.npy``.

    Attributes:
        rows: Id -> row, in the order of the table.
        class_names: Names of the classes; None where labels are class indices.

    Raises:
        ReadError: A table that cannot be read, an empty cell, or two rows for one clip.
    """

    def __init__(self, path: str | Path, suffix: str = ''):
        self.path = Path(path)
        self.rows: dict[str, dict[str, str]] = {}
        try:
            for line, row in read_table(path, 'table of labels', [('id', 'path'), 'label'], _OPTIONAL):
                name = row.get('id') or row.get('path', '')
                name = name.replace('\\', '/').removesuffix(suffix)
                if not name or not row['label'] or name in self.rows:
                    raise ReadError(f"'{path}', line {line}: "
                                    f"{f'a second line for {name!r}' if name in self.rows else 'an empty id or label'}")
                self.rows[name] = row
            labels = [row['label'] for row in self.rows.values()]
            self.class_names = None if are_class_numbers(path, labels) else sorted(set(labels))
        except TableError as error:
            raise ReadError(str(error)) from None

    def named(self, files: Mapping[str, str], source: Path, suffix: str = '') -> dict[str, str]:
        """The files by the names that the table gives them: a row may name a file in a folder by its own name alone.

        Args:
            files: Path below the folder, without suffix -> anything.
            source: Folder of the files, for messages.
            suffix: Suffix of the files, for messages.

        Returns:
            Id -> what ``files`` has there, in the order of ``files``.

        Raises:
            ReadError: If several files have the name of a row.
        """
        short: dict[str, list[str]] = {}
        for path in files:
            short.setdefault(path.rpartition('/')[2], []).append(path)
        renamed = {}
        for name in self.rows:
            paths = short.get(name, ()) if name not in files else ()
            if len(paths) > 1:
                raise ReadError(f"'{self.path.name}' names '{name}', but '{source}' holds "
                                f"{some([f'{path}{suffix}' for path in paths])}; name files by their path below the "
                                'folder')
            renamed.update({path: name for path in paths})
        return {renamed.get(path, path): value for path, value in files.items()}

    def label(self, clip: str) -> int:
        """The class index of a clip."""
        label = self.rows[clip]['label']
        return int(float(label)) if self.class_names is None else self.class_names.index(label)

    def fps(self, clip: str, default: float | None) -> float | None:
        """The frames per second of a clip.

        Raises:
            ReadError: If the table has something that is no number.
        """
        given = self.rows[clip].get('fps')
        try:
            return float(given) if given else default
        except ValueError:
            raise ReadError(f"'{self.path.name}', clip '{clip}': fps is '{given}'; expected a number") from None

    def extra(self, clip: str) -> dict[str, str]:
        """The subject of a clip, if the table has one."""
        subject = self.rows[clip].get('subject')
        return dict(subject=subject) if subject else {}

    def splits(self, ids: Sequence[str]) -> dict[str, list[str]]:
        """Split name -> ids."""
        splits: dict[str, list[str]] = {}
        for clip in ids:
            for name in filter(None, (self.rows[clip].get('split') or '').split(';')):
                splits.setdefault(name.strip(), []).append(clip)
        return splits

    def note(self) -> str:
        """A sentence about the classes."""
        return 'labels are class indices; the file has no class names' if self.class_names is None else \
            f'labels are names; classes are numbered alphabetically: {some(self.class_names, 5)}'
