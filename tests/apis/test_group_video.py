"""A group from raw video: slots, objects, links, the group's label; with real models, and without a video at all."""
import warnings
from dataclasses import replace

import av
import cv2
import numpy as np
import pytest
import torch
from mmaction.registry import MODELS

from mmskel import cli
from mmskel.apis.clip_source import Found
from mmskel.apis.inferencer import SkeletonInferencer
from mmskel.configuration import load_config
from mmskel.data import load_annotation_file, save_annotation_file
from mmskel.pose.models import PoseModels
from mmskel.skeleton import Clip
from mmskel.video.reading import open_video
from mmskel.video.writing import video_writer

CONFIG = """_base_ = 'mmskel::custom/mpgcn_custom.py'
fit_to_data = False
num_person = 4
model = dict(
    data_preprocessor=dict(layout='coco17', objects=['ball']),
    backbone=dict(layout='coco17', objects=['ball'], num_person=4, in_channels=2, base_channels=8, inter_link='pairwise'),
    cls_head=dict(num_classes=2, in_channels=32))
pipeline = [
    dict(type='SetPersons', num_person=4), dict(type='AddObjects', names=['ball']),
    dict(type='ResampleFrames', clip_len=16), dict(type='PackSkeleton')]
train_dataloader = dict(dataset=dict(layout='coco17', pipeline=pipeline))
val_dataloader = dict(dataset=dict(layout='coco17', pipeline=pipeline))
test_dataloader = dict(dataset=dict(layout='coco17', pipeline=pipeline))
"""


@pytest.fixture(scope='module')
def recogniser(tmp_path_factory):
    """Config and weights of an MP-GCN for four persons and a ball; untrained, but no class is likelier by much."""
    folder = tmp_path_factory.mktemp('mpgcn')
    (folder / 'group.py').write_text(CONFIG)
    torch.manual_seed(0)
    model = MODELS.build(load_config(str(folder / 'group.py'), fit=False).model)
    model.init_weights()
    torch.save(dict(state_dict=model.state_dict(), meta=dict(dataset_meta=dict(class_names=['meet', 'part']))),
               folder / 'group.pth')
    return ['--config', str(folder / 'group.py'), '--checkpoint', str(folder / 'group.pth'), '--device', 'cpu']


def group(persons=3, frames=20, ball=True):
    keypoint = np.random.default_rng(0).uniform(0, 40, (persons, frames, 17, 2)).astype(np.float32) + 30
    keypoint[..., 0] += 100 * np.arange(persons)[:, None, None]
    objects = dict(ball=np.tile(np.float32([150, 60, .5]), (frames, 1))) if ball else {}
    return Clip('scene', keypoint, layout='coco17', image_size=(120, 420), fps=25., objects=objects)


def decoded(path):
    with av.open(str(path)) as file:
        return [frame.to_ndarray(format='rgb24').astype(int) for frame in file.decode(video=0)]


def test_links_are_those_of_the_graph(recogniser):
    inferencer = SkeletonInferencer(recogniser[1], recogniser[3], 'cpu')
    links = inferencer.links(group())
    to_ball = [((p, wrist), (None, 'ball')) for p in range(3) for wrist in (9, 10)]
    assert links == [*to_ball, ((1, 0), (0, 0)), ((3, 0), (2, 0))]
    assert inferencer.links(Clip('x', np.ones((1, 2, 25, 3)), layout='ntu25')) == []


def test_slots_stay_whoever_is_seen(recogniser):
    inferencer, seen = SkeletonInferencer(recogniser[1], recogniser[3], 'cpu'), []
    clip = group()
    clip.keypoint[0, 10:], clip.score[0, 10:] = 0, 0  # the first person leaves

    def forward(batch, classes):
        seen.append(batch['inputs']['keypoint'])
        return [np.array([.5, .5])] * len(seen[-1])

    inferencer.forward = forward
    inferencer.predict(clip, window=.4, stride=.4)
    first, second = seen[0]
    assert first.shape == (1, 4, 16, 18, 2)
    assert first[0, 0, :, :17].all() and not second[0, 0, :, :17].any() and second[0, 1, :, :17].all()
    assert (second[0, :, :, 17] == torch.tensor([150., 60])).all(), 'everybody has a copy of the ball'


def test_an_annotation_file_is_predicted_and_drawn(recogniser, tmp_path, capsys):
    save_annotation_file(tmp_path / 'a.pkl', [group()], {}, dict(layout='coco17'))
    assert cli.main(['predict', str(tmp_path / 'a.pkl'), *recogniser, '--group', '--out', str(tmp_path / 'out')]) == 0
    assert 'meet' in (said := capsys.readouterr().out) or 'part' in said
    assert len(decoded(tmp_path / 'out/scene.mp4')) == 20


def test_a_clip_that_does_not_say_where_the_ball_is(recogniser, tmp_path, capsys):
    command = ['predict', str(tmp_path / 'b.pkl'), *recogniser, '--group']
    clips = [replace(group(ball=False), id=name) for name in ('one', 'two')]
    save_annotation_file(tmp_path / 'b.pkl', clips, {}, dict(layout='coco17'))
    with pytest.warns(UserWarning, match="graph has ball, but clip 'one' does not say where.*name a class of the detector") as said:
        assert cli.main(command) == 0
    assert len([one for one in said if 'graph has' in str(one.message)]) == 1, 'once, not per clip'
    (tmp_path / 't.csv').write_text('id,object,frame,x,y\none,ball,3,50,60\ntwo,ball,0,1,2\n')
    with warnings.catch_warnings():
        warnings.filterwarnings('error', "the graph has")
        assert cli.main([*command, '--object-tracks', str(tmp_path / 't.csv')]) == 0, 'a table serves annotation files, too'
    (tmp_path / 't.csv').write_text('id,object,frame,x,y\nthree,ball,3,50,60\n')
    assert cli.main([*command, '--object-tracks', str(tmp_path / 't.csv')]) == 1 and "'three'" in capsys.readouterr().err


def test_links_are_drawn_over_the_video_where_they_are_asked_for(recogniser, tmp_path):
    inferencer, clip = SkeletonInferencer(recogniser[1], recogniser[3], 'cpu'), group()
    found = Found(clip, [np.zeros((120, 420, 3), np.uint8)] * clip.num_frames)
    prediction = inferencer.predict(clip)
    plain, linked = (decoded(inferencer.draw(found, prediction, tmp_path / f'{on}.mp4', group=on))[5] for on in (False, True))
    x, y = (clip.keypoint[0, 5, 9] + [150, 60]) / 2  # half way from a wrist to the ball
    around = np.s_[int(y) - 2:int(y) + 3, int(x) - 2:int(x) + 3]
    assert linked[around].sum() > plain[around].sum() + 500
    assert np.abs(linked - plain)[:20].max() < 60, 'and nothing where no link is'


def test_a_real_video(shared, pose_flags, recogniser, tmp_path, capsys, monkeypatch):
    """Two real persons; what stands for the ball is one of them (the small detector knows nothing else), and a table."""
    video, out = tmp_path / 'two.mp4', tmp_path / 'group.pkl'
    with open_video(shared / 'videos/demo_skeleton.mp4') as source, video_writer(video, 25.) as write:
        for frame, _ in zip(source, range(30)):
            write(cv2.resize(frame.image, (960, 540)))
    (tmp_path / 'ball.csv').write_text('object,frame,x,y\nball,99,1,2\n')
    assert cli.main(['extract', str(video), str(out), *pose_flags, '--device', 'cpu', '--group', '--objects', 'somebody=0',
                     '--object-tracks', str(tmp_path / 'ball.csv')]) == 1
    assert "frame 99 of 'two', which has frames 0 to 29" in capsys.readouterr().err and not out.exists()
    (tmp_path / 'ball.csv').write_text('id,object,frame,x,y\n' + ''.join(f'two,ball,{t},{450 + t},200\n' for t in range(20)))
    things = ['--group', '--objects', 'somebody=0', '--object-tracks', str(tmp_path / 'ball.csv')]
    with monkeypatch.context() as patched:
        patched.setattr(PoseModels, 'build', lambda self: pytest.fail('a right table needs no second extraction'))
        assert cli.main(['extract', str(video), str(out), *pose_flags, '--device', 'cpu', *things]) == 0
    clip, = load_annotation_file(out).clips()
    assert clip.check().keypoint.shape == (2, 30, 17, 2) and len(clip.extra['slots']) == 2
    assert np.median(clip.keypoint[0, ..., 0]) < np.median(clip.keypoint[1, ..., 0]), 'from left to right'
    somebody = clip.objects['somebody']
    assert (somebody[:, 2] > 0).all() and clip.objects['ball'][19].tolist() == [469, 200, 1]
    assert not clip.objects['ball'][20:].any()
    middle = (clip.keypoint.min(2) + clip.keypoint.max(2)) / 2
    far = np.linalg.norm(middle - somebody[None, :, :2], axis=-1)
    assert (far.min(0) < 60).all() and (far.argmin(0) == far.argmin(0)[0]).all(), 'one of them, and always the same'
    labelled = tmp_path / 'labelled.mp4'
    assert cli.main(['predict', str(video), *pose_flags, *recogniser, *things, '--out', str(labelled)]) == 0
    assert len(decoded(labelled)) == 30


def test_arguments_that_do_not_go_together(shared, pose_flags, recogniser, tmp_path, capsys):
    video, out = str(shared / 'videos/demo_skeleton.mp4'), str(tmp_path / 'a.pkl')
    (tmp_path / 't.csv').write_text('id,object,frame,x,y\nother,ball,0,1,2\n')
    for more, said in ((['--objects', 'ball=sports ball'], "no class 'sports ball'"), (['--objects', '=x'], 'NAME or NAME=CLASS'),
                       (['--object-config', 'x.py'], '--object-weights belong together'),
                       (['--object-config', 'x.py', '--object-weights', 'x.pth'], 'say which with --objects'),
                       (['--objects', 'a=0', '--object-config', 'x.py', '--object-weights', 'x.pth'], "--object-config 'x.py': there is no such config"),
                       (['--object-tracks', str(tmp_path / 't.csv')], "'other'"),
                       (['--object-tracks', str(tmp_path / 'gone.csv')], 'gone.csv')):
        assert cli.main(['extract', video, out, *pose_flags, *more]) == 1
        assert said in capsys.readouterr().err
    assert not (tmp_path / 'a.pkl').exists()
