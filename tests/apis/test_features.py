"""``mmskel features`` and ``extract_features``: pooled features by clip id, in a file that runs nothing."""
from dataclasses import replace

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate

from mmskel import cli
from mmskel.apis import SkeletonInferencer
from mmskel.apis.features import extract_features
from mmskel.commands.command import key_values
from mmskel.configuration import ConfigError, load_config
from mmskel.data.annotation_file import AnnotationError, load_annotation_file, save_annotation_file
from mmskel.evaluation.features import FeatureError, load_features


@pytest.fixture(scope='module')
def place(motions, small, tmp_path_factory):
    """Config, checkpoint and data of a small network that was never trained."""
    from mmaction.registry import MODELS
    from mmengine.registry import DefaultScope
    folder = tmp_path_factory.mktemp('features')
    cfg = load_config('stgcn/stgcn_synthetic.py', data=str(motions), cfg_options=key_values('--cfg-options', small))
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmaction'):
        torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict()), folder / 'a.pth')
    cfg.dump(folder / 'a.py')
    return folder / 'a.py', folder / 'a.pth', motions


def test_features_are_what_the_classifier_takes(place, tmp_path):
    config, checkpoint, data = place
    file = load_annotation_file(data)
    found = extract_features(config, checkpoint, tmp_path / 'f.npz', device='cpu', progress=False)
    assert found.ids == [item['frame_dir'] for item in file.annotations]
    assert found.features.shape == (60, 32) and found.features.dtype == np.float32 and np.ptp(found.features, 0).max() > 0
    assert found.labels.tolist() == [item['label'] for item in file.annotations]
    inferencer = SkeletonInferencer(config, checkpoint, 'cpu')
    for row in (0, 37):
        clip = next(one for one in file.clips() if one.id == found.ids[row])
        pooled = torch.from_numpy(found.features[[row]])
        with torch.no_grad():
            scores = inferencer.model.cls_head.fc(pooled).softmax(1)[0]
        np.testing.assert_allclose(torch.from_numpy(found.logits[row]).softmax(0), scores, atol=1e-5)
        np.testing.assert_allclose(inferencer.predict(clip).tracks[0].scores[0], scores, atol=1e-5)
        assert len(inferencer.forward(pseudo_collate([inferencer.pipeline(clip)]))) == 1


def test_the_file_says_everything_and_needs_no_pickle(place, tmp_path, capsys):
    config, checkpoint, data = map(str, place)
    out = tmp_path / 'new' / 'f.npz'
    assert cli.main(['features', config, checkpoint, '--data', data, '--out', str(out), '--stream', 'bone', '--device',
                     'cpu']) == 0
    assert '60 clips, 32 features each' in capsys.readouterr().out
    with np.load(out, allow_pickle=False) as file:
        assert {key: file[key].dtype.kind for key in file.files} == dict(
            ids='U', features='f', labels='i', class_names='U', split_names='U', splits='b', meta='U', logits='f')
    found, file = load_features(out), load_annotation_file(data)
    assert found.class_names == file.class_names and set(found.splits) == set(file.split)
    assert {name: set(ids) for name, ids in found.splits.items()} == {name: set(ids) for name, ids in file.split.items()}
    assert found.meta['model'] == 'SkeletonSTGCN' and found.meta['stream'] == 'bone' and found.meta['data'] == 'motions.pkl'
    assert (found.meta['config'], found.meta['checkpoint'], found.meta['layout']) == ('a.py', 'a.pth', 'kinect20')
    part = found.of('test')
    assert part.ids == [one for one in found.ids if one in set(file.split['test'])]
    np.testing.assert_array_equal(part.logits[0], found.logits[found.ids.index(part.ids[0])])
    np.testing.assert_array_equal(part.features, found.features[[found.ids.index(one) for one in part.ids]])
    with pytest.raises(FeatureError, match="no split 'xsub'; known: .*train"):
        found.of('xsub')


def test_splits_protocols_and_clips_of_unknown_classes(place, tmp_path):
    config, checkpoint, data = place
    clips = list(load_annotation_file(data).clips())[:4]
    clips[0] = replace(clips[0], label=None)
    clips[1] = replace(clips[1], label=77)  # of a class that the network never saw
    ids = [clip.id for clip in clips]
    save_annotation_file(tmp_path / 'a.pkl', clips, {'xsub_train': ids[:2], 'xsub_test': ids[2:3], 'other': ids[3:]}, {})
    kept = dict(data=tmp_path / 'a.pkl', device='cpu', progress=False)
    assert extract_features(config, checkpoint, **kept).labels[:2].tolist() == [-1, 77]
    assert extract_features(config, checkpoint, split='xsub', **kept).ids == ids[:3]
    only = extract_features(config, checkpoint, split='xsub_test', **kept)
    assert only.ids == ids[2:3] and only.splits == {'xsub_test': ids[2:3]}


def test_clips_with_and_without_scores_in_one_batch(place, tmp_path):
    config, checkpoint, data = place
    clips = list(load_annotation_file(data).clips())[:3]
    clips[1] = replace(clips[1], score=np.maximum(clips[1].score, .5))
    clips[2] = replace(clips[2], score=np.ones_like(clips[2].score))
    save_annotation_file(tmp_path / 'a.pkl', clips, {}, {})
    found = extract_features(config, checkpoint, data=tmp_path / 'a.pkl', device='cpu', progress=False)
    assert len(found.ids) == 3 and not found.splits


def test_mistakes(place, tmp_path, capsys):
    config, checkpoint, data = place
    with pytest.raises(AnnotationError, match="no split 'xset'; it has: test, train"):
        extract_features(config, checkpoint, split='xset', device='cpu')
    with pytest.raises(FeatureError, match=r"f.pkl': features are written as .npz"):
        extract_features(config, checkpoint, tmp_path / 'f.pkl')
    with pytest.raises(ConfigError, match='loaded already'):
        extract_features(load_config(str(config)), checkpoint, data=data)
    assert cli.main(['features', str(config), str(tmp_path / 'no.pth'), '--out', str(tmp_path / 'f.npz')]) == 1
    assert 'no.pth' in capsys.readouterr().err and not list(tmp_path.iterdir())
    np.savez(tmp_path / 'other.npz', a=np.ones(2))
    np.savez(tmp_path / 'code.npz', **dict.fromkeys(
        ('ids', 'features', 'labels', 'split_names', 'splits', 'class_names', 'meta'), np.array([object()])))
    (tmp_path / 'text.npz').write_text('hello')
    for name, said in (('other.npz', 'ids, features, labels, .* missing'), ('code.npz', 'not a plain array .nothing in it was run.'),
                       ('text.npz', 'that can be read'), ('gone.npz', 'there is no file')):
        with pytest.raises(FeatureError, match=f"{name}' holds no features.*{said}"):
            load_features(tmp_path / name)
