"""Gate-Shift-Pose from videos to labels: early and late fusion, images alone, class weights, prediction, heatmaps drawn."""
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from acted import CLASSES, acted_file
from mmengine.config import Config

from mmskel import cli
from mmskel.apis import SkeletonInferencer
from mmskel.apis.training import test as run_test
from mmskel.configuration import ConfigError, load_config
from mmskel.data.annotation_file import load_annotation_file
from mmskel.evaluation.results import load_results

EARLY, LATE = 'custom/gsp_custom_small.py', 'custom/gsp_late_custom_small.py'
IN_PROCESS = [f'{part}_dataloader.{key}' for part in ('train', 'val', 'test')
              for key in ('num_workers=0', 'persistent_workers=False')]


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    return acted_file(tmp_path_factory.mktemp('gsp'), train=12, test=4, named=False)


def train(data, work_dir, config, *more, options=()):
    return cli.main(['train', config, '--data', str(data), '--videos', str(data.parent / 'videos'), '--work-dir',
                     str(work_dir), '--epochs', '2', '--seed', '0', *more, '--cfg-options', *IN_PROCESS,
                     'train_dataloader.batch_size=4', 'train_dataloader.dataset.repeat=2', 'clip_len=4', 'default_hooks.logger.interval=1',
                     *options])


def losses(run):
    lines = [json.loads(line) for path in run.glob('**/vis_data/scalars.json') for line in path.read_text().splitlines()]
    return [line['loss'] for line in lines if 'loss' in line]


@pytest.fixture(scope='module')
def trained(data):
    run = data.parent / 'early'
    assert train(data, run, EARLY, options=['class_weights=balanced']) == 0
    return run


def test_the_loss_falls_and_results_are_written(trained):
    found = losses(trained)
    assert len(found) == 12 and found[-1] < found[0]
    results = load_results(trained / 'results.json')
    assert results.scores.shape == (4, 2)
    cfg = Config.fromfile(trained / 'gsp_custom_small.py')
    assert cfg.model.cls_head.loss_cls.class_weight == [1., 1.] == cfg.class_weights  # six clips each
    assert cfg.model.backbone.in_channels == 4


@pytest.mark.parametrize('config, more', [(LATE, ()), (EARLY, ('--stream', 'rgb'))])
def test_late_fusion_and_images_alone(data, tmp_path, config, more):
    assert train(data, tmp_path / 'run', config, *more) == 0
    found = losses(tmp_path / 'run')
    assert found[-1] < found[0] and load_results(tmp_path / 'run' / 'results.json').scores.shape == (4, 2)


def test_the_inferencer_has_the_numbers_of_a_test(trained, data, tmp_path):
    cfg = Config.fromfile(trained / 'gsp_custom_small.py')
    cfg.work_dir = str(tmp_path)
    results = run_test(cfg, trained / 'epoch_2.pth', out=tmp_path)
    inferencer = SkeletonInferencer(trained / 'gsp_custom_small.py', trained / 'epoch_2.pth', 'cpu')
    assert inferencer.needs_video and inferencer.class_names == tuple(CLASSES)
    clips = {clip.id: clip for clip in load_annotation_file(data).clips()}
    for name, expected in zip(results.ids, results.scores):
        found = inferencer.predict(clips[name], video=data.parent / 'videos' / f'{name}.mp4')
        np.testing.assert_allclose(found.tracks[0].scores[0], expected, atol=1e-5)


def test_of_several_persons_the_largest_or_each(trained, data):
    inferencer = SkeletonInferencer(trained / 'gsp_custom_small.py', trained / 'epoch_2.pth', 'cpu')
    clip = next(load_annotation_file(data).clips())
    video = data.parent / 'videos' / f'{clip.id}.mp4'
    small = clip.keypoint[0] * .3 + 60
    both = replace(clip, keypoint=np.stack([small, clip.keypoint[0]]), score=np.repeat(clip.score, 2, 0))
    alone = inferencer.predict(clip, video=video).tracks[0].scores
    np.testing.assert_allclose(inferencer.predict(both, video=video).tracks[0].scores, alone, atol=1e-5)
    each = inferencer.predict(both, video=video, per_person=True)
    assert len(each.tracks) == 2
    np.testing.assert_allclose(each.tracks[1].scores, alone, atol=1e-5)
    assert np.abs(each.tracks[0].scores - alone).max() > 1e-3


def test_class_weights(data):
    def weights(config=EARLY, **options):
        return load_config(config, data=str(data), cfg_options=options).model.cls_head.loss_cls.class_weight

    assert weights(class_weights=[0.662, 0.338]) == [0.662, 0.338]
    assert weights('custom/stgcn_custom_small.py', class_weights='balanced') == [1., 1.]
    assert weights('custom/rgbpose_custom_small.py', class_weights=[1, 3]) == [1., 3.]
    for wrong in ([1.], [1., -1.], 'even', [1., 2., 3.], 3):
        with pytest.raises(ConfigError, match=re.escape(f"class_weights={wrong!r}: expected 'balanced' or 2 positive")):
            weights(class_weights=wrong)


def test_uneven_classes_are_balanced(tmp_path):
    from mmskel.data.annotation_file import save_annotation_file
    data = acted_file(tmp_path, train=8, test=2)
    file = load_annotation_file(data)
    split = {name: list(ids) for name, ids in file.split.items()}
    split['train'] = [one for one in split['train'] if one not in ('clip01', 'clip03')]
    save_annotation_file(tmp_path / 'uneven.pkl', list(file.clips()), split, file.meta)
    found = load_config(EARLY, data=str(tmp_path / 'uneven.pkl'), cfg_options=dict(class_weights='balanced')).class_weights
    np.testing.assert_allclose(found, [6 / 8, 6 / 4])
    split['train'] = ['clip00', 'clip02']
    save_annotation_file(tmp_path / 'one.pkl', list(file.clips()), split, file.meta)
    with pytest.raises(ConfigError, match="class_weights='balanced': .*one.pkl' has no training clip of class 1"):
        load_config(EARLY, data=str(tmp_path / 'one.pkl'), cfg_options=dict(class_weights='balanced'))
