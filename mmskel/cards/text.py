"""Cards as text, for people and for machines."""
from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from mmskel.cards.card import Measured, ModelCard, Published
from mmskel.cards.zoo.entry import ZooEntry

HEAD = ('name', 'paper', 'year', 'parameters', 'MACs of a clip', 'published top-1', 'config')
WIDTH = 120


def overview_rows(cards: Iterable[ModelCard]) -> list[list[str]]:
    """One row per card, with the cells of ``HEAD``."""
    return [[card.name, card.paper.venue, str(card.paper.year), f'{card.reference.parameters:,}', _macs(card),
             _headline(card), card.config] for card in cards]


def overview(cards: Iterable[ModelCard]) -> str:
    """An aligned table of cards, one line each."""
    return '\n'.join(aligned([HEAD, *overview_rows(cards)], indent=''))


def full_text(card: ModelCard) -> str:
    """All of one card, lines wrapped at ``WIDTH`` characters."""
    paper, official, reference = card.paper, card.official, card.reference
    arguments, encoder = (', '.join(f'{key}={value!r}' for key, value in one.items() if key != 'type')
                          for one in (reference.arguments, reference.encoder))
    encoder = f', behind {reference.encoder["type"]}({encoder})' if encoder else ''
    facts = {
        'paper': f'{paper.authors}: {paper.title}. {paper.venue} {paper.year}, {paper.url}',
        'code': f'{official.repository} (licence: {official.code_licence})',
        'weights': f'{", ".join(official.weights)} (licence: {official.weights_licence})',
        'converted by': official.convert,
        'layouts': f'{", ".join(card.layouts)}; official code: {", ".join(card.published_layouts)}',
        'backbone': f'{card.backbone}({arguments}){encoder}',
        'classes': str(reference.num_classes),
        'clip': f'({"M, T, V, C" if len(reference.input_shape) == 4 else "D,"}) = {reference.input_shape}',
        'parameters': f'{reference.parameters:,}',
        'MACs': f'{reference.gmacs} G ({reference.gmacs_of})',
        'start with': card.command,
        'note': card.notes}
    lines = [*wrapped(f'{card.title} ({card.name}): {card.summary}'), '']
    for label, fact in facts.items():
        lines += wrapped(fact, f'{label:<14}')
    reached = aligned([_published(one) for one in card.published])
    lines += ['', 'published, top-1 %', *(reached or ['  none'])]
    lines += ['', 'ours, top-1 % of the last epoch', *map(_measured, card.ours)]
    return '\n'.join(lines if card.ours else [*lines, '  nothing measured yet'])


def as_json(cards: Iterable[ModelCard | ZooEntry]) -> str:
    """A JSON list of cards, or of published recognisers, every field by its name."""
    return json.dumps([asdict(card) for card in cards], indent=2)


def _macs(card: ModelCard) -> str:
    shape = card.reference.input_shape
    return f'{card.reference.gmacs} G, ' + (f'{shape[1]} frames' if len(shape) == 4 else 'a feature')


def _headline(card: ModelCard) -> str:
    """The best figure on the card's first benchmark; a network may have none."""
    if not card.published:
        return 'none'
    first = card.published[0]
    best = max((one for one in card.published if (one.data, one.split) == (first.data, first.split)),
               key=lambda one: one.top1)
    streams, _, more = best.streams.partition(':')
    return f'{best.top1} {best.data} {best.split}, {f"{streams} streams" if more else streams}'


def _published(one: Published) -> list[str]:
    return [f'{one.data} {one.split}', f'{one.top1:.1f}', one.streams, one.source]


def _measured(one: Measured) -> str:
    clean = '' if one.top1_clean is None else f'; {one.top1_clean:.2f} on clips without twins in training'
    return (f'  {one.data}, {one.split}, {one.stream}: {one.top1:.2f}{clean}\n'
            f'    {one.config}, {one.epochs}, seed {one.seed}, {one.machine}, {one.date}')


def wrapped(text: str, label: str = '') -> list[str]:
    """Lines of at most ``WIDTH`` characters, the first after a label and the others indented by its width."""
    return textwrap.wrap(text, WIDTH, initial_indent=label, subsequent_indent=' ' * len(label),
                         break_long_words=False, break_on_hyphens=False)


def aligned(rows: Sequence[Sequence[str]], indent: str = '  ') -> list[str]:
    """Rows as lines whose cells stand below each other."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    return [indent + '  '.join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
