"""The check values of the N-UCLA protocol (docs/published/data.md, D6) on the real clips."""
import json
import zipfile

import numpy as np
import pytest
import torch

from mmskel.data.transforms import CentreOnJoint, PackSkeleton, RandomRotation3D, RangeNormalize, ResampleFrames
from mmskel.models import StreamEncoder

# clip: frames, sum of the joint stream, sums of |bone|, |motion|, |bone motion|, joint sum at 64 frames
VALUES = {
    'a01_s01_e00_v03': (27, -397.899187, (412.10639, 88.64377, 41.98306), -487.789093),
    'a12_s10_e01_v03': (21, 366.304190, (601.65182, 51.07804, 41.64858), 456.790106),
    'a02_s09_e04_v03': (1, 70.936741, (850.39486, 0, 0), 87.306759),
}


@pytest.fixture(scope='module')
def clips(shared):
    with zipfile.ZipFile(shared / 'data' / 'nw_ucla' / 'all_sqe.zip') as archive:
        return {name: np.array(json.loads(archive.read(f'all_sqe/{name}.json'))['skeletons'], np.float32)[None]
                for name in VALUES}


def run(keypoint, *transforms):
    sample = dict(frame_dir='x', keypoint=keypoint, label=0)
    for transform in (CentreOnJoint('spine', 'kinect20', keep_missing=False), *transforms):
        sample = transform(sample)
    return sample


@pytest.mark.parametrize('name', VALUES)
def test_sums_of_all_streams(clips, name):
    frames, total, streams, total64 = VALUES[name]
    assert clips[name].shape == (1, frames, 20, 3)
    sample = run(clips[name], RangeNormalize(keep_missing=False), ResampleFrames(52))
    assert sample['keypoint'].shape == (1, 52, 20, 3)
    assert sample['keypoint'].astype(np.float64).sum() == pytest.approx(total, rel=1e-5)
    packed = PackSkeleton()(sample)['inputs']['keypoint']
    for stream, expected in zip(('bone', 'joint_motion', 'bone_motion'), streams):
        found = StreamEncoder('kinect20', stream).encode(dict(keypoint=packed)).double().abs().sum()
        assert float(found) == pytest.approx(expected, rel=1e-5, abs=1e-3)
    longer = run(clips[name], RangeNormalize(keep_missing=False), ResampleFrames(64))['keypoint']
    assert longer.astype(np.float64).sum() == pytest.approx(total64, rel=1e-5)


def test_first_frame(clips):
    keypoint = run(clips['a01_s01_e00_v03'], RangeNormalize(keep_missing=False), ResampleFrames(52))['keypoint']
    np.testing.assert_allclose(keypoint[0, 0, 0], (-0.763378, 0.039218, -0.691403), atol=2e-6)


def test_rotation_convention(clips):
    sample = run(clips['a01_s01_e00_v03'])
    turned = RandomRotation3D().move(sample['keypoint'], angles=np.array([30, -20, 0]))
    keypoint = RangeNormalize(keep_missing=False)(dict(sample, keypoint=turned))['keypoint']
    np.testing.assert_allclose(keypoint[0, 0, 0], (-0.506019, 0.445750, -0.667651), atol=2e-6)
    assert keypoint.astype(np.float64).sum() == pytest.approx(-112.99871, rel=1e-5)


def test_range_cancels_centre_and_scale(clips):
    keypoint = clips['a12_s10_e01_v03']
    plain, moved = (RangeNormalize(keep_missing=False)(dict(keypoint=k))['keypoint'] for k in (keypoint, 1.3 * (keypoint - 2)))
    np.testing.assert_allclose(plain, moved, atol=1e-5)


def test_model_free_baseline(shared):
    """1-nearest neighbour, views 1 + 2 -> 3: 301 of 464; on the leaked classes a02 and a03 95 of 95."""
    with zipfile.ZipFile(shared / 'data' / 'nw_ucla' / 'all_sqe.zip') as archive:
        names = sorted(n for n in archive.namelist() if n.endswith('.json'))
        flat = torch.from_numpy(np.stack([
            run(np.array(json.loads(archive.read(n))['skeletons'], np.float32)[None], RangeNormalize(keep_missing=False),
                ResampleFrames(52))['keypoint'].ravel() for n in names]))
    action = np.array([n[-20:-17] for n in names])
    test = np.array([n.endswith('v03.json') for n in names])
    nearest = torch.cdist(flat[test], flat[~test]).argmin(1).numpy()
    hit = action[~test][nearest] == action[test]
    leaked = np.isin(action[test], ('a02', 'a03'))
    assert (len(hit), hit.sum(), hit[leaked].sum(), leaked.sum()) == (464, 301, 95, 95)
