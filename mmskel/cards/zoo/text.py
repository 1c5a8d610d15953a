"""Published recognisers as text."""
from __future__ import annotations

from collections.abc import Iterable

from mmskel.cards import CARDS
from mmskel.cards.text import aligned, wrapped
from mmskel.cards.zoo.entry import ZooEntry

# network in a short name -> card, where the names differ
_CARDS = dict(stgcn='st_gcn', c3d='posec3d_c3d', x3d='posec3d_x3d', ctrgcn='ctr_gcn')
HEAD = ('name', 'published %', 'parameters', 'takes', 'from')


def entry_row(entry: ZooEntry) -> list[str]:
    """The cells of ``HEAD`` for one recogniser."""
    measure = '' if entry.measure == 'top-1' else f' ({entry.measure})'
    return [entry.name, '-' if entry.top1 is None else f'{entry.top1:.1f}{measure}', entry.parameters or '-',
            entry.takes, entry.source]


def entries_table(entries: Iterable[ZooEntry]) -> str:
    """An aligned table of recognisers, one line each."""
    return '\n'.join(aligned([HEAD, *map(entry_row, entries)], indent=''))


def entry_text(entry: ZooEntry) -> str:
    """All about one recogniser."""
    accuracy = 'not published' if entry.top1 is None else f'{entry.top1:.2f} % ({entry.measure}), published'
    card = _CARDS.get(entry.network, entry.network)
    facts = {
        'network': f'{entry.network}, {entry.parameters} parameters' if entry.parameters else entry.network,
        'takes': entry.takes,
        'stream': entry.stream,
        'trained on': ' '.join(filter(None, (entry.data, entry.protocol))) + f', {entry.num_classes} classes',
        'accuracy': accuracy,
        'from': f'{entry.source} (licence: {entry.licence})',
        'weights': entry.url,
        'on this disk': f'{entry.file}, in the folder MMSKEL_WEIGHTS or in PyTorch\'s cache',
        'config': ', '.join((entry.config, *(f'{key}={value}' for key, value in entry.options.items()))),
        **({'card': f'mmskel models {card}'} if card in CARDS else {}),
        'use': f'mmskel predict VIDEO --model {entry.name}'}
    return '\n'.join([f'{entry.name}: {entry.task} from skeletons', '',
                      *(line for label, fact in facts.items() for line in wrapped(fact, f'{label:<14}'))])
