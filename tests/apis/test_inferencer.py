"""``SkeletonInferencer`` and ``mmskel predict`` on skeletons: the numbers of a test, whatever form they come in."""
import json
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from mmaction.apis import inference_skeleton, init_recognizer
from mmengine.config import Config

from mmskel import cli
from mmskel.apis import SkeletonInferencer
from mmskel.apis.clip_source import ClipSource
from mmskel.apis.inferencer import OutputOptions
from mmskel.apis.predict import predict
from mmskel.apis.recogniser_options import RecogniserOptions
from mmskel.apis.training import test as run_test
from mmskel.checkpoints import CheckpointError
from mmskel.configuration import ConfigError, load_config
from mmskel.data.annotation_file import load_annotation_file, save_annotation_file
from mmskel.models.recognizers import FeatureScorer
from mmskel.skeleton import Clip, ClipError, LayoutError
from mmskel.video.sources import VideoError


@pytest.fixture(scope='module')
def trained(motions, small, tmp_path_factory):
    """(config, checkpoint, annotation file): a small ST-GCN after twelve epochs."""
    folder = tmp_path_factory.mktemp('trained')
    assert cli.main(['train', 'stgcn/stgcn_synthetic.py', '--data', str(motions), '--work-dir', str(folder), '--epochs',
                     '12', '--seed', '0', '--no-test', '--cfg-options', *small]) == 0
    return folder / 'stgcn_synthetic.py', folder / 'epoch_12.pth', motions


@pytest.fixture(scope='module')
def inferencer(trained):
    return SkeletonInferencer(*trained[:2], 'cpu')


@pytest.fixture(scope='module')
def clips(trained):
    return list(load_annotation_file(trained[2]).clips())


def scores(prediction, track=0):
    return {one['label']: one['score'] for one in prediction['tracks'][track]['top']}


def test_the_numbers_are_those_of_a_test(trained, inferencer, tmp_path):
    cfg = load_config(str(trained[0]), work_dir=str(tmp_path))
    results = run_test(cfg, trained[1], out=tmp_path)
    found = inferencer(str(trained[2]), return_datasamples=True, batch_size=3)['predictions']
    by_id = {one.id: one.tracks[0].mean_score() for one in found}
    assert len(by_id) == 60 and np.ptp(list(by_id.values()), 0).max() > .05
    assert found[0].class_names == tuple(results.class_names)
    for name, expected in zip(results.ids, results.scores):
        assert np.abs(by_id[name] - expected).max() < 1e-5


def test_the_config_of_a_training_needs_no_data(trained, tmp_path):
    cfg = Config.fromfile(trained[0])
    assert cfg.fit_to_data is False and cfg.model.cls_head.num_classes == 10
    with pytest.raises(ConfigError, match='in the work dir'):
        SkeletonInferencer('custom/stgcn_custom.py', trained[1], 'cpu')


def test_any_form_of_a_clip(inferencer, clips, trained):
    expected = scores(inferencer(clips[0])['predictions'][0])
    forms = [clips[0].to_annotation(), [clips[0]], [clips[0].to_annotation(), clips[1]]]
    for form in forms:
        assert scores(inferencer(form)['predictions'][0]) == pytest.approx(expected, abs=1e-6)
    assert len(inferencer(forms[2])['predictions']) == 2
    with pytest.raises(ClipError, match='float64 was given; expected a path'):
        inferencer(np.zeros((4, 8, 8, 3)))


def test_windows_and_persons_are_clips_of_their_own(inferencer, clips):
    a, b = clips[0], clips[5]
    T = min(a.num_frames, b.num_frames)
    both = replace(a, keypoint=np.concatenate([a.keypoint[:1, :T], b.keypoint[:1, :T]]),
                   score=np.concatenate([a.score[:1, :T], b.score[:1, :T]]), fps=10.)
    both.score[1, :5] = 0  # comes later
    both.keypoint[1, :5] = 0
    one = inferencer.predict(both, per_person=True)
    assert [t.person for t in one.tracks] == [0, 1] and one.tracks[1].windows.tolist() == [[5, T]]
    for person, start in ((0, 0), (1, 5)):
        alone = replace(both, keypoint=both.keypoint[[person], start:], score=both.score[[person], start:])
        expected = inferencer.predict(alone).tracks[0].scores
        assert np.allclose(one.tracks[person].scores, expected, atol=1e-6)
    first = replace(a, fps=10.)
    sliding = inferencer.predict(first, window=.8, stride=.4)
    for (start, stop), got in zip(sliding.tracks[0].windows, sliding.tracks[0].scores):
        cut = replace(first, keypoint=first.keypoint[:, start:stop], score=first.score[:, start:stop])
        assert np.allclose(inferencer.predict(cut).tracks[0].scores[0], got, atol=1e-6)
    nobody = inferencer.predict(replace(first, keypoint=first.keypoint[:0], score=first.score[:0]), per_person=True)
    assert nobody.tracks == ()


def test_windows_of_one_clip_agree_on_scores(inferencer, clips):
    """A window in which every joint is sure is in one batch with windows in which some are not."""
    score = np.ones_like(clips[0].score)
    score[:, -4:] = .5
    clip = replace(clips[0], score=score, fps=10.)
    assert len(inferencer.predict(clip, window=.8, stride=.4).tracks[0].windows) > 2


def test_skeletons_that_do_not_fit(inferencer, clips):
    hand = Clip('hand', np.ones((1, 4, 21, 3), np.float32), layout='hand21')
    with pytest.raises(LayoutError, match="clip 'hand': the recogniser takes skeletons of layout"):
        inferencer(hand)
    flat = Clip('flat', clips[0].keypoint[..., :2], layout=clips[0].layout)
    with pytest.raises(ClipError, match="clip 'flat' has 2 coordinates per joint, but the recogniser was made for 3"):
        inferencer(flat)


def test_mistakes_are_named(trained, tmp_path):
    with pytest.raises(ConfigError, match='2 class names were given, but the recogniser has 10'):
        SkeletonInferencer(*trained[:2], 'cpu', class_names=['a', 'b'])
    with pytest.raises(CheckpointError, match='there is no checkpoint'):
        SkeletonInferencer(trained[0], tmp_path / 'no.pth', 'cpu')
    torch.save(dict(state_dict={'a': torch.ones(1)}), tmp_path / 'other.pth')
    with pytest.raises(CheckpointError, match='checkpoint of another model'):
        SkeletonInferencer(trained[0], tmp_path / 'other.pth', 'cpu')


def mmaction_poses(clip):
    return [dict(keypoints=clip.keypoint[:, t], keypoint_scores=clip.score[:, t]) for t in range(clip.num_frames)]


def flat_clip(frames=20, persons=2):
    rng = np.random.default_rng(0)
    start = rng.uniform(50, 200, (persons, 1, 17, 2))
    keypoint = start + np.cumsum(rng.normal(0, 4, (persons, frames, 17, 2)), 1)
    # MMAction2's inference keeps half precision
    keypoint = keypoint.astype(np.float16).astype(np.float32)
    return Clip('flat', keypoint, np.full(keypoint.shape[:-1], .5, np.float32), 'coco17', image_size=(240, 320), fps=25.)


def test_a_stock_mmaction2_recogniser(tmp_path):
    from mmaction.utils import register_all_modules
    from mmengine.utils import get_installed_path
    register_all_modules()
    stock = Path(get_installed_path('mmaction')) / '.mim/configs/skeleton/stgcn'
    cfg = Config.fromfile(stock / 'stgcn_8xb16-joint-u100-80e_ntu60-xsub-keypoint-2d.py')
    ours = SkeletonInferencer(cfg, None, 'cpu')
    assert ours.layout == 'coco17' and len(ours.class_names) == 60
    clip = flat_clip()
    expected = inference_skeleton(ours.model, mmaction_poses(clip), clip.image_size).pred_score
    got = ours(clip, return_datasamples=True)['predictions'][0].tracks[0].scores[0]
    assert torch.allclose(torch.as_tensor(got), expected, atol=1e-5)


def test_our_recogniser_in_mmaction2s_workflow(tmp_path):

    clip = flat_clip()
    clip.label = 0
    other = Clip('other', clip.keypoint[:, ::-1], clip.score, 'coco17', image_size=(240, 320), label=1)
    save_annotation_file(tmp_path / 'a.pkl', [clip, other], {'train': ['flat'], 'test': ['other']},
                         dict(layout='coco17', class_names=['to', 'fro']))
    cfg = load_config('custom/stgcn_custom.py', data=str(tmp_path / 'a.pkl'))
    torch.manual_seed(0)
    model = init_recognizer(cfg, device='cpu')
    expected = inference_skeleton(model, mmaction_poses(clip), clip.image_size).pred_score
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'a.pth')
    got = SkeletonInferencer(cfg, tmp_path / 'a.pth', 'cpu')(clip, return_datasamples=True)['predictions'][0]
    assert got.class_names == ('class 0', 'class 1')
    assert torch.allclose(torch.as_tensor(got.tracks[0].scores[0]), expected, atol=1e-5)


def test_predict_from_the_command_line(trained, clips, tmp_path, capsys):
    config, checkpoint = map(str, trained[:2])
    data = str(tmp_path / 'three.pkl')
    save_annotation_file(data, clips[:3], {}, dict(layout=clips[0].layout))
    out, table = tmp_path / 'shown', tmp_path / 'a.json'
    assert cli.main(['predict', data, '--config', config, '--checkpoint', checkpoint, '--device', 'cpu', '--out',
                     str(out), '--save', str(table), '--window', '500ms', '--stride', '.25s']) == 0
    read = json.loads(table.read_text())
    printed = capsys.readouterr().out
    assert len(read) == 3 and len(list(out.glob('*.mp4'))) == 3
    for one in read:
        assert one['id'] in printed and one['tracks'][0]['label'] in printed
        with av.open(str(out / f'{one["id"]}.mp4')) as film:
            assert sum(1 for _ in film.decode(video=0)) == one['num_frames']
    assert cli.main(['predict', data, '--config', config, '--checkpoint', checkpoint, '--out', 'a.mp4']) == 1
    assert 'several clips; give a folder' in capsys.readouterr().err


def by_length(features, class_names):
    """Stands in for a zero-shot model: the longer a name, the likelier; and only names and features count."""
    assert features.shape[1] == 32 and features.dtype == torch.float32
    return torch.tensor([float(len(name)) for name in class_names]).softmax(0).expand(len(features), -1)


def test_classes_that_come_with_the_call(trained, clips, tmp_path):
    open_one = SkeletonInferencer(*trained[:2], 'cpu', scorer=FeatureScorer(by_length))
    found = open_one(clips[:2], classes=['wave', ' jump high'], output=OutputOptions(tmp_path / 'films', tmp_path / 'a.json'))
    assert [one['tracks'][0]['label'] for one in found['predictions']] == ['jump high'] * 2
    assert open_one(clips[0], classes=['a', 'b', 'cc'], return_datasamples=True)['predictions'][0].class_names == ('a', 'b', 'cc')
    assert len(found['visualization']) == 2 and (tmp_path / 'a.json').is_file()
    with pytest.raises(ConfigError, match='the vocabulary is open, and no classes were named'):
        open_one(clips[0])
    for wrong in ([], ['a', 'a'], ['a', ' ']):
        with pytest.raises(ConfigError, match='expected at least one name, none empty and none twice'):
            open_one(clips[0], classes=wrong)
    usual = SkeletonInferencer(*trained[:2], 'cpu', scorer=FeatureScorer(by_length), class_names=['x', 'yy'])
    assert usual(clips[0])['predictions'][0]['tracks'][0]['label'] == 'yy'
    predictions, failed = predict(trained[2], RecogniserOptions(*trained[:2], 'cpu', scorer=FeatureScorer(by_length),
                                                                classes=('wave', 'kicks')), ClipSource())
    assert len(predictions) == 60 and not failed and {one.best(one.tracks[0])[0] for one in predictions} == {'kicks'}


def test_fixed_classes_stay(inferencer, clips):
    with pytest.raises(ConfigError, match='those of the recogniser are fixed: 10, e.g.'):
        inferencer(clips[0], classes=['wave'])
    with pytest.raises(ConfigError, match='pose and source were both given'):
        SkeletonInferencer(inferencer.cfg, pose=object(), source=ClipSource())


def test_a_scorer_that_gives_something_else(trained, clips):
    wrong = SkeletonInferencer(*trained[:2], 'cpu', scorer=FeatureScorer(lambda features, names: features))
    with pytest.raises(ValueError, match=r'FeatureScorer gave scores \(1, 32\) of 1 clips and 2 classes'):
        wrong(clips[0], classes=['a', 'b'])


def test_clips_come_one_by_one(inferencer, clips, monkeypatch):
    seen = []
    monkeypatch.setattr(inferencer, 'forward', lambda batch, classes: seen.append(batch) or np.full((1, 10), .1))
    stream = inferencer.stream(clips[:3])
    for number, clip in enumerate(clips[:3], 1):
        found, prediction = next(stream)
        assert prediction.id == found.clip.id == clip.id and len(seen) == number
    assert next(stream, None) is None


@pytest.mark.parametrize('name', ['clip.json', 'clip.npz', 'a.skeleton'])
def test_what_is_no_source_is_refused_before_a_model_is_loaded(tmp_path, name, monkeypatch):
    (tmp_path / name).write_bytes(b'{"keypoint": []}')
    monkeypatch.setattr(SkeletonInferencer, '__init__', lambda *_, **__: pytest.fail('a model was loaded'))
    with pytest.raises(VideoError, match=f"{name}'.*Accepted: a video file"):
        predict(tmp_path / name, RecogniserOptions('no.py', 'no.pth'), ClipSource())
