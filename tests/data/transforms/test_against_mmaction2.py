"""Our transforms and MMAction2's, on the same clips: the same numbers."""
import numpy as np
import pytest
from mmaction.datasets.transforms import (
    FormatGCNInput,
    GenSkeFeat,
    PoseDecode,
    PreNormalize2D,
    PreNormalize3D,
    UniformSampleFrames,
)

from mmskel.data import transforms as T
from mmskel.models import StreamEncoder


def clip(M, frames, V, C, seed, gaps=True):
    rng = np.random.default_rng(seed)
    keypoint = (rng.normal(size=(M, frames, V, C)) + (0, 0, 3)[:C]).astype(np.float32)
    if gaps and frames > 5:
        keypoint[0, 1:4], keypoint[:, 3] = 0, 0
    item = dict(frame_dir='x', keypoint=keypoint, total_frames=frames, label=0, start_index=0)
    if C == 2:
        item.update(keypoint_score=rng.random((M, frames, V)).astype(np.float32), img_shape=(480, 640))
    return item


def theirs(item, transforms):
    item = dict(item, keypoint=item['keypoint'].copy())
    for transform in transforms:
        item = transform(item)
    return item['keypoint']


def ours(item, transforms, encoder):
    item = dict(item, keypoint=item['keypoint'].copy())
    for transform in transforms:
        item = transform(item)
    inputs = T.PackSkeleton()(item)['inputs']
    return encoder.encode(inputs).numpy()


@pytest.mark.parametrize('feature, stream', [('j', 'joint'), ('b', 'bone'), ('jm', 'joint_motion'),
                                             ('bm', 'bone_motion')])
@pytest.mark.parametrize('M, frames', [(1, 1), (1, 13), (2, 50), (2, 130), (2, 250)])
def test_3d_pipeline(feature, stream, M, frames):
    item = clip(M, frames, 25, 3, frames)
    expected = theirs(item, [PreNormalize3D(), GenSkeFeat(dataset='nturgb+d', feats=[feature]),
                             UniformSampleFrames(100, num_clips=3, test_mode=True), PoseDecode(), FormatGCNInput()])
    found = ours(item, [T.AlignBody3D('ntu25'), T.SampleUniformly(100, 3, test_mode=True, with_next=True),
                        T.SetPersons(2)], StreamEncoder('ntu25', stream))
    np.testing.assert_allclose(found, expected, atol=2e-6)


@pytest.mark.parametrize('feature, stream', [('j', 'joint'), ('b', 'bone'), ('jm', 'joint_motion'),
                                             ('bm', 'bone_motion')])
@pytest.mark.parametrize('frames', [70, 90, 200])
def test_2d_pipeline(feature, stream, frames):
    item = clip(1, frames, 17, 2, 1, gaps=False)
    expected = theirs(item, [PreNormalize2D(), GenSkeFeat(dataset='coco', feats=[feature]),
                             UniformSampleFrames(70, test_mode=True), PoseDecode(), FormatGCNInput()])
    found = ours(item, [T.NormalizePixels(), T.SampleUniformly(70, test_mode=True, with_next=True), T.SetPersons(2)],
                 StreamEncoder('coco17', stream, with_score=True))
    np.testing.assert_allclose(found, expected, atol=2e-6)


def test_main_person_swaps_to_the_front():
    item = clip(2, 20, 25, 3, 4, gaps=False)
    item['keypoint'][0, 5:] = 0
    expected = theirs(item, [PreNormalize3D()])
    found = T.AlignBody3D('ntu25')(dict(item, keypoint=item['keypoint'].copy()))
    np.testing.assert_allclose(found['keypoint'], expected, atol=2e-6)
    assert found['total_frames'] == expected.shape[1] == 20


def test_fixed_draw_leaves_the_global_generator_alone():
    np.random.seed(1)
    expected = np.random.random(3)
    np.random.seed(1)
    T.SampleUniformly(10, test_mode=True)(dict(clip(1, 33, 25, 3, 0), rng=np.random.default_rng()))
    np.testing.assert_array_equal(np.random.random(3), expected)
