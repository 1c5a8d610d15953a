"""Arguments of every command: numbers, paths and names that make no sense; nothing long begins, nothing is lost."""
import json
import os
import pickle

import pytest
from fuzz.judge import Tally, judge
from fuzz.samples import flat_file, results

from mmskel.cli import COMMANDS, main, parser_of
from mmskel.files.text import printable

WORDS = ('', ' ', '0', '-1', '1', '2', '1e400', 'inf', '-inf', 'nan', '0.5', 'x', 'x=y', '=', 'a=1', 'a..b=1', '../x', '.',
         'fifo', 'fifo.pkl', 'to_fifo', 'fifo.pth', 'a.pkl', 'a.json', 'b.json', 'none', 'é', '\x1b[31mred', 'a\nb', '\udc80',
         'a\0b', '9' * 400, 'x' * 300, '--', '-', '*', 'cpu', 'cuda:99', 'foo', 'meta', 'http://', 'joint', 'train', 'coco17',
         'link', 'folder', 'out.pkl', 'o.json', 'o.npz', 'o.mp4', 'o.png', 'model.x=1', 'classes=[1,99]', 'train_cfg=1', '[', '{}',
         'None', 'st_gcn', 'numpy', '1,2', 'wave;kick', 'wave;wave', ';')
# every command with arguments that end at once
BASES = {
    'train': ['stgcn/stgcn_nwucla.py', '--data', 'nothing.pkl', '--work-dir', 'w'],
    'test': ['{config}', 'nothing.pth', '--data', 'a.pkl', '--work-dir', 'w'],
    'fuse': ['a.json', 'b.json', '--rule', 'no_rule', '--out', 'f'],
    'prepare': ['pickle', 'a.pkl', 'out.pkl'], 'extract': ['folder', 'out.pkl'],
    'predict': ['a.pkl', '--config', '{config}', '--checkpoint', '{checkpoint}', '--device', 'cpu'],
    'features': ['{config}', '{checkpoint}', '--data', 'a.pkl', '--out', 'o.npz', '--device', 'cpu'],
    'zeroshot': ['train', 'f.npz', '--texts', 't.csv', '--out', 'z'], 'draw': ['a.pkl', '--clip', 'clip0', '--out', 'o.png', '--plain'],
    'check': ['nothing.pkl'], 'convert': ['st_gcn', 'nothing.pth', 'o.pth'], 'export': ['{config}', 'nothing.pth', 'o.onnx'],
    'fit': ['a.pkl', 'o.pkl'], 'store': ['convert', 'a.pkl', 'out.mmsk'], 'models': [], 'demo': ['--data', 'nothing.zip', '--out', 'd'],
}
HEAVY = ('--video', '--streams', '--ray', '--body')  # would begin to fetch, to train, or a cluster


def options(command):
    """Option -> whether it takes a value."""
    parser = parser_of(command)
    chosen = next(iter(parser._subparsers._group_actions)).choices[command]
    return {action.option_strings[0]: action.nargs != 0 for action in chosen._actions
            if action.option_strings and action.dest != 'help' and action.option_strings[0] not in HEAVY}


def test_every_command_is_here():
    assert set(BASES) == set(COMMANDS) - {'doctor'}


@pytest.mark.parametrize('command', BASES)
def test_command(command, network, inputs, rng_of, fresh):
    tally, known = Tally(), options(command)
    for number in inputs(24):
        rng = rng_of(number)
        base = [word.format(config=network[0], checkpoint=network[1]) for word in BASES[command]]
        words = list(base)
        for _ in range(rng.choice((1, 1, 2))):
            if words and rng.random() < .35:
                words[rng.randrange(len(words))] = rng.choice(WORDS)
            elif known:
                flag = rng.choice(list(known))
                words += [flag, *[rng.choice(WORDS)] * known[flag]]
        folder = fresh({'a.pkl': pickle.dumps(flat_file()), 'a.json': json.dumps(results(0)), 'b.json': json.dumps(results(1)),
                        'folder/x.txt': 'x'})
        os.symlink('a.pkl', folder / 'link')
        os.symlink('fifo', folder / 'to_fifo')
        for name in ('fifo', 'fifo.pkl', 'fifo.pth'):
            os.mkfifo(folder / name)
        outcome = judge(lambda: main([command, *words]), folder, [word if len(word) > 1 else f"'{word}'" for word in (printable(word).replace('\n', ' ') for word in words)] + [
            'a.pkl', 'nothing', 'f.npz', 't.csv', 'folder', 'http:', 'results.json', repr(''), *(flag.strip('-').replace('-', '_') for flag in known),
            *known, 'config', 'rule', 'unknown', 'expected', 'stride', 'window', 'classes', 'column', 'prompt'],
                        report=command == 'check')
        if not all((folder / name).is_fifo() for name in ('fifo', 'fifo.pkl', 'fifo.pth')) or not (folder / 'to_fifo').is_symlink():
            outcome.faults.append('a pipe was replaced')
        tally.add(outcome, f'{command} {words}')
    tally.check()
