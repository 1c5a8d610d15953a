"""A columnar store in place of an annotation file: the same training, check, report and drawing."""
import json

import numpy as np
import pytest

from mmskel.cli import main
from mmskel.data import load_annotation_file
from mmskel.data.checking.file import check_file
from mmskel.data.store import fingerprint, open_store
from mmskel.synthetic.motions import write_motion_dataset

pytest.importorskip('pyarrow', reason='pyarrow is not installed')


def test_a_store_trains_tests_and_is_looked_at(tmp_path, small, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_motion_dataset('m.pkl', num_per_class=3, seed=1, num_subjects=3)
    assert main(['store', 'convert', 'm.pkl', 'm.mmsk']) == 0
    for data in ('m.pkl', 'm.mmsk'):
        options = ['--data', data, '--work-dir', f'w_{data}', '--epochs', '1', '--cfg-options', *small]
        assert main(['train', 'stgcn/stgcn_synthetic.py', *options]) == 0
        assert main(['check', data, '--html', f'{data}.html']) == 0
    losses = [(tmp_path / f'w_{data}/results.json').read_text() for data in ('m.pkl', 'm.mmsk')]
    assert json.loads(losses[0])['clips'] == json.loads(losses[1])['clips']
    reports = [str(check_file(data)).replace(data, 'X') for data in ('m.pkl', 'm.mmsk')]
    assert reports[0] == reports[1]
    rows = [fingerprint(store, np.arange(len(store))) for store in map(open_store, ('m.pkl', 'm.mmsk'))]
    assert rows[0] == rows[1]
    name = open_store('m.mmsk').ids[3]
    assert main(['draw', 'm.mmsk', '--clip', name, '--out', 'a.png']) == 0
    assert main(['store', 'convert', 'm.mmsk', 'back.pkl']) == 0
    before, after = load_annotation_file('m.pkl'), load_annotation_file('back.pkl')
    assert before.split == after.split
    for one, other in zip(before.annotations, after.annotations, strict=True):
        assert one.keys() == other.keys() and (one['keypoint'] == other['keypoint']).all()
