"""``mmskel draw --curves``: the image shows the curves of the network, of the frames that it saw."""
import numpy as np
import pytest
import torch
from PIL import Image

from mmskel import cli
from mmskel.apis import SkeletonInferencer
from mmskel.apis.curves import clip_curves
from mmskel.configuration import ConfigError, load_config
from mmskel.data import save_annotation_file
from mmskel.skeleton import get_layout
from mmskel.synthetic.motions import make_motion_clips
from mmskel.visualization.joint_curves import draw_curves


@pytest.fixture
def network(tmp_path):
    """A small untrained STC-Net's config and weights, and a file of two clips."""
    cfg = load_config('stcnet/stcnet_nwucla_short.py', fit=False, cfg_options={
        'model.backbone.base_channels': 8, 'model.cls_head.in_channels': 16, 'model.backbone.num_stages': 5})
    cfg.dump(tmp_path / 'config.py')
    torch.manual_seed(0)
    model = SkeletonInferencer(str(tmp_path / 'config.py'), device='cpu').model
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'weights.pth')
    clips = make_motion_clips(1, layout='kinect20', dropout=0)[:2]
    save_annotation_file(tmp_path / 'clips.pkl', clips, {}, {})
    return tmp_path, clips


def test_picture_of_a_clip(network, capsys):
    folder, clips = network
    common = ['draw', str(folder / 'clips.pkl'), '--clip', clips[0].id, '--curves', str(folder / 'weights.pth'), '--config',
              str(folder / 'config.py')]
    assert cli.main([*common, '--out', str(folder / 'a.png'), '--joints', 'left_hand', '--block', '5']) == 0
    assert np.array(Image.open(folder / 'a.png')).std() > 5
    for words, message in ((['--block', '6'], 'there is no block 6'), (['--joints', 'tail'], "no joint 'tail'"),
                           (['--out', 'a.mp4'], "not as '.mp4'"), (['--plain'], 'neither --video nor --plain')):
        assert cli.main([*common, *words]) == 1
        assert message in capsys.readouterr().err
    assert cli.main(['draw', str(folder / 'clips.pkl'), '--block', '2']) == 1
    assert '--block goes with --curves' in capsys.readouterr().err


def test_curves_are_those_of_the_frames_of_the_block(network):
    folder, clips = network
    recogniser = SkeletonInferencer(str(folder / 'config.py'), folder / 'weights.pth', device='cpu')
    first, curves = clip_curves(recogniser, clips[1])
    assert first.keypoint.shape == (1, 32, 20, 3) and curves.shape == (32, 20)
    last, later = clip_curves(recogniser, clips[1], 5)
    # block 5 halves the time behind its spatial module
    assert later.shape == (32, 20) and (last.keypoint == first.keypoint).all()
    inputs = torch.from_numpy(first.keypoint)[None]
    assert (recogniser.model.backbone.curves(inputs)[0, 0].numpy() == curves).all()
    other = SkeletonInferencer('stgcn/stgcn_nwucla.py', device='cpu')
    with pytest.raises(ConfigError, match='only STC-Net has curves; the config describes a SkeletonSTGCN'):
        clip_curves(other, clips[1])


def test_marked_curves_have_their_colours_in_the_map():
    clip = make_motion_clips(1, layout='coco17', project=True, dropout=0)[0]
    frames, joints = clip.num_frames, get_layout('coco17').num_joints
    still = np.tile(np.arange(joints), (frames, 1))
    image = draw_curves(clip, still, [9])
    moved = draw_curves(clip, np.where(still == 9, 10, still), [9])
    assert image.shape == moved.shape and (image != moved).any(2).sum() > 500
    with pytest.raises(ValueError, match=f'{frames} frames and 17 joints, but the curves are of shape'):
        draw_curves(clip, still[1:])
    with pytest.raises(ValueError, match='joints 0 to 16; there is no joint 17'):
        draw_curves(clip, still, [17])
