"""Clips of several lengths in one batch."""
import torch
from mmaction.registry import MODELS


def clip(frames, seed):
    torch.manual_seed(seed)
    return torch.randn(1, 1, frames, 13, 2)


def test_zeros_follow_the_shorter_clips():
    encoder = MODELS.build(dict(type='PaddedStreamEncoder', layout='penn13'))
    clips = [clip(4, 0), clip(6, 1)]
    out = encoder(dict(inputs=dict(keypoint=clips)))['inputs']
    assert out.shape == (2, 1, 1, 6, 13, 2)
    torch.testing.assert_close(out[0, :, :, :4], clips[0])
    assert not out[0, :, :, 4:].any() and torch.equal(out[1], clips[1])


def test_scores_are_padded_too_and_equal_lengths_are_the_plain_encoders():
    encoder, plain = (MODELS.build(dict(type=name, layout='penn13', stream='bone', with_score=True))
                      for name in ('PaddedStreamEncoder', 'StreamEncoder'))
    clips, scores = [clip(4, 0), clip(6, 1)], [torch.rand(1, 1, 4, 13), torch.rand(1, 1, 6, 13)]
    out = encoder(dict(inputs=dict(keypoint=clips, keypoint_score=scores)))['inputs']
    assert out.shape[-1] == 3 and not out[0, :, :, 4:].any()
    alike = dict(inputs=dict(keypoint=[clips[1], clips[1]], keypoint_score=[scores[1], scores[1]]))
    assert torch.equal(encoder(alike)['inputs'], plain(alike)['inputs'])
