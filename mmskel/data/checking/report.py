"""The findings of checking an annotation file, as data and as text."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mmskel.data.checking.clips import ERROR
from mmskel.data.checking.splits import Leak, Overlap
from mmskel.skeleton import Clip

ALL = 'all clips'  # the key of counts over the whole file


@dataclass(frozen=True)
class Problem:
    """One kind of problem.

    Args:
        severity: ``'error'`` or ``'warning'``.
        kind: Short name, e.g. ``'nan'``, ``'leak'``, ``'teleport'``.
        message: Sentence that says what was found, how often, and what to do.
        details: (clip id or '', description) of every case.
    """
    severity: str
    kind: str
    message: str
    details: tuple[tuple[str, str], ...] = ()

    @property
    def clips(self) -> tuple[str, ...]:
        """The clips concerned, in file order."""
        return tuple(dict.fromkeys(clip for clip, _ in self.details if clip))


@dataclass
class CheckReport:
    """The findings of :func:`~mmskel.data.checking.file.check_file`.

    Args:
        path: Path of the file.
        facts: Contents of the file in words: name -> value.
        class_names: Class names; empty if the file has none.
        class_counts: Split name (or :data:`ALL`) -> label -> number of clips.
        subject_counts: Split name (or :data:`ALL`) -> subject -> number of clips; empty if no subject is known.
        lengths: Number of frames of every readable clip.
        problems: Problems, errors first.
        leaks: Test clips that are in training, per family of splits.
        conflicts: Pairs of clips with the same poses under different labels.
        examples: Some clips of different classes, for drawing.
    """
    path: str
    facts: dict[str, str] = field(default_factory=dict)
    class_names: list[str] = field(default_factory=list)
    class_counts: dict[str, dict[int, int]] = field(default_factory=dict)
    subject_counts: dict[str, dict[str, int]] = field(default_factory=dict)
    lengths: list[int] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    leaks: list[Leak] = field(default_factory=list)
    conflicts: list[Overlap] = field(default_factory=list)
    examples: list[Clip] = field(default_factory=list)

    @property
    def num_clips(self) -> int:
        """Number of readable clips."""
        return len(self.lengths)

    @property
    def exit_code(self) -> int:
        """1 if there is an error or a leaked clip (leaks are errors), else 0; warnings alone give 0."""
        return int(any(p.severity == ERROR for p in self.problems))

    @property
    def verdict(self) -> str:
        """One sentence: how many errors and warnings there are."""
        errors = sum(p.severity == ERROR for p in self.problems)
        return f'{counted(errors, "error")}, {counted(len(self.problems) - errors, "warning")}'

    def __str__(self) -> str:
        return render_report(self)

    def class_name(self, label: int) -> str:
        """The name of a class, ``class 3`` if it has none."""
        return self.class_names[label] if 0 <= label < len(self.class_names) else f'class {label}'

    def labels(self) -> list[int]:
        """Every class that is named or occurs, in ascending order."""
        return sorted({*range(len(self.class_names)), *self.class_counts.get(ALL, {})})


def render_report(report: CheckReport, limit: int = 5, max_splits: int = 6) -> str:
    """The report as text.

    Args:
        limit: Number of cases of a problem to list; the rest are counted.
        max_splits: Number of splits in the tables; the others are counted.
    """
    lines = [f"'{report.path}'"]
    lines += [f'  {name:<12} {value}' for name, value in report.facts.items()]
    shown = shown_splits(report, max_splits)
    hidden = len(report.class_counts) - len(shown)
    for title, counts, rows in (('class', report.class_counts, [(label, report.class_name(label))
                                                                for label in report.labels()]),
                                ('subject', report.subject_counts, [
                                    (s, s) for s in sorted(report.subject_counts.get(ALL, {}), key=_in_order)])):
        if rows:
            lines += ['', *_table(title, [counts.get(split, {}) for split in shown], shown, rows)]
    if hidden > 0:
        lines.append(f'  and {hidden} more splits')
    for problem in report.problems:
        lines += ['', f'{problem.severity.upper()} [{problem.kind}] {problem.message}']
        lines += [f'    {clip}: {what}' if clip else f'    {what}' for clip, what in problem.details[:limit]]
        if len(problem.details) > limit:
            lines.append(f'    and {len(problem.details) - limit} more')
    return '\n'.join([*lines, '', report.verdict])


def shown_splits(report: CheckReport, limit: int) -> list[str]:
    """:data:`ALL` and the first splits of the file."""
    return list(report.class_counts)[:limit + 1]


def _table(title: str, columns: Sequence[Mapping], names: Sequence[str], rows: Sequence[tuple]) -> list[str]:
    wide = max(len(title), *(len(str(name)) for _, name in rows), len('total'))
    spans = [max(len(name), 6) for name in names]
    total = [sum(column.values()) for column in columns]
    body = [(name, [column.get(key, 0) for column in columns]) for key, name in rows]
    return [f'  {title:<{wide}}  ' + '  '.join(f'{name:>{w}}' for name, w in zip(names, spans)),
            *(f'  {name:<{wide}}  ' + '  '.join(f'{n:>{w}}' for n, w in zip(numbers, spans))
              for name, numbers in [*body, ('total', total)])]


def _in_order(subject: str) -> tuple[int, str]:
    return (int(subject), '') if subject.isdigit() else (10 ** 9, subject)


def counted(count: int, what: str) -> str:
    """``'1 pair'``, ``'2 pairs'``."""
    return f'{count} {what}{"" if count == 1 else "s"}'
