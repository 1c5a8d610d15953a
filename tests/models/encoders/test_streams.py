import pytest
import torch

from mmskel.models.encoders import STREAMS, StreamEncoder, bones, motion


def test_bones_by_hand():
    x = torch.tensor([[[0., 0], [1, 2], [5, 5]]])  # T = 1, V = 3
    assert bones(x, torch.tensor([0, 0, 1])).tolist() == [[[0, 0], [1, 2], [4, 3]]]
    scored = torch.tensor([[[0., 0, .5], [1, 2, 1.]]])
    assert bones(scored, torch.tensor([0, 0]), score_channel=True).tolist() == [[[0, 0, .5], [1, 2, .75]]]


def test_motion_by_hand():
    x = torch.tensor([[[1.]], [[4.]], [[9.]]])  # T = 3, V = 1, C = 1
    assert motion(x).flatten().tolist() == [3, 5, 0]
    assert motion(x, following=x + 2).flatten().tolist() == [2, 2, 2]
    one = torch.ones(1, 1, 1)
    assert motion(one).item() == 0


def test_bone_motion_is_motion_of_bones():
    x = torch.randn(2, 1, 3, 6, 20, 3)
    encoder = StreamEncoder('kinect20', 'bone_motion')
    torch.testing.assert_close(encoder.encode(dict(keypoint=x)), motion(bones(x, encoder.origins)))


@pytest.mark.parametrize('stream', STREAMS)
def test_batch_becomes_the_network_input(stream):
    encoder = StreamEncoder('coco17', stream, with_score=True)
    clips = [torch.randn(1, 2, 8, 17, 2) for _ in range(3)]
    scores = [torch.rand(1, 2, 8, 17) for _ in range(3)]
    out = encoder(dict(inputs=dict(keypoint=clips, keypoint_score=scores), data_samples=[None] * 3))
    assert out['inputs'].shape == (3, 1, 2, 8, 17, 3) and out['inputs'].dtype == torch.float32
    torch.testing.assert_close(out['inputs'][1], encoder.encode(dict(keypoint=clips[1], keypoint_score=scores[1])))
    plain = StreamEncoder('coco17', stream)(dict(inputs=clips))['inputs']  # as a stock pipeline packs
    torch.testing.assert_close(plain[..., :2], out['inputs'][..., :2])


def test_missing_joints_have_no_score():
    x = torch.ones(1, 1, 1, 17, 2)
    x[..., 3, :] = 0
    assert StreamEncoder('coco17', with_score=True).encode(dict(keypoint=x))[..., 2].flatten().sum() == 16


def test_wrong_use_teaches():
    with pytest.raises(ValueError, match="unknown stream 'velocity'; known: joint, bone"):
        StreamEncoder('coco17', 'velocity')
    with pytest.raises(ValueError, match="25 joints, but the encoder's layout 'coco17' has 17"):
        StreamEncoder('coco17').encode(dict(keypoint=torch.zeros(1, 1, 1, 25, 2)))
