"""Video -> skeletons -> training -> labels for videos never seen, on real models and a real clip, in small."""
import json

import av
import pytest
from pose_models import small_models

from mmskel import cli
from mmskel.apis.demo import demo
from mmskel.apis.video_demo import DemoSize, video_demo
from mmskel.data.annotation_file import load_annotation_file
from mmskel.evaluation import load_results
from mmskel.video.sources import VideoError


def test_from_video_files_to_labels(shared, tmp_path, capsys):
    size, actions = DemoSize(train=8, test=4, num_frames=20, epochs=20), ('jump', 'walk left', 'walk right')
    right = video_demo([shared / 'videos/demo_skeleton.mp4'], tmp_path, small_models(shared / 'weights'), size, actions)
    assert right > .9
    printed = capsys.readouterr().out
    assert 'Cut 2 people out and made 36 videos' in printed and f'{100 * right:.1f} % of 12 test videos' in printed
    file = load_annotation_file(tmp_path / 'clips.pkl')
    assert len(file.split['train']) == 24 and file.class_names == sorted(actions)
    # from the files alone the same is found as from the extracted test clips
    results = load_results(tmp_path / 'results.json')
    by_id = {name.removeprefix('test/'): file.class_names[s.argmax()] for name, s in zip(results.ids, results.scores)}
    predictions = json.loads((tmp_path / 'predictions.json').read_text())
    assert {one['id']: one['tracks'][0]['label'] for one in predictions} == by_id
    with av.open(str(tmp_path / 'labelled.mp4')) as film:
        frames = [frame.to_ndarray(format='rgb24') for frame in film.decode(video=0)]
    assert len(frames) == 60 and frames[0].shape[1] == 384 and frames[0].shape[0] > 300


def test_nobody_to_cut_out(shared, tmp_path, capsys):
    import numpy as np

    from mmskel.video.writing import video_writer
    with video_writer(tmp_path / 'empty.mp4', 8) as write:
        for _ in range(9):
            write(np.full((96, 128, 3), 90, np.uint8))
    with pytest.raises(VideoError, match='nobody stands alone'):
        demo(tmp_path / 'out', videos=[tmp_path / 'empty.mp4'], models=small_models(shared / 'weights'))
    assert cli.main(['demo', '--video', str(tmp_path / 'gone.mp4'), '--out', str(tmp_path / 'out')]) == 1
    assert 'no such file' in capsys.readouterr().err
