"""Commands that train and test: ``train``, ``test``, ``fuse``."""
from __future__ import annotations

import argparse

from mmskel.commands.command import Command, Parser, cfg_options, model_options, published, say
from mmskel.files.errors import UserError


def _run_options(parser: Parser) -> None:
    parser.add_argument('--data', metavar='FILE', help='annotation file, from `mmskel prepare`')
    parser.add_argument('--videos', metavar='FOLDER', help='folder of the videos of the clips, for networks that look '
                                                           'at images, too')
    parser.add_argument('--split', help='protocol, e.g. xview, xsub, xset, view1')
    parser.add_argument('--stream', help='joint, bone, joint_motion, bone_motion, or a member of the config\'s own')
    parser.add_argument('--work-dir', help='where checkpoints, logs and the report go')
    parser.add_argument('--seed', type=int, help='seed of everything random')
    parser.add_argument('--launcher', choices=('none', 'pytorch', 'slurm', 'mpi'), default='none', help='job launcher')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument('--cfg-options', nargs='+', metavar='KEY=VALUE', default=(),
                        help='settings that override the config, e.g. train_cfg.max_epochs=20')


def _train_arguments(parser: Parser) -> None:
    parser.add_argument('config', help='a config file, or one of mmskel\'s, e.g. stgcn/stgcn_nwucla.py')
    _run_options(parser)
    parser.add_argument('--streams', nargs='+', metavar='STREAM', help='train several, each in a work dir of its own, '
                        'and fuse them; all: every one the config has')
    parser.add_argument('--folds', action='store_true', help='train and test every fold of --split (loseqo: loseqo01, '
                        'loseqo02, ...), report mean and standard deviation')
    parser.add_argument('--resume', nargs='?', const='auto', default=False, metavar='CHECKPOINT',
                        help='continue from the last checkpoint of the work dir, or from the one named')
    parser.add_argument('--overwrite', action='store_true', help='remove the training that the work dir holds')
    parser.add_argument('--from', dest='start', metavar='CHECKPOINT', help='start with these weights (fine-tuning), a '
                        'file, a URL or the name of a published recogniser; prints what was taken and what is new')
    parser.add_argument('--epochs', type=int, help='number of epochs instead of the config\'s; the schedule is '
                                                   'stretched')
    parser.add_argument('--amp', action='store_true', help='mixed precision (bfloat16 on CPU)')
    parser.add_argument('--no-test', action='store_true', help='do not test and report after the training')


def _test_arguments(parser: Parser) -> None:
    parser.add_argument('config', help='the config the checkpoint was trained with')
    parser.add_argument('checkpoint', help='weights, .pth')
    model_options(parser, 'config', 'checkpoint')
    _run_options(parser)
    parser.add_argument('--out', metavar='FOLDER', help='where results.json and the report go; default: the work dir')


def _config(args: argparse.Namespace, **more):
    from mmskel.configuration import load_config
    return load_config(args.config, work_dir=args.work_dir, data=args.data, split=args.split, stream=args.stream,
                       seed=args.seed, launcher=args.launcher, videos=args.videos, cfg_options=cfg_options(args),
                       **more)


def _train(args: argparse.Namespace) -> int:
    from mmskel.apis.training import describe, train
    if args.folds:
        return _train_folds(args)
    if args.streams:
        return _train_streams(args)
    cfg = _config(args, resume=args.resume, amp=args.amp, epochs=args.epochs)
    if cfg.get('plan'):
        return _train_plan(args, cfg)
    if args.start:
        if args.resume:
            raise UserError('--from starts a training with weights, --resume continues one; give only one of them')
        from mmskel.apis.zoo import start_weights
        cfg.load_from = start_weights(args.start)
    results = train(cfg, test_after=not args.no_test, overwrite=args.overwrite)
    if results is not None:
        say(f'{describe(results)}\n      report: {cfg.work_dir}/report.html')
    return 0


def _train_plan(args: argparse.Namespace, whole) -> int:
    from mmskel.apis.plan import load_plan, run_plan
    from mmskel.configuration import load_config, needs_video, set_videos
    _refuse(f"'{args.config}' is a plan of several trainings", {
        '--no-test': args.no_test, '--resume CHECKPOINT': args.resume not in (False, 'auto'), '--from': args.start})

    def load(config: str, stream: str | None, options: dict):
        cfg = load_config(config, data=args.data, split=args.split, stream=stream or args.stream, epochs=args.epochs,
                          seed=args.seed, amp=args.amp, launcher=args.launcher,
                          cfg_options={**options, **(cfg_options(args) or {})})
        if args.videos and needs_video(cfg):
            set_videos(cfg, args.videos)
        return cfg

    run_plan(load_plan(whole, load), resume=bool(args.resume), overwrite=args.overwrite)
    print(f'      reports: {whole.work_dir}')
    return 0


def _train_streams(args: argparse.Namespace) -> int:
    from mmskel.apis.streams import fused_folder, train_streams
    from mmskel.configuration import stream_configs
    _refuse('--streams trains, tests and fuses several streams', {
        '--stream': args.stream, '--no-test': args.no_test, '--resume CHECKPOINT': args.resume not in (False, 'auto'),
        '--from': args.start})
    configs = stream_configs(args.config, args.streams, work_dir=args.work_dir, data=args.data, split=args.split,
                             epochs=args.epochs, seed=args.seed, amp=args.amp, launcher=args.launcher,
                             cfg_options=cfg_options(args))
    results = train_streams(configs, resume=bool(args.resume), overwrite=args.overwrite)
    if results is not None:
        _print_fused(results, fused_folder(configs))
    return 0


def _train_folds(args: argparse.Namespace) -> int:
    from pathlib import Path

    from mmskel.apis.folds import checked_folds, describe_folds, write_folds
    from mmskel.apis.plan import Stage, run_plan
    from mmskel.apis.streams import train_streams
    from mmskel.configuration import dataset_of, load_config, stream_configs
    from mmskel.evaluation import load_results
    _refuse('--folds trains and tests every fold', {
        '--no-test': args.no_test, '--resume CHECKPOINT': args.resume not in (False, 'auto'), '--from': args.start,
        '--stream and --streams': args.stream and args.streams})
    shared = dict(data=args.data, epochs=args.epochs, seed=args.seed, amp=args.amp, launcher=args.launcher,
                  cfg_options=cfg_options(args))
    whole = load_config(args.config, work_dir=args.work_dir, data=args.data, stream=args.stream,
                        cfg_options=cfg_options(args))
    file = dataset_of(whole, 'test_dataloader')['ann_file']
    folder = args.work_dir or f'{whole.work_dir}_{args.split}'
    found: dict = {}
    stages = {}
    for fold in checked_folds(file, args.split):
        place = f'{folder}/{fold}'
        if args.streams:
            configs = stream_configs(args.config, args.streams, work_dir=place, split=fold, **shared)
            found.setdefault('fused', {})[fold] = train_streams(configs, resume=bool(args.resume),
                                                                overwrite=args.overwrite)
            for name in configs:
                found.setdefault(name, {})[fold] = load_results(Path(place, name, 'results.json'))
        else:
            cfg = load_config(args.config, work_dir=place, split=fold, stream=args.stream, videos=args.videos, **shared)
            cfg.experiment_name = f'{Path(whole.filename).stem}_{fold}'
            stages[fold] = Stage(cfg)
    if stages:
        found[''] = run_plan(stages, resume=bool(args.resume), overwrite=args.overwrite)
    if all(result is not None for results in found.values() for result in results.values()):
        say(f'{describe_folds(write_folds(found, folder, file))}\n      report: {folder}/folds.json')
    return 0


def _refuse(what: str, flags: dict) -> None:
    for flag, given in flags.items():
        if given:
            raise UserError(f'{what}; it does not go with {flag}')


def _print_fused(results, folder) -> None:
    from mmskel.apis.fusion import describe_members
    from mmskel.apis.training import describe
    say(f'{describe_members(results)}\n\n{describe(results)}\n      report: {folder}/report.html')


def _test(args: argparse.Namespace) -> int:
    from mmskel.apis.training import describe, test
    if args.model:
        cfg, checkpoint = published(args, args.data, args.split, args.work_dir)
        cfg.launcher = args.launcher
    else:
        cfg, checkpoint = _as_trained(args), args.checkpoint
    results = test(cfg, checkpoint, out=args.out)
    if results is not None:
        say(f'{describe(results)}\n      report: {args.out or cfg.work_dir}/report.html')
    return 0


def _as_trained(args: argparse.Namespace):
    """The config, with the stream and split of the checkpoint where the command does not say."""
    from mmskel.apis.recorded import recorded_choices
    cfg = _config(args)
    said = {key for key in ('stream', 'split') if getattr(args, key)}
    options = cfg_options(args) or {}
    for key, value in recorded_choices(cfg, args.checkpoint).items():
        if key not in said and not any(option.rpartition('.')[2] == key for option in options):
            setattr(args, key, value)
            say(f'{key} {value}: as the checkpoint was trained')
            cfg = _config(args)
    return cfg


def _fuse_arguments(parser: Parser) -> None:
    parser.add_argument('files', nargs='+', help='results.json of two or more tests, or the folders that hold one')
    parser.add_argument('--rule', help='softmax (default), logits, l2norm or product')
    parser.add_argument('--weights', nargs='+', type=float, metavar='W', help='one per file; default: equal')
    parser.add_argument('--preset', help='a published rule with its weights: pyskl, ctrgcn or hdgcn')
    parser.add_argument('--fit-on', metavar='SPLIT', help='fit the weights on this subset or split, report the others')
    parser.add_argument('--data', metavar='FILE', help='annotation file of the tested clips, some of which the report '
                                                       'shows')
    parser.add_argument('--out', metavar='FOLDER', help='where results.json and the report go; default: `fused` in the '
                        'folder that holds all files')


def _fuse(args: argparse.Namespace) -> int:
    from mmskel.apis.fusion import default_folder, fuse_files, write_fused
    results = fuse_files(args.files, rule=args.rule, weights=args.weights, preset=args.preset, fit_on=args.fit_on)
    folder = args.out or default_folder(args.files)
    write_fused(results, folder, args.data, args.files)
    _print_fused(results, folder)
    return 0


TRAINING = {
    'train': Command('train a recogniser, test it, write a report', _train_arguments, _train,
                     flags={'test_after=False': '--no-test'}),
    'test': Command('test a checkpoint, write results by clip id and a report', _test_arguments, _test),
    'fuse': Command('fuse the results of several tests, by clip id', _fuse_arguments, _fuse),
}
