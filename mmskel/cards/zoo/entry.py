"""The facts about one published checkpoint. Plain data: nothing heavy is imported."""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlparse

_HASH = re.compile(r'-[0-9a-f]{8}\.\w+$')


@dataclass(frozen=True)
class ZooEntry:
    """A published recogniser: weights that somebody trained, and all that is needed to use them.

    Args:
        name: Short name, see :mod:`mmskel.cards.zoo`.
        network: Network, as in the short name: ``'stgcnpp'``.
        source: Project that published the weights: ``'MMAction2'`` or ``'PYSKL'``.
        config: Config that builds the network, for :func:`~mmskel.configuration.load_config`: one of ours, or one that
            MMAction2 carries, ``'mmaction::skeleton/...'``.
        url: URL of the weights.
        data: Data set, as in the short name: ``'ntu60'``.
        protocol: Protocol of the data set: ``'xsub'``; '' if there is only one.
        layout: Joint order that the network takes.
        coords: Number of coordinates per joint, 2 or 3.
        stream: Stream it was trained on: ``'joint'``, ``'bone'``, ``'joint_motion'``, ``'bone_motion'``; of volumes
            ``'joint'`` or ``'limb'``.
        classes: Name of the list of its classes.
        num_classes: Number of classes K.
        persons: Largest number of persons that it looks at; None: any number.
        top1: Published accuracy in percent; None if none was published.
        measure: Kind of accuracy.
        parameters: Number of parameters in words; '' if not stated.
        licence: Licence of the weights.
        task: ``'actions'`` or ``'gestures'``.
        options: Options of the config, dotted keys and values.
        sha256: Beginning of the SHA-256 of the weights; '' if only the URL's name says, or nothing does.
    """
    name: str
    network: str
    source: str
    config: str
    url: str
    data: str
    protocol: str
    layout: str
    coords: int
    stream: str
    classes: str
    num_classes: int
    persons: int | None = None
    top1: float | None = None
    measure: str = 'top-1'
    parameters: str = ''
    licence: str = 'Apache-2.0'
    task: str = 'actions'
    options: Mapping[str, Any] = field(default_factory=dict)
    sha256: str = ''

    @property
    def file(self) -> str:
        """Name of the weights on this machine: that of the URL if its checksum is known, which tells files apart, or
        ``<name>.pth`` (PYSKL calls hundreds of files ``j.pth``)."""
        published = urlparse(self.url).path.rpartition('/')[2]
        return published if self.sha256 or _HASH.search(published) else f'{self.name}.pth'

    @property
    def takes(self) -> str:
        """The skeletons that it takes, in words."""
        people = 'any number of persons' if self.persons is None else \
            f'up to {self.persons} persons' if self.persons > 1 else 'one at a time'
        return f'{self.layout} in {self.coords}-D, {people}'


def short_name(network: str, data: str, protocol: str, coords: int, stream: str) -> str:
    """The short name of a checkpoint: ``stgcnpp_ntu60_xsub_2d_joint``, ``posec3d_ntu60_xsub``.

    Args:
        network, data, protocol, stream: See :class:`ZooEntry`.
        coords: Number of coordinates; 0 for a network that knows only one number of them, and whose joint stream
            is then left out as well (volumes).
    """
    kind = [f'{coords}d', stream] if coords else [] if stream == 'joint' else [stream]
    return '_'.join(filter(None, (network, data, protocol, *kind)))
