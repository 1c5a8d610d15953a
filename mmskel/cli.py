"""The ``mmskel`` command. Every command imports what it needs when it is called, so ``mmskel --help`` is quick."""
from __future__ import annotations

import argparse
import os
import pickle
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mmskel.version import __version__

Parser = argparse.ArgumentParser


@dataclass(frozen=True)
class Command:
    """One command: what it is for, its arguments, and what it does (returns an exit status)."""
    help: str
    configure: Callable[[Parser], None]
    run: Callable[[argparse.Namespace], int]


def _run_options(parser: Parser) -> None:
    parser.add_argument('--data', metavar='FILE', help='annotation file, from `mmskel prepare`')
    parser.add_argument('--videos', metavar='FOLDER', help='of the clips, for networks that look at pictures, too')
    parser.add_argument('--split', help='protocol, e.g. xview, xsub, xset, view1')
    parser.add_argument('--stream', help='joint, bone, joint_motion, bone_motion, or a member of the config\'s own')
    parser.add_argument('--work-dir', help='where checkpoints, logs and the report go')
    parser.add_argument('--seed', type=int, help='of everything random')
    parser.add_argument('--launcher', choices=('none', 'pytorch', 'slurm', 'mpi'), default='none', help='job launcher')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument('--cfg-options', nargs='+', metavar='KEY=VALUE', default=(),
                        help='settings that override the config, e.g. train_cfg.max_epochs=20')


def _train_arguments(parser: Parser) -> None:
    parser.add_argument('config', help='a config file, or one of mmskel\'s, e.g. stgcn/stgcn_nwucla.py')
    _run_options(parser)
    parser.add_argument('--streams', nargs='+', metavar='STREAM', help='train several, each in a work dir of its own, '
                        'and fuse them; all: every one the config has')
    parser.add_argument('--resume', nargs='?', const='auto', default=False, metavar='CHECKPOINT',
                        help='go on from the last checkpoint of the work dir, or from the one named')
    parser.add_argument('--epochs', type=int, help='how many, instead of the config\'s; the schedule is stretched')
    parser.add_argument('--amp', action='store_true', help='mixed precision (bfloat16 on CPU)')
    parser.add_argument('--no-test', action='store_true', help='do not test and report when training has ended')


def _test_arguments(parser: Parser) -> None:
    parser.add_argument('config', help='the config the checkpoint was trained with')
    parser.add_argument('checkpoint', help='weights, .pth')
    _run_options(parser)
    parser.add_argument('--out', metavar='FOLDER', help='where results.json and the report go; default: the work dir')


def _cfg_options(args: argparse.Namespace) -> dict | None:
    from mmengine.config import DictAction
    os.environ.setdefault('LOCAL_RANK', str(getattr(args, 'local_rank', 0)))
    holder = argparse.Namespace()
    if args.cfg_options:
        wrong = [option for option in args.cfg_options if '=' not in option]
        if wrong:
            raise ValueError(f"--cfg-options takes KEY=VALUE pairs; '{wrong[0]}' has no '='")
        DictAction(['--cfg-options'], 'options')(Parser(), holder, list(args.cfg_options))
    return getattr(holder, 'options', None)


def _config(args: argparse.Namespace, **more):
    from mmskel.apis.configuration import load_config
    return load_config(args.config, work_dir=args.work_dir, data=args.data, split=args.split, stream=args.stream,
                       seed=args.seed, launcher=args.launcher, videos=args.videos, cfg_options=_cfg_options(args),
                       **more)


def _train(args: argparse.Namespace) -> int:
    from mmskel.apis.training import describe, train
    if args.streams:
        return _train_streams(args)
    cfg = _config(args, resume=args.resume, amp=args.amp, epochs=args.epochs)
    results = train(cfg, test_after=not args.no_test)
    if results is not None:
        print(f'{describe(results)}\n      report: {cfg.work_dir}/report.html')
    return 0


def _train_streams(args: argparse.Namespace) -> int:
    from mmskel.apis.configuration import stream_configs
    from mmskel.apis.streams import fused_folder, train_streams
    if args.stream or args.no_test or args.resume not in (False, 'auto'):
        wrong = '--stream' if args.stream else '--no-test' if args.no_test else '--resume CHECKPOINT'
        raise ValueError(f'--streams trains, tests and fuses several streams; it does not go with {wrong}')
    configs = stream_configs(args.config, args.streams, work_dir=args.work_dir, data=args.data, split=args.split,
                             epochs=args.epochs, seed=args.seed, amp=args.amp, launcher=args.launcher,
                             cfg_options=_cfg_options(args))
    results = train_streams(configs, resume=bool(args.resume))
    if results is not None:
        _print_fused(results, fused_folder(configs))
    return 0


def _print_fused(results, folder) -> None:
    from mmskel.apis.fusion import describe_members
    from mmskel.apis.training import describe
    print(f'{describe_members(results)}\n\n{describe(results)}\n      report: {folder}/report.html')


def _fuse_arguments(parser: Parser) -> None:
    parser.add_argument('files', nargs='+', help='results.json of two or more tests, or the folders that hold one')
    parser.add_argument('--rule', help='softmax (default), logits, l2norm or product')
    parser.add_argument('--weights', nargs='+', type=float, metavar='W', help='one per file; default: equal')
    parser.add_argument('--preset', help='a published rule with its weights: pyskl, ctrgcn or hdgcn')
    parser.add_argument('--fit-on', metavar='SPLIT', help='fit the weights on this subset or split, report the others')
    parser.add_argument('--data', metavar='FILE', help='annotation file that was tested on; the report shows clips')
    parser.add_argument('--out', metavar='FOLDER', help='where results.json and the report go; default: `fused` in the '
                        'folder that holds all files')


def _fuse(args: argparse.Namespace) -> int:
    from mmskel.apis.fusion import default_folder, fuse_files, write_fused
    results = fuse_files(args.files, rule=args.rule, weights=args.weights, preset=args.preset, fit_on=args.fit_on)
    folder = args.out or default_folder(args.files)
    write_fused(results, folder, args.data)
    _print_fused(results, folder)
    return 0


def _test(args: argparse.Namespace) -> int:
    from mmskel.apis.training import describe, test
    cfg = _config(args)
    results = test(cfg, args.checkpoint, out=args.out)
    if results is not None:
        print(f'{describe(results)}\n      report: {args.out or cfg.work_dir}/report.html')
    return 0


def _prepare_arguments(parser: Parser) -> None:
    from mmskel.data.readers import READERS, options_of
    formats = parser.add_subparsers(dest='format', metavar='FORMAT', required=True)
    for name, reader in READERS.items():
        one = formats.add_parser(name, help=reader.what, description=reader.what)
        one.add_argument('source', help='folder, archive or file')
        one.add_argument('out', help='the annotation file to write, .pkl')
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
    options = {name: getattr(args, name) for name in options_of(READERS[args.format])
               if getattr(args, name) is not None}
    prepare(args.format, args.source, args.out, keep_going=args.keep_going, options=options)
    return 0


def _pose_options(parser: Parser, preset: str = 'balanced') -> None:
    parser.add_argument('--preset', default=preset,
                        help='lightweight, balanced or performance: RTMDet and RTMPose, fetched once; '
                             f'default: {preset}')
    for kind, what in (('det', 'another detector of mmdet'), ('pose', 'another pose model of mmpose'),
                       ('lift', 'lifter of mmpose, for skeletons in 3-D')):
        parser.add_argument(f'--{kind}-config', default='', metavar='CONFIG', help=f'{what}: file, or mmpose::...')
        parser.add_argument(f'--{kind}-weights', default='', metavar='FILE', help='its weights: file or address')
    parser.add_argument('--device', default='', help='cpu, cuda:0, ...; default: a GPU, if any')
    parser.add_argument('--det-every', type=int, default=1, metavar='N', help='detect in every N-th frame only')
    parser.add_argument('--max-persons', type=int, metavar='M', help='keep the longest, surest tracks')
    parser.add_argument('--fps', type=float, help='of all videos, instead of what they say')
    parser.add_argument('--keep-going', action='store_true', help='of damaged videos take the frames before the damage')
    parser.add_argument('--min-joint-score', type=float, default=0., metavar='S', help='drop joints below it')
    parser.add_argument('--reject-outliers', action='store_true', help='joints that jump become the median of 7 frames')
    parser.add_argument('--fill-gaps', type=int, default=0, metavar='N', help='fill gaps of at most N frames')
    parser.add_argument('--smooth', choices=('none', 'one_euro', 'savgol'), default='none')


def _pose_models(args: argparse.Namespace):
    from mmskel.apis.extract import PoseModels
    from mmskel.pose.cleaning import CleaningOptions
    from mmskel.pose.extraction import ExtractionOptions
    cleaning = CleaningOptions(min_score=args.min_joint_score, outlier_window=7 if args.reject_outliers else 0,
                               max_gap=args.fill_gaps, smooth=args.smooth)
    options = ExtractionOptions(det_every=args.det_every, max_persons=args.max_persons, cleaning=cleaning)
    return PoseModels(args.det_config, args.det_weights, args.pose_config, args.pose_weights, args.device,
                      options=options, lift_config=args.lift_config, lift_weights=args.lift_weights
                      ).with_preset(args.preset)


def _extract_arguments(parser: Parser) -> None:
    parser.add_argument('source', help='video, folder of videos (their folders are the classes) or .txt list')
    parser.add_argument('out', help='the annotation file to write, .pkl')
    _pose_options(parser)
    parser.add_argument('--labels', metavar='TABLE', help='.csv with id (or path), label and, if you like, split')
    parser.add_argument('--jobs', type=int, default=1, help='processes, each with models of its own')
    parser.add_argument('--threads', type=int, metavar='N', help='of each process; default: its share of the cores')


def _extract(args: argparse.Namespace) -> int:
    from mmskel.apis.extract import extract
    from mmskel.data.prepare import summary
    file = extract(args.source, args.out, _pose_models(args), labels=args.labels, jobs=args.jobs, threads=args.threads,
                   fps=args.fps, keep_going=args.keep_going)
    print(summary(file))
    return 1 if file.meta.get('skipped') else 0


def _predict_arguments(parser: Parser) -> None:
    parser.add_argument('source', help='video, folder of videos or of pictures, .txt list, stream, camera number, or '
                        'annotation file (.pkl)')
    parser.add_argument('--config', required=True, help='the config of the recogniser: the one in its work dir')
    parser.add_argument('--checkpoint', required=True, metavar='FILE', help='its weights, .pth')
    parser.add_argument('--out', metavar='VIDEO', help='annotated video, .mp4; a folder for several')
    parser.add_argument('--save', metavar='FILE', help='predictions: .json (everything) or .csv (segments)')
    parser.add_argument('--window', type=seconds, metavar='S', help='sliding window, e.g. 3s; default: the whole clip')
    parser.add_argument('--stride', type=seconds, metavar='S', help='from window to window; default: half a window')
    parser.add_argument('--per-person', action='store_true', help='recognise every person alone')
    parser.add_argument('--min-score', type=float, default=0., metavar='P', help='leave out segments below it')
    parser.add_argument('--class-names', metavar='FILE', help='a name per line; default: those of the checkpoint')
    _pose_options(parser)


def seconds(text: str) -> float:
    """``'3s'``, ``'3'`` or ``'500ms'`` as seconds."""
    number, unit = (text[:-2], .001) if text.endswith('ms') else (text.removesuffix('s'), 1)
    return float(number) * unit


def _predict(args: argparse.Namespace) -> int:
    from mmskel.apis.predict import describe_predictions, predict
    predictions, failed = predict(
        args.source, args.config, args.checkpoint, _pose_models(args), class_names=args.class_names, out=args.out,
        save_to=args.save, window=args.window, stride=args.stride, per_person=args.per_person,
        min_score=args.min_score, fps=args.fps, keep_going=args.keep_going)
    print(describe_predictions(predictions, failed, args.min_score))
    return 1 if failed else 0


def _draw_arguments(parser: Parser) -> None:
    parser.add_argument('file', help='annotation file')
    parser.add_argument('--clip', metavar='ID', help='which clip; may be left away if there is one only')
    parser.add_argument('--out', metavar='FILE', help='.mp4, .gif, .png or .avi; default: ID_skeleton.mp4')
    parser.add_argument('--video', help='the video it was extracted from; default: the one that the clip names')
    parser.add_argument('--plain', action='store_true', help='skeletons alone, not over the video')


def _draw(args: argparse.Namespace) -> int:
    from mmskel.apis.draw import draw
    print(f'wrote {draw(args.file, args.clip, args.out, args.video, args.plain)}')
    return 0


def _check_arguments(parser: Parser) -> None:
    parser.add_argument('file', help='annotation file')
    parser.add_argument('--html', metavar='PAGE', help='where to write the page with plots; default: FILE.check.html')


def _check(args: argparse.Namespace) -> int:
    from mmskel.data.check import check_file
    from mmskel.visualization.check_page import write_check_page
    report = check_file(args.file)
    page = args.html or f'{args.file}.check.html'
    print(report)
    write_check_page(report, page)
    print(f'page: {page}')
    return report.exit_code


def _convert_arguments(parser: Parser) -> None:
    parser.add_argument('system', help='whose code wrote the checkpoint, e.g. st_gcn')
    parser.add_argument('source', help='the published checkpoint')
    parser.add_argument('target', help='the checkpoint to write, .pth; a config of the same name comes beside it')
    parser.add_argument('--pose', metavar='CHECKPOINT', help='rgbpose alone: start a joint training from SOURCE, '
                        'trained on pictures, and this one, trained on poses')


def _convert(args: argparse.Namespace) -> int:
    from mmskel.interop import convert_checkpoint, start_rgbpose
    if args.pose and args.system != 'rgbpose':
        raise ValueError(f'--pose belongs to rgbpose; {args.system} is converted from one checkpoint')
    config = start_rgbpose(args.source, args.pose, args.target) if args.pose else \
        convert_checkpoint(args.system, args.source, args.target)
    print(f'wrote {args.target} and {config}')
    return 0


def _export_arguments(parser: Parser) -> None:
    parser.add_argument('config', help='the config the checkpoint was trained with: the one in its work dir')
    parser.add_argument('checkpoint', help='weights, .pth')
    parser.add_argument('out', help='the file to write, .onnx')
    parser.add_argument('--stream', help='joint, bone, joint_motion, bone_motion, or a member of the config\'s own')
    parser.add_argument('--clip-len', type=int, metavar='T', help='frames of a clip, instead of the config\'s')
    parser.add_argument('--persons', type=int, metavar='M', help='of a clip, for networks that take any number')
    parser.add_argument('--cfg-options', nargs='+', metavar='KEY=VALUE', default=(), help='override the config')


def _export(args: argparse.Namespace) -> int:
    from mmskel.apis.export import export
    print(export(args.config, args.checkpoint, args.out, stream=args.stream, clip_len=args.clip_len,
                 persons=args.persons, cfg_options=_cfg_options(args)))
    return 0


def _models_arguments(parser: Parser) -> None:
    parser.add_argument('name', nargs='?', help='show all of one card, e.g. st_gcn; default: a table of all')
    parser.add_argument('--json', action='store_true', help='for machines: every field by its name')


def _models(args: argparse.Namespace) -> int:
    from mmskel.cards import CARDS, find_card
    from mmskel.cards.text import as_json, full_text, overview
    cards = [find_card(args.name)] if args.name else list(CARDS.values())
    print(as_json(cards) if args.json else full_text(cards[0]) if args.name else overview(cards))
    return 0


def _demo_arguments(parser: Parser) -> None:
    parser.add_argument('--data', metavar='FOLDER', help='N-UCLA clips (folder or zip) instead of made-up motions')
    parser.add_argument('--video', nargs='+', default=(), help='from videos with people in them to a labelled video; '
                        'default: what lies below MMSKEL_SHARED, if that variable is set')
    parser.add_argument('--out', default='demo_report', help='folder of the report (default: demo_report)')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--epochs', type=int, help='how many, instead of the demo\'s own number')
    _pose_options(parser, preset='lightweight')


def _demo(args: argparse.Namespace) -> int:
    from mmskel.apis.demo import demo
    named = args.det_config or args.det_weights or args.pose_config or args.pose_weights
    return demo(args.out, data=args.data, seed=args.seed, epochs=args.epochs, videos=args.video,
                models=_pose_models(args) if named else None)


def _doctor(args: argparse.Namespace) -> int:
    from mmskel.apis.doctor import doctor
    return doctor()


COMMANDS = {
    'train': Command('train a recogniser, test it, write a report', _train_arguments, _train),
    'test': Command('test a checkpoint, write results by clip id and a report', _test_arguments, _test),
    'fuse': Command('fuse the results of several tests, by clip id', _fuse_arguments, _fuse),
    'prepare': Command('turn a data set into one annotation file', _prepare_arguments, _prepare),
    'extract': Command('turn raw videos into skeletons, one annotation file', _extract_arguments, _extract),
    'predict': Command('say what is done in videos or clips, and show it', _predict_arguments, _predict),
    'draw': Command('draw a clip, over its video where there is one', _draw_arguments, _draw),
    'check': Command('say what is in an annotation file and what is wrong with it', _check_arguments, _check),
    'convert': Command('turn an official checkpoint into one of ours', _convert_arguments, _convert),
    'export': Command('write a recogniser as an ONNX file that needs no PyTorch', _export_arguments, _export),
    'models': Command('list the models, or show all that is known about one', _models_arguments, _models),
    'demo': Command('make a small data set, train ST-GCN on it, show the result', _demo_arguments, _demo),
    'doctor': Command('say which versions, repairs and optional parts are in use', lambda parser: None, _doctor),
}


def usage() -> str:
    """The overview that ``mmskel --help`` prints."""
    lines = [f'  {name:<10}{command.help}' for name, command in COMMANDS.items()]
    return ('usage: mmskel COMMAND ...\n\nSkeleton-based action recognition for OpenMMLab.\n\ncommands:\n'
            + '\n'.join(lines) + '\n\n`mmskel COMMAND --help` explains one; `mmskel --version` prints '
            f'{__version__}.')


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit status. A user's mistake is one line on standard error, and status 1.

    Set ``MMSKEL_DEBUG=1`` for the traceback.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if not arguments or arguments[0] in ('-h', '--help'):
        print(usage())
        return 0 if arguments else 2
    if arguments[0] == '--version':
        print(__version__)
        return 0
    name = arguments[0]
    if name not in COMMANDS:
        print(f"mmskel: unknown command '{name}'; known: {', '.join(COMMANDS)}", file=sys.stderr)
        return 2
    parser = Parser(f'mmskel {name}', description=COMMANDS[name].help)
    COMMANDS[name].configure(parser)
    args = parser.parse_args(arguments[1:])
    try:
        return COMMANDS[name].run(args)
    except BrokenPipeError:  # `mmskel doctor | head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print('mmskel: stopped', file=sys.stderr)
        return 130
    except (ValueError, KeyError, TypeError, OSError, ImportError, AssertionError, EOFError,
            pickle.UnpicklingError) as error:
        if os.environ.get('MMSKEL_DEBUG') == '1':
            raise
        print(f'mmskel: {readable(error)}', file=sys.stderr)
        return 1


def readable(error: Exception) -> str:
    """One line for an exception; of a data loader's worker only its last line, which has the message."""
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    if 'Original Traceback' in text:
        text = text.strip().splitlines()[-1].partition(': ')[2]
    return text or f'{type(error).__name__}; set MMSKEL_DEBUG=1 for the traceback'
