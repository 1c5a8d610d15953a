import json

import numpy as np

from mmskel.cli import main
from mmskel.evaluation import load_results


def test_demo_from_nothing(tmp_path, capsys):
    assert main(['demo', '--out', str(tmp_path / 'report'), '--epochs', '1', '--seed', '1']) == 0
    results = load_results(tmp_path / 'report' / 'results.json')
    summary = results.summary()
    assert len(results.class_names) >= 6 and summary['n'] >= 100
    assert summary['top1'] > 0.2  # chance is 0.1; a whole demo ends near 1
    for name in ('report.html', 'confusion_matrix.png', 'clips.gif', 'per_class.csv', 'clips.pkl'):
        assert (tmp_path / 'report' / name).is_file(), name
    printed = capsys.readouterr().out
    assert 'Made 500 clips' in printed and 'report.html' in printed and 'top-1' in printed


def test_demo_with_nwucla_clips(tmp_path, capsys):
    """Clips in N-UCLA's format, made up: three per class, one per view."""
    rng = np.random.default_rng(0)
    folder = tmp_path / 'all_sqe'
    folder.mkdir()
    for label, action in enumerate((1, 2, 3, 4, 5, 6, 8, 9, 11, 12), 1):
        for view in (1, 2, 3):
            name = f'a{action:02d}_s01_e00_v{view:02d}'
            walk = rng.normal(size=(12, 20, 3)) * 0.1 + rng.normal(size=(20, 3))
            (folder / f'{name}.json').write_text(json.dumps(dict(file_name=name, skeletons=walk.tolist(), label=label)))
    assert main(['demo', '--data', str(folder), '--out', str(tmp_path / 'report'), '--epochs', '1']) == 0
    results = load_results(tmp_path / 'report' / 'results.json')
    assert len(results.ids) == 10 and all(name.endswith('v03') for name in results.ids)
    assert len(results.subsets['clean']) == 8 and 'clean/top1' in results.summary()
    assert 'N-UCLA' in capsys.readouterr().out
