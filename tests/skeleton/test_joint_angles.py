"""Angles between bones: what turning a skeleton leaves alone, and what a bent knee shows."""
import numpy as np
import pytest

from mmskel.skeleton import Clip, ClipError, LayoutError, get_layout
from mmskel.skeleton.joint_angles import bone_angles


@pytest.mark.parametrize('layout', ['kinect20', 'ntu25', 'smpl24', 'skel24', 'coco17'])
def test_angles_are_the_bodys(layout):
    rng = np.random.default_rng(0)
    keypoint = rng.normal(size=(2, 5, get_layout(layout).num_joints, 3))
    angles, names = bone_angles(keypoint, layout)
    assert angles.shape == (2, 5, len(names)) and len(set(names)) == len(names) and angles.max() <= np.pi
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]  # a rotation, or a mirror
    np.testing.assert_allclose(bone_angles(3 * keypoint @ turn + 2, layout)[0], angles, atol=1e-5)


def test_a_knee():
    layout, keypoint = get_layout('kinect20'), np.zeros((1, 20, 3))
    keypoint[0, [layout.index(f'left_{joint}') for joint in ('hip', 'knee', 'ankle')]] = ((0, 2, 0), (0, 1, 0), (0, 1, 1))
    angles, names = bone_angles(keypoint, layout)
    assert angles[0, names.index('left_knee')] == pytest.approx(np.pi / 2) and (angles > 0).sum() == 1  # others: joints missing
    with pytest.raises(LayoutError, match=r'shape \(1, 20, 2\)'):
        bone_angles(keypoint[..., :2], layout)


def test_a_clip_carries_angles():
    angles = np.random.default_rng(0).normal(size=(1, 3, 2)).astype(np.float32)
    clip = Clip('a', np.ones((1, 3, 20, 3)), layout='kinect20', angles=angles, angle_names=('knee', 'hip')).check()
    again = Clip.from_annotation(clip.to_annotation())
    np.testing.assert_array_equal(again.angles, angles)
    assert again.angle_names == ('knee', 'hip') and not again.extra and again.to_layout('kinect20_msr').angles is again.angles
    for wrong, message in ((dict(angles=angles[:, :2]), 'angles is an array'), (dict(angles=angles * np.nan), 'angles hold NaN')):
        with pytest.raises(ClipError, match=message):
            Clip('a', np.ones((1, 3, 20, 3)), layout='kinect20', **{**dict(angle_names=('knee', 'hip')), **wrong}).check()
    with pytest.raises(ClipError, match='angle_names is'):
        Clip.from_annotation({**clip.to_annotation(), 'angle_names': 'knee'})
