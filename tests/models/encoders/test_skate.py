import pytest
import torch

from mmskel.models.encoders import STREAMS, SkateEncoder, encode_stream
from mmskel.skeleton import skate_bone_origins


@pytest.mark.parametrize('stream', STREAMS)
def test_stream_and_time_become_the_network_input(stream):
    encoder = SkateEncoder('ntu25', stream)
    clips, times = [torch.randn(1, 2, 8, 25, 3) for _ in range(3)], [torch.linspace(-1, 1, 8)[None] + i for i in range(3)]
    out = encoder(dict(inputs=dict(keypoint=clips, frame_time=times), data_samples=[None] * 3))['inputs']
    assert out.shape == (3, 1, 2, 8, 25, 4) and out.dtype == torch.float32
    origins = torch.tensor(skate_bone_origins('ntu25'))
    torch.testing.assert_close(out[1, ..., :3], encode_stream(clips[1], stream, origins))
    assert torch.equal(out[2, ..., 3], times[2][:, None, :, None].expand(1, 2, 8, 25))
    stacked = encoder(dict(inputs=dict(keypoint=torch.stack(clips), frame_time=torch.stack(times))))['inputs']
    assert torch.equal(stacked, out)


def test_without_a_time_there_is_no_channel_for_it():
    clips = [torch.randn(1, 1, 8, 17, 2) for _ in range(2)]
    assert SkateEncoder('coco17')(dict(inputs=clips))['inputs'].shape == (2, 1, 1, 8, 17, 2)
    scored = SkateEncoder('coco17', with_score=True)(dict(inputs=dict(keypoint=clips, frame_time=[torch.zeros(1, 8)] * 2)))
    assert scored['inputs'].shape == (2, 1, 1, 8, 17, 4) and not scored['inputs'][..., 3].any()


def test_bones_begin_where_the_published_ones_do():
    encoder, x = SkateEncoder('ntu25', 'bone'), torch.randn(1, 4, 25, 3)
    found = encoder.encode(dict(keypoint=x))
    assert not found[..., 1, :].any()  # the middle of the spine has none
    torch.testing.assert_close(found[..., 21, :], x[..., 21, :] - x[..., 7, :])
    torch.testing.assert_close(found[..., 2, :], x[..., 2, :] - x[..., 20, :])
