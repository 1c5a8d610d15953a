"""A made-up encoder and a made-up step outside the package: registered, they work wherever ours do."""
import json

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS, TRANSFORMS
from mmengine.registry import DefaultScope

from mmskel import cli
from mmskel.apis import SkeletonInferencer
from mmskel.configuration import load_config
from mmskel.data.annotation_file import load_annotation_file
from mmskel.data.transforms.base import SkeletonTransform
from mmskel.evaluation.features import load_features
from mmskel.models.encoders import SkeletonEncoder
from mmskel.skeleton import Clip, ClipError, get_layout


class SpeedEncoder(SkeletonEncoder):
    """Joints, and how fast they are: C + 1 channels, of clips in 3-D only."""
    streams = ensemble = ('place', 'speed')
    coords = (3, )

    def __init__(self, layout, stream='place'):
        super().__init__()
        self.layout, self.stream = get_layout(layout).name, stream

    def channels(self, coords=3):
        return coords + 1

    def encode(self, batch, samples=()):
        keypoint = batch['keypoint']
        steps = torch.cat([keypoint[..., 1:, :, :], keypoint[..., -1:, :, :]], -3) - keypoint
        speed = steps.square().sum(-1, keepdim=True)
        return torch.cat([keypoint * (self.stream == 'place'), speed], -1)


class Halve(SkeletonTransform):
    """Every second frame."""
    writes = ('keypoint', 'total_frames')
    coords = (3, )

    def transform(self, sample):
        keypoint = sample['keypoint'][:, ::2]
        return dict(keypoint=keypoint, total_frames=keypoint.shape[1])


@pytest.fixture
def parts(monkeypatch):
    monkeypatch.setitem(MODELS.module_dict, 'SpeedEncoder', SpeedEncoder)
    monkeypatch.setitem(TRANSFORMS.module_dict, 'Halve', Halve)


@pytest.fixture
def place(parts, motions, small, tmp_path):
    """(config, checkpoint) of a small ST-GCN with both parts."""
    path = tmp_path / 'foreign.py'
    path.write_text("""_base_ = 'mmskel::stgcn/stgcn_synthetic.py'
model = dict(data_preprocessor=dict(_delete_=True, type='SpeedEncoder', layout='kinect20', stream='place'))
pipeline = [dict(type='Halve'), dict(type='RangeNormalize'), dict(type='ResampleFrames', clip_len=16),
            dict(type='PackSkeleton')]
val_dataloader = dict(dataset=dict(pipeline=pipeline))
test_dataloader = dict(dataset=dict(pipeline=pipeline))
train_dataloader = dict(dataset=dict(pipeline=pipeline))
""")
    return path


def weights(config, small, data, folder):
    """A checkpoint of weights that were never trained, and the config that fits it."""
    from mmskel.commands.command import key_values
    cfg = load_config(str(config), data=str(data), cfg_options=key_values('--cfg-options', small))
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmaction'):
        model = MODELS.build(cfg.model)
    torch.nn.init.normal_(model.cls_head.fc.weight)
    torch.save(dict(state_dict=model.state_dict()), folder / 'a.pth')
    cfg.dump(folder / 'a.py')
    return str(folder / 'a.py'), str(folder / 'a.pth')


def test_predict_and_features(place, small, motions, tmp_path):
    config, checkpoint = weights(place, small, motions, tmp_path)
    assert cli.main(['predict', str(motions), '--config', config, '--checkpoint', checkpoint, '--device', 'cpu', '--save',
                     str(tmp_path / 'a.json')]) == 0
    assert len(json.loads((tmp_path / 'a.json').read_text())) == 60
    for stream in ('place', 'speed'):
        assert cli.main(['features', config, checkpoint, '--out', str(tmp_path / f'{stream}.npz'), '--stream', stream,
                         '--device', 'cpu']) == 0
    features = {stream: load_features(tmp_path / f'{stream}.npz').features for stream in ('place', 'speed')}
    assert features['place'].shape == (60, 32) and np.abs(features['place'] - features['speed']).max() > 1e-3


def test_what_they_take_is_asked_of_them(place, small, motions, tmp_path):
    config, checkpoint = weights(place, small, motions, tmp_path)
    inferencer = SkeletonInferencer(config, checkpoint, 'cpu')
    clip = next(iter(load_annotation_file(motions).clips()))
    flat = Clip('flat', clip.keypoint[..., :2], layout=clip.layout)
    with pytest.raises(ClipError, match="'flat' has 2 coordinates per joint, but the recogniser was made for 3"):
        inferencer.predict(flat)
    assert not inferencer.needs_video


def test_export(place, small, motions, tmp_path):
    onnxruntime = pytest.importorskip('onnxruntime')
    from mmskel.export.onnx_file import export
    config, checkpoint = weights(place, small, motions, tmp_path)
    done = export(config, checkpoint, tmp_path / 'a.onnx')
    assert done.inputs == {'keypoint': ('N', 1, 16, 20, 3)} and done.outputs == {'logits': ('N', 10)}
    inferencer = SkeletonInferencer(config, checkpoint, 'cpu')
    clip = next(iter(load_annotation_file(motions).clips()))
    session = onnxruntime.InferenceSession(str(tmp_path / 'a.onnx'), providers=['CPUExecutionProvider'])
    keypoint = inferencer.pipeline(clip)['inputs']['keypoint'].float().numpy()
    logits = torch.from_numpy(session.run(['logits'], dict(keypoint=keypoint))[0])
    np.testing.assert_allclose(logits.softmax(1)[0], inferencer.predict(clip).tracks[0].scores[0], atol=1e-4)


def test_train(place, small, motions, tmp_path):
    assert cli.main(['train', str(place), '--data', str(motions), '--work-dir', str(tmp_path / 'run'), '--epochs', '1',
                     '--stream', 'speed', '--seed', '0', '--cfg-options', *small]) == 0
    assert (tmp_path / 'run/results.json').is_file() and 'logits' in (tmp_path / 'run/results.json').read_text()
