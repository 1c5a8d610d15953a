"""RGBPose-Conv3D from videos to labels: training, test of every head, prediction."""
import json

import numpy as np
import pytest
import torch
from acted import CLASSES, acted_file
from mmengine.config import Config
from narrow import narrow
from pose_models import DETECTOR, TINYPOSE

from mmskel import cli
from mmskel.apis import SkeletonInferencer
from mmskel.apis.training import test as run_test
from mmskel.apis.training import train
from mmskel.configuration import load_config
from mmskel.data.annotation_file import load_annotation_file, save_annotation_file
from mmskel.evaluation.results import load_results
from mmskel.video.sources import VideoError

CONFIG = 'custom/rgbpose_custom_small.py'
IN_PROCESS = ['--cfg-options', *(f'{part}_dataloader.{key}' for part in ('train', 'val', 'test')
                                 for key in ('num_workers=0', 'persistent_workers=False'))]


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """(work dir, annotation file): two epochs of the small network on sixteen clips of two motions."""
    folder = tmp_path_factory.mktemp('rgbpose')
    data = acted_file(folder, train=16, test=6, named=False)
    assert cli.main(['train', CONFIG, '--data', str(data), '--videos', str(folder / 'videos'), '--work-dir',
                     str(folder / 'run'), '--epochs', '2', '--seed', '0', *IN_PROCESS, 'train_dataloader.batch_size=4',
                     'train_dataloader.dataset.repeat=2', 'default_hooks.logger.interval=1']) == 0
    return folder / 'run', data


def losses(run, key):
    lines = [json.loads(line) for path in run.glob('**/vis_data/scalars.json') for line in path.read_text().splitlines()]
    return [line[key] for line in lines if key in line]


def test_both_losses_fall(trained):
    for key in ('rgb_loss_cls', 'pose_loss_cls', 'loss'):
        found = losses(trained[0], key)
        # the log averages over the steps so far
        assert len(found) == 16 and found[-1] < found[0], (key, found)


def test_results_tell_every_head(trained):
    run, _ = trained
    fused, rgb, pose = (load_results(run / f'results{name}.json') for name in ('', '_rgb', '_pose'))
    assert fused.ids == rgb.ids == pose.ids and len(fused.ids) == 6
    np.testing.assert_allclose(fused.scores, (rgb.scores + pose.scores) / 2, atol=1e-6)
    assert set(fused.meta['heads']) == {'rgb', 'pose'} and rgb.meta['head'] == 'rgb'
    assert fused.meta['heads']['rgb'] == rgb.summary()['top1']
    logged = [json.loads(line) for path in run.glob('**/vis_data/scalars.json') for line in path.read_text().splitlines()]
    assert any({'acc/top1', 'acc/rgb/top1', 'acc/pose/top1'} <= set(line) for line in logged)


def test_heads_are_fused_by_other_weights(trained, tmp_path):
    run, _ = trained
    assert cli.main(['fuse', str(run / 'results_rgb.json'), str(run / 'results_pose.json'), '--weights', '2', '1', '--out',
                     str(tmp_path)]) == 0
    rgb, pose, fused = (load_results(f) for f in (run / 'results_rgb.json', run / 'results_pose.json', tmp_path / 'results.json'))
    np.testing.assert_allclose(fused.scores, (2 * rgb.scores + pose.scores) / 3, atol=1e-5)


@pytest.fixture(scope='module')
def inferencer(trained):
    return SkeletonInferencer(trained[0] / 'rgbpose_custom_small.py', trained[0] / 'epoch_2.pth', 'cpu')


def test_the_inferencer_has_the_numbers_of_a_test(trained, inferencer, tmp_path):
    run, data = trained
    cfg = Config.fromfile(run / 'rgbpose_custom_small.py')
    cfg.work_dir = str(tmp_path)
    results = run_test(cfg, run / 'epoch_2.pth', out=tmp_path)
    clips = {clip.id: clip for clip in load_annotation_file(data).clips()}
    assert inferencer.needs_video and inferencer.class_names == tuple(CLASSES)
    for name, expected in zip(results.ids, results.scores):
        found = inferencer.predict(clips[name], video=data.parent / 'videos' / f'{name}.mp4')
        np.testing.assert_allclose(found.tracks[0].scores[0], expected, atol=1e-5)
    with pytest.raises(VideoError, match="clip 'clip00' came without its video"):
        inferencer.predict(clips['clip00'])
    with pytest.raises(VideoError, match='a camera or stream passes once'):
        inferencer.predict(clips['clip00'], video='rtsp://camera/stream')


def test_a_window_shows_its_own_pictures(trained, inferencer):
    """Frames 8 to 23 as a window are those of a video that begins there."""
    from dataclasses import replace

    from mmskel.video.reading import open_video
    clip = next(load_annotation_file(trained[1]).clips())
    path = trained[1].parent / 'videos' / f'{clip.id}.mp4'
    with open_video(path) as video:
        frames = [frame.image for frame in video]
    windows = inferencer.predict(clip, window=16 / 25, stride=8 / 25, video=path)
    assert windows.tracks[0].windows.tolist() == [[0, 16], [8, 24]]
    alone = replace(clip, keypoint=clip.keypoint[:, 8:], score=clip.score[:, 8:])
    np.testing.assert_allclose(inferencer.predict(alone, video=frames[8:]).tracks[0].scores[0],
                               windows.tracks[0].scores[1], atol=1e-6)


def test_predict_on_an_annotation_file_that_names_its_videos(trained, tmp_path, capsys):
    run, _ = trained
    data = acted_file(tmp_path, train=2, test=0)
    assert cli.main(['predict', str(data), '--config', str(run / 'rgbpose_custom_small.py'), '--checkpoint',
                     str(run / 'epoch_2.pth'), '--device', 'cpu', '--save', str(tmp_path / 'a.json')]) == 0
    assert [one['id'] for one in json.loads((tmp_path / 'a.json').read_text())] == ['clip00', 'clip01']


def test_predict_on_a_video(trained, shared, tmp_path, capsys):
    """Skeletons by the two small real models, images of the same file."""
    import cv2

    from mmskel.video.reading import open_video
    from mmskel.video.writing import video_writer
    with open_video(shared / 'videos/demo_skeleton.mp4') as video, video_writer(tmp_path / 'two.mp4', 25) as write:
        for frame, _ in zip(video, range(12)):
            write(cv2.resize(frame.image, (480, 270)))
    (tmp_path / 'tinypose.py').write_text(TINYPOSE)
    run, weights = trained[0], shared / 'weights'
    assert cli.main([
        'predict', str(tmp_path / 'two.mp4'), '--config', str(run / 'rgbpose_custom_small.py'), '--checkpoint',
        str(run / 'epoch_2.pth'), '--det-config', DETECTOR, '--det-weights', str(weights / 'rtmdet_nano_person_320.pth'),
        '--pose-config', str(tmp_path / 'tinypose.py'), '--pose-weights', str(weights / 'pp_tinypose_256x192.pth'),
        '--device', 'cpu', '--det-every', '3', '--save', str(tmp_path / 'a.json'), '--out', str(tmp_path / 'shown.mp4')]) == 0
    found = json.loads((tmp_path / 'a.json').read_text())[0]
    assert found['num_frames'] == 12 and found['tracks'][0]['label'] in CLASSES
    assert sum(one['score'] for one in found['tracks'][0]['top']) == pytest.approx(1, abs=1e-3)
    assert (tmp_path / 'shown.mp4').stat().st_size > 1000


def test_videos_that_are_not_there(trained, tmp_path, capsys):
    args = ['train', CONFIG, '--data', str(trained[1]), '--work-dir', str(tmp_path), '--epochs', '1', *IN_PROCESS]
    assert cli.main(args) == 1
    assert "its video was not found" in capsys.readouterr().err
    assert cli.main([*args[:-7], '--videos', str(tmp_path / 'no'), *args[-7:]]) == 1
    assert 'there is no such folder' in capsys.readouterr().err
    assert cli.main(['train', 'custom/stgcn_custom_small.py', '--data', str(trained[1]), '--videos', str(tmp_path)]) == 1
    assert 'uses skeletons only' in capsys.readouterr().err


def test_another_skeleton(tmp_path):
    """Channels of the pose pathway and sides of the mirror come from the file."""
    from mmaction.registry import DATASETS, MODELS
    from mmengine.dataset import pseudo_collate
    from mmengine.registry import init_default_scope
    init_default_scope('mmaction')
    file = load_annotation_file(acted_file(tmp_path, train=2, test=1))
    clips = [clip.to_layout('openpose18', 'zero') for clip in file.clips()]
    save_annotation_file(tmp_path / 'open.pkl', clips, file.split, dict(layout='openpose18', class_names=CLASSES))
    cfg = load_config(CONFIG, data=str(tmp_path / 'open.pkl'))
    assert cfg.model.backbone.pose_pathway.in_channels == 18
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    assert dataset.pipeline.transforms[5].layout == 'openpose18'
    model = MODELS.build(cfg.model)
    losses = model(**model.data_preprocessor(pseudo_collate([dataset[0], dataset[1]]), True), mode='loss')
    assert np.isfinite(float(losses['rgb_loss_cls'] + losses['pose_loss_cls']))


def test_the_published_sequence(tmp_path):
    """Images alone, skeletons alone, then both from the two: the three configs, narrow and on six clips."""
    data = acted_file(tmp_path, train=4, test=2, named=False)

    def run(name, width, start=None):
        videos = None if 'poseonly' in name else str(tmp_path / 'videos')
        cfg = load_config(name, data=str(data), videos=videos, epochs=1, work_dir=str(tmp_path / name.replace('/', '_')))
        narrow(cfg, width)
        cfg.model.cls_head.num_classes, cfg.load_from = 2, start
        for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
            loader.update(batch_size=2, num_workers=0, persistent_workers=False)
            loader.dataset.update(split='', num_classes=2)
            for transform in loader.dataset.pipeline:
                small = dict(num_clips=2, size=(64, 64), pose_len=transform.get('pose_len') and 16, video_len=4, clip_len=16)
                transform.update({key: value for key, value in small.items() if key in transform})
        cfg.train_dataloader.dataset.repeat = 1
        cfg.train_cfg.val_interval = 2  # none
        results = train(cfg, test_after=bool(start))
        if start:
            assert results.scores.shape == (2, 2) and set(results.meta['heads']) == {'rgb', 'pose'}
        return tmp_path / name.replace('/', '_') / 'epoch_1.pth'

    rgb, pose = run('rgbpose/rgbonly_ntu60.py', 8), run('rgbpose/poseonly_ntu60.py', 4)
    assert cli.main(['convert', 'rgbpose', str(rgb), str(tmp_path / 'start.pth'), '--pose', str(pose)]) == 0
    state = torch.load(run('rgbpose/rgbpose_ntu60.py', 8, str(tmp_path / 'start.pth')), weights_only=True)['state_dict']
    before = torch.load(tmp_path / 'start.pth', weights_only=True)['state_dict']
    # two small steps from the start: still near it
    for key in ('backbone.rgb_path.layer1.0.conv1.conv.weight', 'cls_head.fc_pose.weight'):
        assert 0 < (state[key] - before[key]).abs().mean() < .1 * before[key].abs().mean(), key
