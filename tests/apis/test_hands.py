"""Gestures of hands: PYSKL's network, with its real weights where they are, from joints or from images to labels."""
import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.registry import init_default_scope
from parity import draw, relative_error
from pose_models import random_weights

from mmskel.apis import SkeletonInferencer
from mmskel.cli import main
from mmskel.interop import build_published, convert_checkpoint
from mmskel.pose.detection import Boxes
from mmskel.pose.estimation import PoseEstimator
from mmskel.pose.extraction import ExtractionOptions, SkeletonExtractor
from mmskel.synthetic.hands import GESTURES, make_hand_clips

CONFIG = 'hagrid/stgcn_hagrid.py'
HAND = 'mmpose::hand_2d_keypoint/rtmpose/hand5/rtmpose-m_8xb256-210e_hand5-256x256.py'
# MediaPipe's hand as MMAction2's graph takes it: chains of four joints from the wrist
INWARD = [(i, 0 if i % 4 == 1 else i - 1) for i in range(1, 21)]
ARGUMENTS = dict(in_channels=2, gcn_adaptive='init', gcn_with_res=True, tcn_type='mstcn', num_stages=6, down_stages=[6],
                 inflate_stages=[6])


def mmactions():
    """The network of ``hagrid.pth`` as MMAction2 builds it."""
    init_default_scope('mmaction')
    graph = dict(layout=dict(num_node=21, inward=INWARD, center=0), mode='spatial')
    return torch.nn.ModuleDict(dict(
        backbone=MODELS.build(dict(type='STGCN', graph_cfg=graph, **ARGUMENTS)),
        cls_head=MODELS.build(dict(type='GCNHead', num_classes=40, in_channels=128)))).eval()


def released():
    """``hagrid.pth``, or None."""
    path = Path(os.environ.get('MMSKEL_SHARED') or '.') / 'weights' / 'hagrid.pth'
    return path if path.is_file() else None


@pytest.fixture(scope='module', params=['stand-in', 'hagrid.pth'])
def weights(request, tmp_path_factory):
    """The released file, and one of its names and shapes."""
    if request.param == 'hagrid.pth':
        return released() or pytest.skip('MMSKEL_SHARED does not name a folder with weights/hagrid.pth')
    state = {key.replace('.fc.', '.fc_cls.'): torch.from_numpy(draw(key, tuple(value.shape)))
             for key, value in mmactions().state_dict().items()}
    path = tmp_path_factory.mktemp('hands') / 'stand_in.pth'
    torch.save(state, path)
    return path


@pytest.fixture(scope='module')
def recogniser(weights):
    return SkeletonInferencer(CONFIG, weights, 'cpu')


def test_logits_are_those_of_mmaction2s_network(weights, recogniser, tmp_path):
    """Through the file as it is, and through both ways of converting it."""
    state = torch.load(weights, weights_only=True)
    plain = mmactions()
    plain.load_state_dict({key.replace('.fc_cls.', '.fc.'): value for key, value in state.items()})
    torch.manual_seed(0)
    hands = torch.rand(5, 1, 10, 21, 2)
    with torch.no_grad():
        expected = plain['cls_head'](plain['backbone'](hands)).numpy()
        model = recogniser.model
        assert relative_error(model.cls_head(model.backbone(hands)), expected) < 1e-5
        arguments = dict(backbone=dict(ARGUMENTS, type='STGCN', graph_cfg=dict(layout='handmp', mode='spatial')),
                         cls_head=dict(type='GCNHead', num_classes=40, in_channels=128))
        assert relative_error(build_published('pyskl', arguments, state).eval()(hands), expected) < 1e-5
    config = convert_checkpoint('pyskl', weights, tmp_path / 'ours.pth')
    assert "down_stages=[6]" in ''.join(config.read_text().split()).replace('backbone.', '')


def test_classes_are_named(recogniser):
    names = recogniser.class_names
    assert len(names) == 40 and names[0] == 'doing other things' and names[28] == 'fist' and names[33] == 'palm'
    assert names[20] == 'like' and names[-1] == 'no gesture' and set(GESTURES) <= set(names)


def test_made_up_gestures_are_recognised():
    file = released() or pytest.skip('MMSKEL_SHARED does not name a folder with weights/hagrid.pth')
    recognise = SkeletonInferencer(CONFIG, file, 'cpu')
    clips = make_hand_clips(4)
    found = [one['tracks'][0] for one in recognise(clips, batch_size=64)['predictions']]
    wrong = [(GESTURES[clip.label], one['label']) for clip, one in zip(clips, found) if one['label'] != GESTURES[clip.label]]
    assert not wrong
    assert np.median([one['score'] for one in found]) > 0.95


def test_pixels_and_fractions_of_the_image_are_one_hand(recogniser, weights, tmp_path):
    clips = make_hand_clips(1, gestures=GESTURES[:3])
    annotations = [clip.to_annotation() for clip in clips]
    with open(tmp_path / 'pixels.pkl', 'wb') as file:
        pickle.dump(dict(annotations=annotations, split=dict(test=[clip.id for clip in clips]), layout='hand21'), file)
    command = ['predict', str(tmp_path / 'pixels.pkl'), '--config', CONFIG, '--checkpoint', str(weights), '--device', 'cpu',
               '--save', str(tmp_path / 'found.json')]
    assert main(command) == 0
    found = json.loads((tmp_path / 'found.json').read_text())
    fractions = [recogniser(dict(keypoint=clip.keypoint / (1280, 720), total_frames=10, layout='hand21', frame_dir=clip.id))
                 ['predictions'][0] for clip in clips]
    for one, other in zip(found['clips'] if 'clips' in found else found, fractions):
        assert one['tracks'][0]['label'] == other['tracks'][0]['label']
        assert one['tracks'][0]['score'] == pytest.approx(other['tracks'][0]['score'], abs=1e-4)


class TwoHands:
    """Finds the same two boxes everywhere."""
    config = weights = 'two boxes'
    min_score = 0.3

    def __call__(self, images):
        boxes = np.array([[10, 20, 120, 220], [150, 30, 300, 200]], np.float32)
        return [Boxes(boxes, np.array([0.9, 0.8], np.float32)) for _ in images]


def test_from_images_through_mmposes_hand_model(recogniser, tmp_path):
    """Its weights are drawn: not what it finds is tested, but that its joints arrive."""
    estimator = PoseEstimator(HAND, random_weights(HAND, tmp_path / 'w.pth'), device='cpu')
    extractor = SkeletonExtractor(TwoHands(), estimator, ExtractionOptions(chunk=1))
    recognise = SkeletonInferencer(recogniser.cfg, None, 'cpu', pose=extractor)
    recognise.model.load_state_dict(recogniser.model.state_dict())
    frames = np.random.default_rng(0).integers(0, 255, (3, 240, 320, 3), np.uint8)
    found = recognise(frames, per_person=True)['predictions'][0]
    clip = extractor(list(frames), fps=25.)
    assert clip.layout == 'hand21' and clip.image_size == (240, 320)
    assert len(found['tracks']) == 2 and all(one['label'] in recognise.class_names for one in found['tracks'])
