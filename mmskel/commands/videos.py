"""Commands about videos and clips: ``extract``, ``predict``, ``features``, ``draw``, ``demo``."""
from __future__ import annotations

import argparse
from dataclasses import replace

from mmskel.commands.command import Command, Parser, cfg_options, model_options, published, say
from mmskel.commands.flags import in_flags
from mmskel.files.errors import UserError


def _pose_options(parser: Parser, preset: str = 'balanced') -> None:
    parser.add_argument('--preset', default=preset,
                        help='lightweight, balanced, performance, or hand: RTMDet and RTMPose, downloaded once; '
                             f'default: {preset}')
    for kind, what in (('det', 'another detector of mmdet'), ('pose', 'another pose model of mmpose'),
                       ('lift', 'lifter of mmpose, for skeletons in 3-D')):
        parser.add_argument(f'--{kind}-config', default='', metavar='CONFIG', help=f'{what}: file, or mmpose::...')
        parser.add_argument(f'--{kind}-weights', default='', metavar='FILE', help='its weights: file or URL')
    parser.add_argument('--device', default='', help='cpu, cuda:0, ...; default: a GPU, if any')
    parser.add_argument('--det-every', type=int, default=1, metavar='N', help='detect in every N-th frame only')
    parser.add_argument('--max-persons', type=int, metavar='M', help='keep the longest, surest tracks')
    parser.add_argument('--fps', type=float, help='frames per second of all videos, instead of their own')
    parser.add_argument('--keep-going', action='store_true', help='take the frames before the damage of damaged videos')
    parser.add_argument('--min-joint-score', type=float, default=0., metavar='S', help='drop joints below it')
    parser.add_argument('--reject-outliers', action='store_true', help='joints that jump become the median of 7 frames')
    parser.add_argument('--fill-gaps', type=int, default=0, metavar='N', help='fill gaps of at most N frames')
    parser.add_argument('--smooth', choices=('none', 'one_euro', 'savgol'), default='none')


def _group_options(parser: Parser) -> None:
    parser.add_argument('--group', action='store_true', help='all persons, in stable slots: a newcomer takes the '
                        'slot of somebody who has left; from left to right (--max-persons: slots)')
    parser.add_argument('--objects', nargs='+', default=(), metavar='NAME=CLASS', help='find objects: classes of the '
                        'detector, e.g. ball="sports ball"; one track each')
    parser.add_argument('--object-config', default='', metavar='CONFIG', help='detector of mmdet for them; default: '
                        'the one that finds the persons')
    parser.add_argument('--object-weights', default='', metavar='FILE', help='its weights: file or URL')
    parser.add_argument('--object-min-score', type=float, default=0.2, metavar='S', help='ignore boxes below it')
    parser.add_argument('--object-tracks', default='', metavar='TABLE', help='.csv with object, frame, x, y and, '
                        'optionally, score and id: known positions of objects')


def _pose_models(args: argparse.Namespace):
    from mmskel.pose.cleaning import CleaningOptions
    from mmskel.pose.extraction import ExtractionOptions
    from mmskel.pose.models import PoseModels
    cleaning = CleaningOptions(min_score=args.min_joint_score, outlier_window=7 if args.reject_outliers else 0,
                               max_gap=args.fill_gaps, smooth=args.smooth)
    options = ExtractionOptions(det_every=args.det_every, max_persons=args.max_persons, cleaning=cleaning)
    return PoseModels(args.det_config, args.det_weights, args.pose_config, args.pose_weights, args.device,
                      options=options, lift_config=args.lift_config, lift_weights=args.lift_weights
                      ).with_preset(args.preset)


def _group_models(args: argparse.Namespace):
    from mmskel.pose.objects import parse_names
    models = _pose_models(args)
    return replace(models, options=replace(models.options, group=args.group),
                   objects=tuple(parse_names(args.objects).items()), object_config=args.object_config,
                   object_weights=args.object_weights, object_min_score=args.object_min_score)


def _extract_arguments(parser: Parser) -> None:
    parser.add_argument('source', help='video, folder of videos (their folders are the classes) or .txt list')
    parser.add_argument('out', help='the annotation file to write, .pkl, or the store, .mmsk')
    _pose_options(parser)
    _group_options(parser)
    parser.add_argument('--labels', metavar='TABLE', help='.csv with id (or path), label and, optionally, split')
    parser.add_argument('--jobs', type=int, default=1, help='processes, each with models of its own')
    parser.add_argument('--threads', type=int, metavar='N', help='threads of each process; default: its share of the '
                                                                 'cores')
    parser.add_argument('--shard', metavar='I/N', default='1/1', help='only every N-th video, from the I-th on: one '
                        'job of an array job; `mmskel store merge` joins the parts')
    _cluster_options(parser)


def _cluster_options(parser: Parser) -> None:
    parser.add_argument('--ray', nargs='?', const='local', metavar='HEAD', help='work on a Ray cluster: its head, '
                        'e.g. auto or ray://head:10001; without one, a cluster of this machine')
    parser.add_argument('--ray-workers', type=int, metavar='N', help='with --ray: number of workers; default: as many '
                        'as fit')
    parser.add_argument('--ray-gpus', type=float, default=0, metavar='SHARE', help='with --ray: share of a GPU that a '
                        'worker takes, e.g. 0.5')


def _cluster(args: argparse.Namespace):
    """The cluster of ``--ray``; None without it."""
    from mmskel.parallel.cluster import Cluster
    if args.ray is None:
        if args.ray_workers is not None or args.ray_gpus:
            raise UserError('--ray-workers and --ray-gpus go with --ray')
        return None
    return Cluster(args.ray, args.ray_workers, getattr(args, 'threads', None) or 1, args.ray_gpus)


def _extract(args: argparse.Namespace) -> int:
    from mmskel.apis.extract import Work, extract
    from mmskel.data.prepare import summary
    from mmskel.parallel.shards import Shard
    file = extract(args.source, args.out, _group_models(args), labels=args.labels, object_tracks=args.object_tracks,
                   work=Work(args.jobs, args.threads, args.fps, args.keep_going,
                             shard=Shard.parse(args.shard), cluster=_cluster(args)))
    say(summary(file))
    return 1 if file.meta.get('skipped') else 0


def _predict_arguments(parser: Parser) -> None:
    parser.add_argument('source', help='video, folder of videos or of images, .txt list, stream, camera number, or '
                        'annotation file (.pkl)')
    parser.add_argument('--model', nargs='+', metavar='NAME', default=(), help='a published recogniser, see '
                        '`mmskel models --weights`; several are fused; default: the 60 actions of NTU RGB+D')
    parser.add_argument('--weights', nargs='+', metavar='FILE', default=(), help='weights of --model, one file for '
                        'each, instead of downloading them')
    parser.add_argument('--config', help='a recogniser of your own: the config in its work dir')
    parser.add_argument('--checkpoint', metavar='FILE', help='with --config: its weights, .pth')
    parser.add_argument('--out', metavar='VIDEO', help='annotated video, .mp4; a folder for several')
    parser.add_argument('--save', metavar='FILE', help='predictions: .json (everything) or .csv (segments)')
    parser.add_argument('--window', type=seconds, metavar='S', help='sliding window, e.g. 3s; default: the whole clip')
    parser.add_argument('--stride', type=seconds, metavar='S', help='time between windows; default: half a window')
    parser.add_argument('--per-person', action='store_true', help='recognise every person separately')
    parser.add_argument('--min-score', type=float, default=0., metavar='P', help='leave out segments below it')
    parser.add_argument('--class-names', metavar='FILE', help='one name per line; default: those of the checkpoint')
    parser.add_argument('--zero-shot', metavar='ALIGNER', help='aligner.pth of `mmskel zeroshot train`: recognise the '
                        'classes of --classes, seen in training or not')
    parser.add_argument('--classes', metavar='NAMES', help='with --zero-shot: class names, e.g. '
                        '"wave;kick;carry a box"')
    _pose_options(parser)
    _group_options(parser)
    _cluster_options(parser)


def seconds(text: str) -> float:
    """``'3s'``, ``'3'`` or ``'500ms'`` as seconds."""
    number, unit = (text[:-2], .001) if text.endswith('ms') else (text.removesuffix('s'), 1)
    value = float(number) * unit
    if not abs(value) < 1e9:  # whether a time must be positive, the recogniser says
        raise UserError(f'{text} is no length of time')
    return value


def _predict(args: argparse.Namespace) -> int:
    from mmskel.apis.clip_source import ClipSource
    from mmskel.apis.output import OutputOptions
    from mmskel.apis.predict import predict
    from mmskel.apis.recogniser_options import RecogniserOptions
    from mmskel.evaluation.prediction import describe_predictions
    from mmskel.evaluation.windows import WindowOptions
    predictions, failed = predict(
        args.source,
        RecogniserOptions(args.config, args.checkpoint, args.device, args.class_names, *_typed_words(args),
                          models=args.model, weights=args.weights),
        ClipSource(_group_models(args), args.fps, args.keep_going, args.object_tracks or None),
        windows=WindowOptions(args.window, args.stride, args.per_person),
        output=OutputOptions(args.out, args.save, args.min_score, args.group), cluster=_cluster(args))
    failed = {name: in_flags(why, args.flags) for name, why in failed.items()}
    say(describe_predictions(predictions, failed, args.min_score))
    return 1 if failed else 0


def _typed_words(args: argparse.Namespace) -> tuple:
    """Scorer and classes of ``--zero-shot`` and ``--classes``; (None, None) without them."""
    if not args.zero_shot and not args.classes:
        return None, None
    from mmskel.apis.zero_shot_classifier import zero_shot_scorer
    from mmskel.cards.zoo import DEFAULT, find_entry
    from mmskel.language import LanguageError, check_class_names
    if not args.zero_shot or not args.classes:
        raise LanguageError('--zero-shot ALIGNER and --classes "wave;kick" go together')
    classes = check_class_names(args.classes.split(';'))
    weights = args.checkpoint or (args.weights or [find_entry((args.model or [DEFAULT])[0]).file])[0]
    return zero_shot_scorer(args.zero_shot, classes, weights), classes


def _features_arguments(parser: Parser) -> None:
    parser.add_argument('config', help='the config the checkpoint was trained with: the one in its work dir')
    parser.add_argument('checkpoint', help='weights, .pth')
    model_options(parser, 'config', 'checkpoint')
    parser.add_argument('--data', metavar='FILE', help='annotation file; default: the one that the config names')
    parser.add_argument('--out', metavar='FILE', required=True, help='the file to write, .npz')
    parser.add_argument('--split', help='split of the file, e.g. xsub_train, or a protocol, e.g. xsub; default: all')
    parser.add_argument('--stream', help='joint, bone, joint_motion, bone_motion, or a member of the config\'s own')
    parser.add_argument('--videos', metavar='FOLDER', help='folder of the videos of the clips, for networks that look '
                                                           'at images as well')
    parser.add_argument('--device', help='cpu, cuda:0, ...; default: a GPU, if any')
    parser.add_argument('--cfg-options', nargs='+', metavar='KEY=VALUE', default=(), help='override the config')


def _features(args: argparse.Namespace) -> int:
    from mmskel.apis.features import extract_features
    from mmskel.configuration import load_config
    from mmskel.files.atomic import output_path
    output_path(args.out, *filter(None, [args.config, args.checkpoint, args.weights, args.data]))
    if args.model:
        cfg, checkpoint = published(args, args.data)
    else:
        cfg, checkpoint = load_config(args.config, data=args.data, stream=args.stream, videos=args.videos, fit=False,
                                      cfg_options=cfg_options(args)), args.checkpoint
    features = extract_features(cfg, checkpoint, args.out, split=args.split, device=args.device)
    say(f'wrote {args.out}: {len(features.ids)} clips, {features.features.shape[1]} features each')
    return 0


def _draw_arguments(parser: Parser) -> None:
    parser.add_argument('file', help='annotation file')
    parser.add_argument('--clip', metavar='ID', help='id of the clip; optional if there is only one')
    parser.add_argument('--out', metavar='FILE', help='.mp4, .gif, .png or .avi; default: ID_skeleton.mp4')
    parser.add_argument('--video', help='the video it was extracted from; default: the one that the clip names')
    parser.add_argument('--plain', action='store_true', help='skeletons alone, not over the video')
    parser.add_argument('--curves', metavar='CHECKPOINT', help='the curves that a trained STC-Net follows, as one '
                        'image')
    parser.add_argument('--angles', action='store_true', help='joint angles over time as an image (.png, .svg, .pdf): '
                        "those of a fitted body with their plausible ranges, or those between a 3-D skeleton's bones")
    parser.add_argument('--body', metavar='FILE', help='the body that was fitted, on a page that can be turned '
                        "(.html): SKEL's model file, or tube")
    parser.add_argument('--person', type=int, default=0, help='with --angles and --body: number of the person, from 0')
    parser.add_argument('--config', help='with --curves: the config in the work dir of its training')
    parser.add_argument('--block', type=int, default=1, help='with --curves: number of the block (default: 1)')
    parser.add_argument('--joints', nargs='+', metavar='NAME', default=(), help='with --curves: joints whose curves '
                                                                                'are drawn '
                        'thick; default: the ends of the limbs')


def _draw(args: argparse.Namespace) -> int:
    from mmskel.apis.draw import draw
    chosen = [flag for flag, value in (('--curves', args.curves), ('--angles', args.angles), ('--body', args.body))
              if value]
    if len(chosen) > 1:
        raise UserError(f'{chosen[0]} and {chosen[1]} cannot be drawn together; ask for one')
    if args.person and not (args.angles or args.body):
        raise UserError('--person goes with --angles or --body')
    if args.angles or args.body:
        if args.video or args.plain:
            raise UserError(f'{chosen[0]} goes with neither --video nor --plain')
        from mmskel.apis.draw_body import draw_angles, draw_body
        say(f'wrote {draw_angles(args.file, args.clip, args.out, args.person)}' if args.angles else
            f'wrote {draw_body(args.file, args.body, args.clip, args.out, args.person)}')
        return 0
    if args.curves is None:
        wrong = '--config' if args.config else '--block' if args.block != 1 else '--joints' if args.joints else None
        if wrong:
            raise UserError(f'{wrong} goes with --curves')
        say(f'wrote {draw(args.file, args.clip, args.out, args.video, args.plain)}')
        return 0
    from mmskel.apis.curves import draw_clip_curves
    if args.config is None or args.video or args.plain:
        raise UserError('--curves needs --config, and goes with neither --video nor --plain')
    written = draw_clip_curves(args.file, args.config, args.curves, args.clip, args.out, args.block, args.joints)
    say(f'wrote {written}')
    return 0


def _demo_arguments(parser: Parser) -> None:
    parser.add_argument('--data', metavar='FOLDER', help='N-UCLA clips (folder or zip) instead of made-up motions')
    parser.add_argument('--video', nargs='+', default=(), help='from videos with people in them to a labelled video')
    parser.add_argument('--body', action='store_true', help='fit a body to made-up motions: pages, joint angles and '
                        'files for OpenSim, in seconds')
    parser.add_argument('--out', default='demo_report', help='folder of the report (default: demo_report)')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--epochs', type=int, help='number of epochs instead of the demo\'s own')
    _pose_options(parser, preset='lightweight')


def _demo(args: argparse.Namespace) -> int:
    if args.body:
        if args.data or args.video:
            raise UserError('--body makes its own motions: it goes with neither --data nor --video')
        from mmskel.apis.body_demo import body_demo
        body_demo(args.out, args.seed)
        return 0
    from mmskel.apis.demo import demo
    named = args.det_config or args.det_weights or args.pose_config or args.pose_weights
    return demo(args.out, data=args.data, seed=args.seed, epochs=args.epochs, videos=args.video,
                models=_pose_models(args) if named else None)


VIDEOS = {
    'extract': Command('turn raw videos into skeletons, one annotation file', _extract_arguments, _extract),
    'predict': Command('recognise the actions in videos or clips, and show them', _predict_arguments, _predict,
                       flags=dict(video='--out', table='--save', models='--model')),
    'features': Command('write the features that a recogniser computes before it names a class', _features_arguments,
                        _features),
    'draw': Command('draw a clip, over its video if there is '
                    'one', _draw_arguments, _draw, flags=dict(name='--clip')),
    'demo': Command('make a small data set, train ST-GCN on it, show the result', _demo_arguments, _demo),
}
