"""Problems between clips: test clips that were trained on, one pose under two labels, splits that leak."""
from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mmskel.data.checking.shared_poses import SharedPoses

_ROLE = re.compile(r'(?<![a-z])(train|training|test|testing|val|valid|validation)(?![a-z])')


@dataclass(frozen=True)
class Overlap:
    """Two clips that share poses.

    Args:
        clip, twin: Ids of the two clips; for a leak the test clip and the training clip.
        poses: Number of poses of ``clip`` that occur in ``twin``.
        total: Number of poses in ``clip`` (all-zero ones do not count).
        identical: Whether the two arrays are the same as a whole.
        labels: Labels of the two clips.
    """
    clip: str
    twin: str
    poses: int
    total: int
    identical: bool
    labels: tuple[int | None, int | None]

    def __str__(self) -> str:
        what = 'the same clip as' if self.identical else f'{self.poses} of {self.total} poses are in'
        return f'{what} {self.twin}' + ('' if self.labels[0] == self.labels[1] else
                                        f' (labels {self.labels[0]} and {self.labels[1]})')


@dataclass(frozen=True)
class Leak:
    """Test clips of one split that are in the training data of its family.

    Args:
        train, test: Names of the two splits.
        overlaps: Overlaps, one per test clip, with the training clip that has most of its poses.
        num_test: Number of clips in the test split.
    """
    train: str
    test: str
    overlaps: tuple[Overlap, ...]
    num_test: int


def split_families(names: Sequence[str]) -> list[tuple[str, str]]:
    """(training split, evaluation split) pairs: names that differ only in train / test / val.

    ``xsub_train`` belongs with ``xsub_val``, ``train1`` with ``test1``, ``xview_train_clean`` with
    ``xview_test_clean``.
    """
    parts = {name: split_role(name) for name in names}
    trains = {family: name for name, (family, role) in parts.items() if role.startswith('train')}
    return [(trains[family], name) for name, (family, role) in parts.items()
            if role and not role.startswith('train') and family in trains]


def split_role(name: str) -> tuple[str, str]:
    """Family and role of a split: ``'xview_train_clean'`` -> ``('xview*clean', 'train')``; role '' if it has none."""
    found = _ROLE.search(name.lower())
    if not found:
        return name.lower(), ''
    before, after = name.lower()[:found.start()], name.lower()[found.end():]
    return f'{before.strip("_-")}*{after.strip("_-")}'.strip('*'), found[1]


def find_overlaps(shared: SharedPoses, ids: Sequence[str], labels: Sequence[int | None], totals: Sequence[int],
                  identical: Mapping[tuple[int, int], bool]) -> list[Overlap]:
    """Every pair of clips that share poses, both ways: (a, b) and (b, a)."""
    found = []
    for (a, b), (in_a, in_b) in shared.pairs.items():
        same = identical[a, b]
        found.append(Overlap(ids[a], ids[b], in_a, totals[a], same, (labels[a], labels[b])))
        found.append(Overlap(ids[b], ids[a], in_b, totals[b], same, (labels[b], labels[a])))
    return found


def find_leaks(overlaps: Sequence[Overlap], split: Mapping[str, Sequence[str]]) -> list[Leak]:
    """The leaks of every family of splits, in the order of the splits."""
    by_clip = defaultdict(list)
    for overlap in overlaps:
        by_clip[overlap.clip].append(overlap)
    leaks = []
    for train, test in split_families(list(split)):
        trained, best = set(split[train]), []
        for clip in split[test]:
            hits = [o for o in by_clip.get(clip, ()) if o.twin in trained]
            if hits:
                best.append(max(hits, key=lambda o: (o.identical, o.poses)))
        if best:
            leaks.append(Leak(train, test, tuple(best), len(split[test])))
    return leaks


def find_conflicts(overlaps: Sequence[Overlap]) -> list[Overlap]:
    """Pairs of clips that show the same poses under different labels, once each, most shared poses first."""
    return _once(o for o in overlaps if o.labels[0] != o.labels[1] and None not in o.labels)


def find_repeats(overlaps: Sequence[Overlap], leaks: Sequence[Leak]) -> list[Overlap]:
    """Pairs of one label that share poses and are not a leak of any family, once each, most shared poses first."""
    leaked = {frozenset((o.clip, o.twin)) for leak in leaks for o in leak.overlaps}
    return _once(o for o in overlaps if o.labels[0] == o.labels[1] and frozenset((o.clip, o.twin)) not in leaked)


def _once(overlaps: Iterable[Overlap]) -> list[Overlap]:
    """The direction of each pair with the larger share of its clip; most shared poses first."""
    pairs: dict[frozenset[str], Overlap] = {}
    for overlap in sorted(overlaps, key=lambda o: -o.poses / o.total):
        pairs.setdefault(frozenset((overlap.clip, overlap.twin)), overlap)
    return sorted(pairs.values(), key=lambda o: (-o.poses, o.clip))
