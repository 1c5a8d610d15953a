"""``mmskel train --folds``: a training per fold, one report."""
import json

import numpy as np
import pytest

from mmskel import cli
from mmskel.apis.folds import checked_folds, folds_of, pooled, summarise
from mmskel.configuration import ConfigError
from mmskel.data import save_annotation_file
from mmskel.evaluation import Results, load_results
from mmskel.synthetic.motions import make_motion_clips


@pytest.fixture
def file(tmp_path):
    clips = make_motion_clips(2, num_subjects=2, dropout=0)
    split = {}
    for fold in (1, 2):
        test = [c.id for c in clips if f'_s{fold - 1:02d}_' in c.id]
        split.update({f'loso{fold:02d}_train': [c.id for c in clips if c.id not in test], f'loso{fold:02d}_test': test})
    save_annotation_file(tmp_path / 'a.pkl', clips, split, {})
    return tmp_path / 'a.pkl'


def results(ids, right):
    scores = np.where(np.arange(2) == 0, 1., 0.) * np.ones((len(ids), 1))
    return Results(list(ids), scores, [0 if i < right else 1 for i in range(len(ids))], ['a', 'b'])


def test_names_of_folds(file):
    assert folds_of(file, 'loso') == ['loso01', 'loso02'] and folds_of(file, 'los') == []
    with pytest.raises(ConfigError, match="no folds of split 'xsub'; splits with folds: loso"):
        checked_folds(file, 'xsub')


def test_mean_and_standard_deviation():
    found = {'f1': results('abcd', 4), 'f2': results('ef', 1)}
    said = summarise(found)
    assert said['folds'] == {'f1': 1, 'f2': 0.5} and said['mean'] == 0.75 and said['std'] == 0.25
    assert said['clips'] == pytest.approx(5 / 6) and pooled(list(found.values())).ids == list('abcdef')
    assert pooled([found['f1'], found['f1']]) is None


def test_every_fold_is_trained_and_reported_once(file, tmp_path, small, capsys):
    work = tmp_path / 'w'
    arguments = ['train', 'custom/stgcn_custom_small.py', '--data', str(file), '--split', 'loso', '--folds', '--work-dir',
                 str(work), '--epochs', '1', '--cfg-options', *small]
    assert cli.main(arguments) == 0, capsys.readouterr().err
    assert 'of 2 folds' in capsys.readouterr().out
    said = json.loads((work / 'folds.json').read_text())['']
    assert list(said['folds']) == ['loso01', 'loso02'] and len(load_results(work / 'results.json').ids) == 20
    assert (work / 'report.html').is_file() and (work / 'loso02/results.json').is_file()
    assert cli.main([*arguments[:arguments.index('--cfg-options')], '--resume', '--cfg-options', *small]) == 0
    assert 'loso02: already trained and tested' in capsys.readouterr().out
