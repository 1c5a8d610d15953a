"""Classes in the order of a list of names."""
import numpy as np
import pytest

from mmskel.cli import main
from mmskel.data import load_annotation_file


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'arrays').mkdir()
    for name in 'abc':
        np.save(f'arrays/{name}.npy', np.random.default_rng(0).uniform(0, 99, (5, 17, 2)))

    def go(labels, names):
        (tmp_path / 'labels.csv').write_text('id,label\n' + ''.join(f'{name},{label}\n' for name, label in zip('abc', labels)))
        (tmp_path / 'names.txt').write_text(names)
        (tmp_path / 'p.pkl').unlink(missing_ok=True)
        status = main(['prepare', 'numpy', 'arrays', 'p.pkl', '--labels', 'labels.csv', '--layout', 'coco17', '--class-names', 'names.txt'])
        said = capsys.readouterr()
        assert (tmp_path / 'p.pkl').exists() == (status == 0)
        if status:
            return said.err
        file = load_annotation_file('p.pkl')
        return [item['label'] for item in file.annotations], list(file.class_names)
    return go


def test_order_of_the_file(run):
    assert run(['wave', 'kick', 'wave'], 'wave\nrun\nkick\n') == ([0, 2, 0], ['wave', 'run', 'kick'])
    assert run(['wave', 'kick', 'wave'], '\ufeffkick\r\nwave\r\n\r\n') == ([1, 0, 1], ['kick', 'wave'])  # as Windows writes it


def test_names_for_numbers(run):
    assert run([2, 0, 1], 'wave\nrun\nkick\n') == ([2, 0, 1], ['wave', 'run', 'kick'])


@pytest.mark.parametrize('labels, names, words', [
    (['wave', 'kick', 'run'], 'wave\nrun\n', "'names.txt' lacks 1 classes of the clips: kick"),
    ([0, 1, 3], 'wave\nrun\nkick\n', 'has 3 names, but clips have labels up to 3'), ([0, 1, 2], '', 'the file is empty'),
    ([0, 1, 2], 'wave\n\nrun\n', 'line 2 is empty'), ([0, 1, 2], 'wave\nrun\nwave\n', "names 'wave' twice")])
def test_what_does_not_fit_is_refused(run, labels, names, words):
    assert words in run(labels, names)
