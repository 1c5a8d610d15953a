"""``mmskel zeroshot``: train and test recognition of classes without clips, write the published files."""
from __future__ import annotations

import argparse
from pathlib import Path

from mmskel.commands.command import Command, Parser, cfg_options, say


def _features(parser: Parser) -> None:
    parser.add_argument('features', help='.npz from `mmskel features`, or a folder of published features')
    parser.add_argument('--split', default='', help='protocol, e.g. xview; default: the splits train and test')
    parser.add_argument('--unseen', default='', metavar='CLASSES', help='names or numbers from 0, e.g. "wave;kick"; a '
                        'published split, e.g. ntu60:55_5; FILE.json:SET:SPLIT or a .npy of numbers')


def _experiment(parser: Parser) -> None:
    parser.add_argument('--test-features', metavar='FILE', help='.npz of the test clips; default: the split in '
                                                                'FEATURES '
                        'says which they are')
    parser.add_argument('--validation', metavar='FEATURES', help='features by a second recogniser, trained without '
                        'some of the seen classes; or the published _val_ folder')


def _texts(parser: Parser, required: bool) -> None:
    parser.add_argument('--texts', nargs='+', required=required, default=(), metavar='FILE', help='one row per class, '
                        'seen and unseen: .csv (columns name, text, ...) or .txt; or .npy of embeddings')
    parser.add_argument('--encoder', metavar='NAME', help='model of sentence-transformers or CLIP by name or folder, '
                        'or minilm; default: all-mpnet-base-v2')
    parser.add_argument('--columns', nargs='+', default=(), metavar='COLUMN', help='columns of the .csv to take texts '
                                                                                   'from')
    parser.add_argument('--prompt', action='append', default=[], metavar='TEXT', help='template with one {}, e.g. "a '
                        'person is {}"; may be repeated')
    parser.add_argument('--join', choices=('concatenate', 'mean'), default='concatenate',
                        help='how several texts of a class become one vector (default: concatenate, as published)')
    parser.add_argument('--device', default='', help='cpu, cuda:0, ...; default: a GPU, if any')


def _arguments(parser: Parser) -> None:
    actions = parser.add_subparsers(dest='action', metavar='ACTION', required=True)
    train = actions.add_parser('train', help='align features with texts and evaluate',
                               description='Align features with texts; evaluate unseen classes alone and all together.')
    _features(train)
    _experiment(train)
    _texts(train, required=True)
    train.add_argument('--config', default='zeroshot/sadvae_custom.py', help='default: %(default)s; a linear map: '
                       'zeroshot/linear_custom.py; the published runs: zeroshot/sadvae_...')
    train.add_argument('--pick', choices=('validated', 'published', 'last'), help='the cycle that is kept: best on '
                       'validation classes (default), best on the test clips, the last')
    train.add_argument('--seed', type=int, help='seed of everything random (default: 5)')
    train.add_argument('--out', default='work_dirs/zeroshot', metavar='FOLDER', help='default: %(default)s')
    train.add_argument('--cfg-options', nargs='+', metavar='KEY=VALUE', default=(), help='override the config, e.g. '
                       'training.lr=1e-4')
    test = actions.add_parser('test', help='test an aligner',
                              description='Test an aligner on clips of unseen classes.')
    test.add_argument('aligner', help='aligner.pth of a training')
    _features(test)
    _texts(test, required=False)
    test.add_argument('--out', metavar='FOLDER', help='where zero_shot.json and results.json go; default: not written')
    files = actions.add_parser('files', help='write the feature files that SA-DVAE and SynSE read',
                               description='Write the folders that the code of SA-DVAE and SynSE reads.')
    _features(files)
    _experiment(files)
    files.add_argument('out', help='folder, e.g. sk_feats/stgcn_mine_2_r; the twin for validation classes, with _val_ '
                                   'in '
                       'its name, is written beside it')
    files.add_argument('--seed', type=int, default=5, help='seed of the draw of validation classes (default: 5)')


def _run(args: argparse.Namespace) -> int:
    return dict(train=_train, test=_test, files=_files)[args.action](args)


def _embeddings(args: argparse.Namespace, class_names):
    from mmskel.apis.zero_shot_inputs import TextOptions, load_embeddings
    from mmskel.language import DEFAULT_ENCODER
    options = TextOptions(args.encoder or DEFAULT_ENCODER, tuple(args.columns), tuple(args.prompt), args.join,
                          args.device or 'cpu')
    return load_embeddings(args.texts, options, class_names)


def _class_names(args: argparse.Namespace) -> tuple[str, ...]:
    from mmskel.data.feature_table import read_features
    return () if Path(args.features).is_dir() else read_features(args.features, args.split).class_names


def _train(args: argparse.Namespace) -> int:
    from dataclasses import replace

    from mmskel.apis.zero_shot import describe_zero_shot, train_zero_shot
    from mmskel.apis.zero_shot_inputs import load_sets, load_zero_shot_config
    config = load_zero_shot_config(args.config, cfg_options(args))
    changes = {name: getattr(args, name) for name in ('pick', 'seed') if getattr(args, name) is not None}
    config = replace(config, **changes)
    embeddings = _embeddings(args, _class_names(args))
    data, validation = load_sets(args.features, embeddings.names, args.unseen, split=args.split,
                                 test=args.test_features, validation=args.validation, seed=config.seed)
    report = train_zero_shot(data, embeddings, config, args.out, validation=validation, device=args.device)
    say(f'{describe_zero_shot(report)}\n{"wrote":>12}: {args.out}/aligner.pth, zero_shot.json, results.json')
    return 0


def _test(args: argparse.Namespace) -> int:
    from mmskel.apis.zero_shot import test_zero_shot
    from mmskel.data.class_splits import unseen_classes
    from mmskel.data.feature_table import read_features
    from mmskel.data.zero_shot_sets import read_published
    from mmskel.models.zero_shot import load_aligner
    if Path(args.features).is_dir():
        clips = read_published(args.features).of_unseen
    else:
        table = read_features(args.features, args.split)
        clips = table if table.split is None else table.of_split('test')
    embeddings = _embeddings(args, _class_names(args)) if args.texts else None
    names = embeddings.names if embeddings else load_aligner(args.aligner)[1].get('class_names', ())
    unseen = unseen_classes(args.unseen, names) if args.unseen else None
    report = test_zero_shot(args.aligner, clips, unseen, embeddings, out=args.out)
    say(f'{"unseen":>12}: {"; ".join(report["unseen"])}   (chance {100 * report["chance"]:.1f} %)\n'
          f'{"ZSL":>12}: {100 * report["accuracy"]:6.2f} %   ({report["clips"]} clips)')
    return 0


def _files(args: argparse.Namespace) -> int:
    from mmskel.apis.zero_shot_inputs import load_sets
    from mmskel.data.zero_shot_sets import validation_folder, write_published
    from mmskel.evaluation.features import FeatureError
    names = _class_names(args)
    if not names:
        raise FeatureError(f"'{args.features}' holds no class names; a published folder needs a .npz "
                           'that does')
    if Path(args.out).exists() and Path(args.out).samefile(args.features):
        raise FeatureError(f"'{args.out}' is read; give another folder for the output")
    data, validation = load_sets(args.features, names, args.unseen, split=args.split,
                                 test=args.test_features, validation=args.validation, seed=args.seed)
    say(f'wrote {write_published(args.out, data)}')
    if validation is not None:
        say(f'wrote {write_published(validation_folder(args.out), validation, validation=True)}')
    return 0


ZERO_SHOT = {
    'zeroshot': Command('name actions that had no training clip: align features with texts', _arguments, _run),
}
