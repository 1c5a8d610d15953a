"""Texts about classes: names, sentences, descriptions of parts; from a file or typed by a user.

A class file is one of

* ``.csv`` with a header and a row per class: a column ``name`` (or ``label``), and any number of further columns with
  texts. A column ``idx`` is ignored except for its order. Cells may hold several texts, separated by ``|``;
* ``.txt`` with a sentence per line; a quoted text at its beginning, if there is one, is the name of the class.
"""
from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mmskel.files.tables import TableError, read_table, read_text
from mmskel.language.errors import LanguageError

_QUOTED = re.compile(r'\s*"([^"]+)"')


@dataclass(frozen=True)
class ClassTexts:
    """Names of classes and texts about each of them.

    Args:
        names: K distinct names.
        texts: K tuples of texts, at least one text each and the same number for every class.
    """
    names: tuple[str, ...]
    texts: tuple[tuple[str, ...], ...]

    def prompted(self, prompts: Sequence[str]) -> ClassTexts:
        """Every text in every prompt, a template with one ``{}``: ``'a person is {}'``.

        Raises:
            LanguageError: A template without ``{}``.
        """
        wrong = [prompt for prompt in prompts if prompt.count('{}') != 1]
        if wrong:
            raise LanguageError(f"the prompt '{wrong[0]}' has not exactly one {{}}, where the text goes")
        texts = tuple(tuple(prompt.replace('{}', text) for prompt in prompts for text in one) for one in self.texts)
        return ClassTexts(self.names, texts) if prompts else self


def check_class_names(names: Sequence[str], at_least: int = 1) -> tuple[str, ...]:
    """Class names without white space around them.

    Args:
        names: Class names as typed.
        at_least: Smallest number of classes that makes sense.

    Raises:
        LanguageError: An empty name, a repeated one, or too few.
    """
    names = tuple(' '.join(str(name).split()) for name in names)
    if not all(names):
        raise LanguageError(f'class {names.index("") + 1} of {len(names)} has an empty name; names are separated by '
                            "';', e.g. \"wave;kick\"")
    twice = [name for name, times in Counter(name.casefold() for name in names).items() if times > 1]
    if twice:
        raise LanguageError(f"the class '{twice[0]}' is given twice; every class needs a name of its own")
    if len(names) < at_least:
        raise LanguageError(f'{len(names)} class{"" if len(names) == 1 else "es"} ({", ".join(names) or "none"}); at '
                            f'least {at_least} are needed, since scores only compare classes with each other')
    return names


def class_texts(names: Sequence[str], at_least: int = 1) -> ClassTexts:
    """Classes known only by their names; see :func:`check_class_names`."""
    names = check_class_names(names, at_least)
    return ClassTexts(names, tuple((name, ) for name in names))


def read_class_texts(path: str | Path, columns: Sequence[str] = ()) -> ClassTexts:
    """Reads a class file, see this module.

    Args:
        path: ``.csv`` or ``.txt``.
        columns: The columns of a ``.csv`` to take texts from; by default ``text`` where there is one, else the names.

    Raises:
        LanguageError: A missing file or column, an empty text, or repeated names; names the file and line.
    """
    path = Path(path)
    try:
        if path.suffix.lower() == '.csv':
            return _from_csv(path, columns)
        text = read_text(path, 'class file')
    except TableError as error:
        raise LanguageError(str(error)) from None
    try:
        if columns:
            raise LanguageError('a file without columns; only a .csv has columns to choose from')
        return _from_lines(text)
    except LanguageError as error:
        raise LanguageError(f"'{path}': {error}") from None


def _from_csv(path: Path, columns: Sequence[str]) -> ClassTexts:
    rows = read_table(path, 'class file', [('name', 'label')])
    head = list(rows[0][1])
    name = 'name' if 'name' in head else 'label'
    columns = list(columns) or (['text'] if 'text' in head else [name])
    unknown = [column for column in columns if column not in head]
    if unknown:
        raise LanguageError(f"'{path}': there is no column '{unknown[0]}'; it has {', '.join(head)}")
    names, texts = [], []
    for line, row in rows:
        cells = {column: [part.strip() for part in row[column].split('|')] for column in columns}
        for column, parts in cells.items():
            if not all(parts):
                raise LanguageError(f"'{path}', line {line}: column '{column}' has an empty text")
        names.append(row[name])
        texts.append(tuple(part for parts in cells.values() for part in parts))
    try:
        return _same_number(names, texts)
    except LanguageError as error:
        raise LanguageError(f"'{path}': {error}") from None


def _from_lines(text: str) -> ClassTexts:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return _same_number([(_QUOTED.match(line) or [line, line])[1] for line in lines], [(line, ) for line in lines])


def _same_number(names: Sequence[str], texts: Sequence[tuple[str, ...]]) -> ClassTexts:
    names = check_class_names(names)
    numbers = {len(one) for one in texts}
    if len(numbers) > 1:
        few = min(range(len(texts)), key=lambda k: len(texts[k]))
        raise LanguageError(f"'{names[few]}' has {len(texts[few])} texts, others have {max(numbers)}; every "
                            'class needs the same number')
    return ClassTexts(names, tuple(texts))
