"""Commands about files and models: ``prepare``, ``check``, ``convert``, ``export``, ``models``, ``doctor``."""
from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from mmskel.commands.command import Command, Parser, cfg_options, key_values, model_options, published, say
from mmskel.files.atomic import output_path
from mmskel.files.errors import UserError


def _prepare_arguments(parser: Parser) -> None:
    from mmskel.data.readers import READERS, options_of
    from mmskel.data.store import NUMBERS
    formats = parser.add_subparsers(dest='format', metavar='FORMAT', required=True)
    for name, reader in READERS.items():
        one = formats.add_parser(name, help=reader.what, description=reader.what)
        one.add_argument('source', help='folder, archive or file')
        one.add_argument('out', help='the annotation file to write, .pkl, or the store, .mmsk')
        one.add_argument('--shard', metavar='I/N', default='1/1', help='only every N-th clip, from the I-th on: one '
                         'job of an array job; `mmskel store merge` joins the parts')
        one.add_argument('--numbers', choices=tuple(NUMBERS), help='how exactly a store keeps coordinates; default: '
                         'float32')
        one.add_argument('--keep-going', action='store_true', help='skip broken files and list them in OUT.skipped.txt')
        for item in options_of(reader).values():
            flag, kind = '--' + item.name.replace('_', '-'), dict(number=float).get(item.kind, str)
            if item.kind == 'flag':
                one.add_argument(flag, action='store_true', default=None, help=item.help)
            else:
                default = '' if item.default is None else f' (default: {item.default})'
                one.add_argument(flag, type=kind, choices=item.choices or None, help=item.help + default)


def _prepare(args: argparse.Namespace) -> int:
    from mmskel.data.prepare import prepare
    from mmskel.data.readers import READERS, options_of
    from mmskel.parallel.shards import Shard
    options = {name: getattr(args, name) for name in options_of(READERS[args.format])
               if getattr(args, name) is not None}
    prepare(args.format, args.source, args.out, keep_going=args.keep_going, options=options, numbers=args.numbers,
            shard=Shard.parse(args.shard))
    return 0


def _check_arguments(parser: Parser) -> None:
    parser.add_argument('file', help='annotation file or store')
    parser.add_argument('--html', metavar='PAGE', help='where to write the page with plots; default: FILE.check.html')


def _check(args: argparse.Namespace) -> int:
    from mmskel.data.checking.file import check_file
    from mmskel.visualization.check_page import write_check_page
    page = args.html or f'{args.file}.check.html'
    output_path(page, args.file)
    report = check_file(args.file, progress=True)
    say(str(report))
    write_check_page(report, page)
    say(f'page: {page}')
    return report.exit_code


def _convert_arguments(parser: Parser) -> None:
    parser.add_argument('system', help='system whose code wrote the checkpoint, e.g. st_gcn')
    parser.add_argument('source', help='the published checkpoint; sa_dvae: the folder of its files')
    parser.add_argument('target', help='the checkpoint to write, .pth; a config of the same name comes beside it')
    parser.add_argument('--pose', metavar='CHECKPOINT', help='only for rgbpose: start a joint training from SOURCE, '
                        'trained on images, and from this checkpoint, trained on poses')
    parser.add_argument('--config', metavar='FILE', help='only for pyskl: the config that the checkpoint was trained '
                        'with, which is read, not run; default: the one in the checkpoint, if it has one')
    parser.add_argument('--arguments', nargs='+', metavar='KEY=VALUE', default=(), help='arguments of the published '
                        'constructor that the weights do not show, e.g. backbone.temporal_strides=[1,1,1]')


def _convert(args: argparse.Namespace) -> int:
    from mmengine.config import Config

    from mmskel.files.tables import read_text
    from mmskel.interop import convert_checkpoint, start_rgbpose
    from mmskel.interop.pyskl_configs import model_in_config
    if args.pose and args.system != 'rgbpose':
        raise UserError(f'--pose belongs to rgbpose; {args.system} is converted from one checkpoint')
    if args.config and args.system != 'pyskl':
        raise UserError(f'--config belongs to pyskl; arguments that the weights of {args.system} do not show are given '
                        'by --arguments')
    said = Config(model_in_config(read_text(args.config, 'config')) if args.config else {})
    said.merge_from_dict(key_values('--arguments', args.arguments) or {})
    config = start_rgbpose(args.source, args.pose, args.target) if args.pose else \
        convert_checkpoint(args.system, args.source, args.target, said.to_dict())
    say(f'wrote {args.target}' + (f' and {config}' if str(config) != args.target else ''))
    if str(config) != args.target and (assumed := Config.fromfile(config, import_custom_modules=False).get('assumed')):
        print('assumed, since the weights do not say (change it with --arguments KEY=VALUE):')
        say('\n'.join(f'  {line}' for line in assumed))
    return 0


def _export_arguments(parser: Parser) -> None:
    parser.add_argument('config', help='the config the checkpoint was trained with: the one in its work dir')
    parser.add_argument('checkpoint', help='weights, .pth')
    parser.add_argument('out', help='the file to write, .onnx')
    model_options(parser, 'config', 'checkpoint')
    parser.add_argument('--stream', help='joint, bone, joint_motion, bone_motion, or a member of the config\'s own')
    parser.add_argument('--clip-len', type=int, metavar='T', help='frames of a clip, instead of the config\'s')
    parser.add_argument('--persons', type=int, metavar='M', help='persons of a clip, for networks that take any number')
    parser.add_argument('--cfg-options', nargs='+', metavar='KEY=VALUE', default=(), help='override the config')


def _export(args: argparse.Namespace) -> int:
    from mmskel.export.onnx_file import export
    if args.model:
        cfg, weights = published(args)
        say(str(export(cfg, weights, args.out, clip_len=args.clip_len, persons=args.persons)))
        return 0
    say(str(export(args.config, args.checkpoint, args.out, stream=args.stream, clip_len=args.clip_len,
                 persons=args.persons, cfg_options=cfg_options(args))))
    return 0


def _models_arguments(parser: Parser) -> None:
    parser.add_argument('name', nargs='?', help='show all of one model, e.g. st_gcn, of a published recogniser, e.g. '
                        'posec3d_gym, or of a body, smpl or skel; default: a table of all models')
    parser.add_argument('--weights', action='store_true', help='list the published recognisers, which `mmskel '
                        'predict --model NAME` uses')
    parser.add_argument('--layout', default='', help='with --weights: only those that take this joint order, e.g. '
                        'coco17')
    parser.add_argument('--data', default='', metavar='NAME', help='with --weights: only those of this data set, e.g. '
                        'ntu60')
    parser.add_argument('--task', default='', help='with --weights: only actions, or only gestures')
    parser.add_argument('--json', action='store_true', help='for machines: every field by its name')


def _models(args: argparse.Namespace) -> int:
    from mmskel.cards import CARDS, find_card
    from mmskel.cards.bodies import BODIES, body_text
    from mmskel.cards.text import as_json, full_text, overview
    from mmskel.cards.zoo import find_entry, is_name, select
    from mmskel.cards.zoo.text import entries_table, entry_text
    if (args.layout or args.data or args.task) and not args.weights:
        raise UserError('--layout, --data and --task choose among published recognisers: they go with --weights')
    if args.name in BODIES and not args.weights:
        print(json.dumps([asdict(BODIES[args.name])], indent=1) if args.json else body_text(BODIES[args.name]))
        return 0
    if args.weights or args.name and is_name(args.name):
        found = [find_entry(args.name)] if args.name else select(args.layout, args.data, args.task)
        print(as_json(found) if args.json else entry_text(found[0]) if args.name else entries_table(found))
        return 0
    cards = [find_card(args.name)] if args.name else list(CARDS.values())
    print(as_json(cards) if args.json else full_text(cards[0]) if args.name else overview(cards))
    return 0


def _doctor(args: argparse.Namespace) -> int:
    from mmskel.apis.doctor import doctor
    return doctor()


FILES = {
    'prepare': Command('turn a data set into one annotation file', _prepare_arguments, _prepare),
    'check': Command('report the contents of an annotation file and its problems', _check_arguments, _check),
    'convert': Command('turn an official checkpoint into one of ours', _convert_arguments, _convert),
    'export': Command('write a recogniser as an ONNX file that needs no PyTorch', _export_arguments, _export),
    'models': Command('list the models, or show all that is known about one', _models_arguments, _models),
    'doctor': Command('report the versions, repairs and optional parts in use', lambda parser: None, _doctor),
}
