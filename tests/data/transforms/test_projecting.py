"""3-D skeletons as a camera sees them."""
import numpy as np
import pytest

from mmskel.data.transforms import ProjectToImage


def project(joints, **kwargs):
    sample = dict(keypoint=np.array(joints, np.float32)[None, None], frame_dir='x', **kwargs)
    return ProjectToImage(focal=500, size=(480, 640))(sample)


def test_left_up_and_depth():
    found = project([[0, 0, 2], [1, 0, 2], [0, 1, 2], [1, 0, 4], [0, 0, 0], [0, 0, -1]])
    np.testing.assert_allclose(found['keypoint'][0, 0], [[320, 240], [70, 240], [320, -10], [195, 240], [0, 0], [0, 0]])
    assert found['keypoint_score'].tolist() == [[[1, 1, 1, 1, 0, 0]]] and found['img_shape'] == (480, 640)
    assert found['keypoint'].dtype == np.float32


def test_scores_are_kept_where_something_is_seen():
    found = project([[0, 0, 2], [0, 0, 0]], keypoint_score=np.array([[[.3, .8]]], np.float32))
    np.testing.assert_allclose(found['keypoint_score'], [[[.3, 0]]])


def test_flat_skeletons_are_refused():
    with pytest.raises(ValueError, match="clip 'x': ProjectToImage needs 3 coordinates"):
        project([[1, 2]])
