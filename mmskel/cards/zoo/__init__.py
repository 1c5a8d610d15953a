"""Published recognisers by short name: where their weights are, what they take, and how good they are said to be.

The name of a checkpoint is ``network_data[_protocol]``, for graph networks followed by coordinates and stream,
``stgcnpp_ntu60_xsub_2d_joint``; for volumes, which are always 2-D, by the stream unless it is the joints,
``posec3d_ntu60_xsub`` and ``posec3d_ntu60_xsub_limb``. Checkpoints of PYSKL begin with ``pyskl_``. A name without its
stream means the joints: ``stgcn_ntu120_xsub_2d``.

Entries of MMAction2 are read from its metafiles, those of PYSKL come from a compact table; neither PyTorch nor
MMAction2 is imported.
"""
from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from functools import cache

from mmskel.cards.zoo.entry import ZooEntry
from mmskel.cards.zoo.hands import HAGRID
from mmskel.cards.zoo.mmaction import mmaction_entries
from mmskel.cards.zoo.pyskl import pyskl_entries
from mmskel.files.errors import UserError

__all__ = ['DEFAULT', 'ZooEntry', 'entries', 'find_entry', 'is_name', 'select']

DEFAULT = 'stgcnpp_ntu60_xsub_2d_bone'
"""The recogniser of ``mmskel predict`` without ``--model``: the 60 actions of NTU RGB+D from 2-D poses. Of MMAction2's
small networks (2 GFLOPs per clip) the one with the best published accuracy, 92.3 %."""


class ZooError(UserError):
    """A name that no published recogniser has, or one that cannot be used as asked."""


@cache
def entries() -> dict[str, ZooEntry]:
    """Every entry by its name: MMAction2's, then PYSKL's, then gestures."""
    return {entry.name: entry for entry in (*mmaction_entries(), *pyskl_entries(), HAGRID)}


def is_name(name: str) -> bool:
    """Whether a recogniser has this name, with or without its stream."""
    return name in entries() or f'{name}_joint' in entries()


def find_entry(name: str) -> ZooEntry:
    """The entry of a name; a name without its stream means the joints.

    Raises:
        ZooError: No such name; gives the nearest ones.
    """
    known = entries()
    if is_name(name):
        return known.get(name) or known[f'{name}_joint']
    near = get_close_matches(name, known, 5, 0.5)
    raise ZooError(f"there is no published recogniser '{name}'; "
                   + (f'the nearest: {", ".join(near)}; ' if near else '')
                   + f'`mmskel models --weights` lists all {len(known)}')


def select(layout: str = '', data: str = '', task: str = '', known: Collection[ZooEntry] | None = None
           ) -> list[ZooEntry]:
    """The entries of a layout, a data set and a task; '' for any.

    Args:
        layout: Joint order, e.g. ``'coco17'``.
        data: Data set, e.g. ``'ntu60'``.
        task: ``'actions'`` or ``'gestures'``.
        known: Entries to choose from; default: all.

    Raises:
        ZooError: A value that no entry has; lists those there are.
    """
    found = list(entries().values() if known is None else known)
    for field, wanted in (('layout', layout), ('data', data), ('task', task)):
        values = list(dict.fromkeys(getattr(entry, field) for entry in entries().values()))
        if wanted and wanted not in values:
            raise ZooError(f"{field}='{wanted}': no published recogniser has it; there are: {', '.join(values)}")
        found = [entry for entry in found if not wanted or getattr(entry, field) == wanted]
    return found
