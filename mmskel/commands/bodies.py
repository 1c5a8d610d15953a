"""The command about bodies: ``fit``."""
from __future__ import annotations

import argparse

from mmskel.commands.command import Command, Parser, say


def _fit_arguments(parser: Parser) -> None:
    parser.add_argument('source', help='annotation file with 3-D skeletons in metres, .pkl')
    parser.add_argument('out', help='the annotation file to write, .pkl: joints of SKEL and 46 joint angles')
    parser.add_argument('--model', default='tube', metavar='FILE', help="SKEL's model file, skel_male.pkl or "
                        'skel_female.pkl; default: its kinematics on a made-up body')
    parser.add_argument('--split', help='fit only the clips of this split')
    parser.add_argument('--export', metavar='FOLDER', help='also write a .mot, .trc (OpenSim) and .csv for every clip')
    parser.add_argument('--keep-going', action='store_true', help='skip clips that cannot be fitted and list them in '
                        'OUT.skipped.txt')


def _fit(args: argparse.Namespace) -> int:
    from mmskel.apis.fit_body import export_angles, fit_body, summary
    file = fit_body(args.source, args.out, args.model, split=args.split, keep_going=args.keep_going)
    say(summary(file))
    if args.export:
        say(f"  {len(export_angles(file, args.export))} files -> '{args.export}'")
    return 0


BODIES = {'fit': Command('fit a body to 3-D skeletons: joint angles and anatomical joints', _fit_arguments, _fit)}
