"""``mmskel store``: columnar stores of clips."""
from __future__ import annotations

import argparse

from mmskel.commands.command import Command, Parser, say


def _arguments(parser: Parser) -> None:
    from mmskel.data.store import NUMBERS
    parts = parser.add_subparsers(dest='part', metavar='PART', required=True)
    numbers = dict(choices=tuple(NUMBERS), help='how exactly coordinates and scores are kept: '
                   + '; '.join(f'{name}: {what}' for name, what in NUMBERS.items()) + '; default: float32')
    convert = parts.add_parser('convert', help='make a store of an annotation file, or the other way round')
    convert.add_argument('source', help='annotation file or store')
    convert.add_argument('out', help='the store to write, .mmsk, or the annotation file, .pkl')
    convert.add_argument('--numbers', **numbers)
    info = parts.add_parser('info', help='show what is in a store')
    info.add_argument('store')
    verify = parts.add_parser('verify', help='read every clip and compare it with its checksum')
    verify.add_argument('store')
    merge = parts.add_parser('merge', help='write the clips of several stores or annotation files as one store')
    merge.add_argument('out', help='the store to write, .mmsk')
    merge.add_argument('sources', nargs='+', help='stores and annotation files of one layout and the same classes')
    merge.add_argument('--numbers', **numbers)


def _store(args: argparse.Namespace) -> int:
    from mmskel.data.converting import convert
    from mmskel.data.prepare import summary
    from mmskel.data.store import ColumnarStore, merge_stores, open_store, verify
    if args.part == 'convert':
        say(summary(convert(args.source, args.out, args.numbers)))
    elif args.part == 'merge':
        say(summary(merge_stores(args.out, [open_store(one) for one in args.sources], args.numbers)))
    elif args.part == 'verify':
        say(f"'{args.store}': {verify(ColumnarStore(args.store))} clips, all as they were written")
    else:
        store = ColumnarStore(args.store)
        say(f'{summary(store)}\n  {len(store.manifest["files"])} files of clips, numbers as {store.numbers}')
    return 0


STORES = {'store': Command('convert, show, verify and merge stores of clips', _arguments, _store)}
