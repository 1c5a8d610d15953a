"""Zero-shot recognition from features and texts to figures, and from typed words to scores."""
import json

import numpy as np
import pytest
from zero_shot_world import NAMES, Letters, table

from mmskel.apis import zero_shot, zero_shot_inputs
from mmskel.apis.zero_shot import ZeroShotConfig, train_zero_shot
from mmskel.apis.zero_shot_classifier import ZeroShotClassifier
from mmskel.apis.zero_shot_inputs import TextOptions, load_embeddings, load_sets, load_zero_shot_config, tables_of
from mmskel.cli import main
from mmskel.configuration.find import packaged_configs
from mmskel.data.feature_table import write_features
from mmskel.evaluation import load_results
from mmskel.evaluation.features import FeatureError
from mmskel.language import LanguageError, class_texts, embed_classes
from mmskel.models.zero_shot import ZeroShotError, load_aligner

CONFIGS = {
    'SADVAE': dict(model=dict(type='SADVAE', semantic_channels=8, style_channels=2), training=dict(cycles=3, lr=3e-3, min_steps=60)),
    'LinearAligner': dict(model=dict(type='LinearAligner'), training=dict(cycles=3, steps_per_cycle=40))}


@pytest.fixture(autouse=True)
def letters(monkeypatch):
    """Texts are encoded by their letters; no package of encoders is needed."""
    monkeypatch.setattr(zero_shot_inputs, 'load_text_encoder', lambda name, device: Letters())
    monkeypatch.setattr('mmskel.apis.zero_shot_classifier.load_text_encoder', lambda name, device: Letters())


@pytest.fixture
def files(tmp_path):
    write_features(tmp_path / 'features.npz', table())
    (tmp_path / 'classes.csv').write_text('name\n' + '\n'.join(NAMES) + '\n')
    return tmp_path


def embeddings():
    return embed_classes(Letters(), class_texts(NAMES))


def train(folder, name='LinearAligner', **changes):
    data, validation = load_sets(folder / 'features.npz', NAMES, 'kick;jump')
    return train_zero_shot(data, embeddings(), ZeroShotConfig(**CONFIGS[name] | changes), folder / 'out', validation=validation)


@pytest.mark.parametrize('name', CONFIGS)
def test_training_writes_figures_aligner_and_results(files, name):
    report = train(files, name)
    assert report['unseen'] == ['kick', 'jump'] and report['chance'] == 0.5 and len(report['accuracies']) == 3
    picks = report['zsl']
    assert picks['published']['accuracy'] == max(report['accuracies']) and picks['last']['cycle'] == 2
    best = max(report['validation_accuracies'])
    assert report['validation_accuracies'][picks['validated']['cycle']] == best and report['pick'] == 'validated'
    assert [(one['pick'], one['rule']) for one in report['gzsl']] == [
        (pick, rule) for pick in ('published', 'validated') for rule in ('published', 'consistent')]
    assert all(0 <= one['seen'] <= 1 and 0 <= one['unseen'] <= 1 for one in report['gzsl'])
    assert json.loads((files / 'out/zero_shot.json').read_text())['texts']['encoder'] == 'letters'
    results = load_results(files / 'out/results.json')
    assert results.class_names == ['kick', 'jump'] and results.summary()['top1'] == pytest.approx(picks['validated']['accuracy'])
    _, meta, texts = load_aligner(files / 'out/aligner.pth')
    assert meta['recogniser'] == 'stgcn_mine' and texts.shape == (10, 26)
    again = zero_shot.test_zero_shot(files / 'out/aligner.pth', table().of_split('test'), out=files / 'again')
    assert again['accuracy'] == pytest.approx(picks['validated']['accuracy']) and again['clips'] == 8
    assert load_results(files / 'again/results.json').scores == pytest.approx(results.scores, abs=1e-6)


def test_linear_map_learns_and_picks_are_kept(files):
    report = train(files, pick='published')
    assert max(report['accuracies']) > 0.8 and any('chosen on the test clips' in note for note in report['notes'])
    assert 'best on the test clips, as published  <- kept' in zero_shot.describe_zero_shot(report)
    data, _ = load_sets(files / 'features.npz', NAMES, 'kick;jump')
    report = train_zero_shot(data, embeddings(), ZeroShotConfig(**CONFIGS['LinearAligner']), files / 'out')
    assert report['gzsl'] is None and report['pick'] == 'last' and 'validated' not in report['zsl']
    assert report['notes'][0] == 'no validation classes: the last cycle was kept'


def test_without_logits_and_with_few_clips(files):
    write_features(files / 'features.npz', table(logits=None))
    assert 'without scores of the recogniser (logits)' in ' '.join(train(files)['notes'])
    write_features(files / 'features.npz', table(clips=3))
    assert 'fewer than 6 validation clips' in ' '.join(train(files)['notes'])


def test_gate_is_told_when_the_recogniser_knew_the_validation_classes(files):
    write_features(files / 'features.npz', table(trained_classes=(0, 2, 3, 5, 6, 7, 8, 9)))
    assert 'the gate has seen it too confident' in ' '.join(train(files)['notes'])


def test_commands_from_features_to_scores(files, capsys):
    given = [str(files / 'features.npz'), '--unseen', 'kick;jump']
    words = ['--texts', str(files / 'classes.csv')]
    out = ['--out', str(files / 'run')]
    assert main(['zeroshot', 'train', *given, *words, *out, '--config', 'zeroshot/linear_custom.py', '--cfg-options',
                 'training.cycles=2', 'training.steps_per_cycle=30']) == 0
    said = capsys.readouterr().out
    assert 'unseen: kick; jump   (chance 50.0 %)' in said and 'GZSL: H ' in said and 'cycle best on validation classes' in said
    assert main(['zeroshot', 'test', str(files / 'run/aligner.pth'), given[0]]) == 0
    assert '(8 clips)' in capsys.readouterr().out
    assert main(['zeroshot', 'test', str(files / 'run/aligner.pth'), *given[:1], '--unseen', 'kick;jump;bow', *words]) == 0
    assert 'kick; bow; jump   (chance 33.3 %)' in capsys.readouterr().out
    assert main(['zeroshot', 'files', *given, str(files / 'sk_feats/stgcn_mine_2_r')]) == 0
    assert 'stgcn_mine_val_2_r' in capsys.readouterr().out
    # and the published folders are as good as the file
    folder = str(files / 'sk_feats/stgcn_mine_2_r')
    assert main(['zeroshot', 'train', folder, *words, *out, '--config', 'zeroshot/linear_custom.py', '--cfg-options',
                 'training.cycles=2', 'training.steps_per_cycle=30']) == 0
    report = json.loads((files / 'run/zero_shot.json').read_text())
    assert report['unseen'] == ['kick', 'jump'] and report['clips']['others'] == 40 and len(report['gzsl']) == 4


def test_texts_in_the_order_of_the_data_set(files):
    shuffled = [*NAMES[3:], *NAMES[:3]]
    (files / 'classes.csv').write_text('name,text\n' + '\n'.join(f'{name.upper()},do {name}' for name in shuffled))
    found = load_embeddings([files / 'classes.csv'], TextOptions(prompts=('a person: {}', )), NAMES)
    assert found.names == NAMES and found.record['texts'][1] == ['a person: do kick']
    with pytest.raises(LanguageError, match='describes 10 classes, the features are of 9'):
        load_embeddings([files / 'classes.csv'], TextOptions(), NAMES[:9])
    with pytest.raises(LanguageError, match='one class file or several .npy'):
        load_embeddings([files / 'classes.csv'] * 2)
    np.save(files / 'lb_10.npy', np.eye(10))
    assert load_embeddings([files / 'lb_10.npy'], class_names=NAMES).vectors.shape == (10, 10)


def test_typed_words(files):
    train(files)
    classifier = ZeroShotClassifier(files / 'out/aligner.pth', ['jump', ' carry a box', 'kick'])
    assert classifier.class_names == ['jump', 'carry a box', 'kick'] and classifier.recogniser == 'stgcn_mine'
    clips = table().of_classes([1])
    scores = classifier.scores(clips.features, 'stgcn_mine')
    assert scores.shape == (12, 3) and np.allclose(scores.sum(1), 1) and (scores.argmax(1) == 2).mean() > 0.8
    assert classifier.scores(clips.features[:0]).shape == (0, 3)


def test_words_and_features_that_do_not_fit(files):
    train(files)
    aligner = files / 'out/aligner.pth'

    class Other(Letters):
        name, digest = 'others', 'b' * 64
    for classes, encoder, error, match in (
            (['kick', 'Kick'], None, LanguageError, "'kick' is given twice"),
            (['kick', ' '], None, LanguageError, 'class 2 of 2 has an empty name'),
            (['kick'], None, LanguageError, r'1 class \(kick\); at least 2'),
            (['kick', 'bow'], Other(), ZeroShotError, r'text encoder letters \(aaaaaaaaaaaa\); this one, others, has other weights'),
            (class_texts(['kick', 'bow']).prompted(['{}', 'to {}']), None, ZeroShotError, '1 concatenated texts per class, these classes have 2')):
        with pytest.raises(error, match=match):
            ZeroShotClassifier(aligner, classes, encoder)
    classifier = ZeroShotClassifier(aligner, ['kick', 'bow'])
    with pytest.raises(ZeroShotError, match=r'clip features of shape \(4, 19\); this aligner takes \(n, 20\)'):
        classifier.scores(np.ones((4, 19)))
    with pytest.raises(ZeroShotError, match='features of stgcn_mine, these are of hdgcn'):
        classifier.scores(np.ones((4, 20)), 'hdgcn')
    with pytest.raises(ZeroShotError, match='aligner.pth.* features of stgcn_mine, these are of hdgcn'):
        zero_shot.test_zero_shot(aligner, table(recogniser='hdgcn'))
    narrow = embed_classes(Letters(), class_texts(NAMES))
    narrow = type(narrow)(narrow.names, narrow.vectors[:, :25])
    with pytest.raises(ZeroShotError, match=r'class embeddings of shape \(2, 25\)'):
        zero_shot.test_zero_shot(aligner, table(), embeddings=narrow)
    with pytest.raises(ZeroShotError, match='no clip of the unseen classes kick, jump'):
        zero_shot.test_zero_shot(aligner, table().of_classes([0]))


def test_files_that_do_not_belong_together(files):
    whole = table()
    write_features(files / 'a.npz', table(split=None))
    write_features(files / 'b.npz', whole.of_split('test'))
    with pytest.raises(FeatureError, match='does not say which clips are for training'):
        tables_of(files / 'a.npz')
    with pytest.raises(FeatureError, match="40 clips are in .*a.npz.* and in .*b.npz', e.g. clip002"):
        tables_of(files / 'a.npz', files / 'b.npz')
    write_features(files / 'c.npz', table(recogniser='hdgcn'))
    with pytest.raises(FeatureError, match='is of stgcn_mine, .*c.npz.* of hdgcn'):
        tables_of(files / 'a.npz', files / 'c.npz')
    write_features(files / 'd.npz', table(dim=9, recogniser=''))
    with pytest.raises(FeatureError, match='are 20 wide, those of .*d.npz.* 9'):
        tables_of(files / 'a.npz', files / 'd.npz')
    with pytest.raises(FeatureError, match='which classes are unseen'):
        load_sets(files / 'features.npz', NAMES)
    data, _ = load_sets(files / 'features.npz', NAMES, 'kick')
    few = embed_classes(Letters(), class_texts(NAMES[:9]))
    with pytest.raises(ZeroShotError, match='a clip has label 9, but there are texts of 9 classes'):
        train_zero_shot(data, few, ZeroShotConfig(**CONFIGS['LinearAligner']), files / 'out')
    assert not (files / 'out').exists()


def test_configs_are_read_and_wrong_ones_refused(files):
    names = sorted(path.relative_to(packaged_configs()) for path in packaged_configs().glob('zeroshot/sadvae_*_*.py'))
    assert len(names) == 7
    for name in names:
        config = load_zero_shot_config(str(name))
        assert config.model['type'] == 'SADVAE' and config.training['cycles'] == 10 and config.seed == 5
    assert load_zero_shot_config('zeroshot/sadvae_ntu120_synse.py').gate == dict(temperatures=[2], thresholds=[0.5])
    assert load_zero_shot_config(options={'training.lr': 1., 'seed': 7}).training['lr'] == 1.
    with pytest.raises(ZeroShotError, match='stgcn_nwucla.py.* is not a config of zero-shot recognition'):
        load_zero_shot_config('stgcn/stgcn_nwucla.py')
    for changes, match in ((dict(pick='best'), "not 'best'"), (dict(gate=dict(seed=1)), 'not seed')):
        with pytest.raises(ZeroShotError, match=match):
            ZeroShotConfig(model={}, **changes)
    with pytest.raises(ZeroShotError, match="training of LinearAligner: .*'epochs'"):
        train(files, training=dict(epochs=3))
    with pytest.raises(ZeroShotError, match="'SkeletonSTGCN' is not an aligner"):
        train(files, model=dict(type='SkeletonSTGCN'))
