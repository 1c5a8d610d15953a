import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample

from mmskel.models.encoders import HeatmapEncoder
from mmskel.models.encoders.heatmap import mirrored


def clips(samples=2, count=3, persons=2, frames=6, source=9, seed=0):
    """(keypoint, score, frame numbers): clips whose frames are picked from ``source`` ones."""
    rng = np.random.default_rng(seed)
    picked = rng.integers(0, source, (samples, count, frames))
    keypoint = rng.uniform(0, 20, (samples, source, persons, 17, 2))
    score = rng.uniform(0, 1, (samples, source, persons, 17))
    rows = np.arange(samples)[:, None, None]
    return tuple(torch.from_numpy(x[rows, picked].swapaxes(2, 3).astype(np.float32)) for x in (keypoint, score)) + (
        torch.from_numpy(picked), )


@pytest.mark.parametrize('stream, channels', [('joint', 17), ('limb', 17), ('joint_limb', 34)])
def test_views_are_clips_and_then_their_mirror_images(stream, channels):
    encoder = HeatmapEncoder('coco17', stream)
    keypoint, score, frames = clips()
    plain = encoder.draw(keypoint, score, (20, 24))
    assert plain.shape == (2, 3, channels, 6, 20, 24) and encoder.channels() == channels
    expected = torch.cat([plain, mirrored(plain, encoder.swap)], 1)
    for numbers in (frames, None):  # drawn once per distinct frame, or once per frame
        found = encoder.views(keypoint, score, (20, 24), numbers, mirror=True)
        assert found.is_contiguous()
        torch.testing.assert_close(found, expected, rtol=0, atol=0)
        torch.testing.assert_close(encoder.views(keypoint, score, (20, 24), numbers), plain, rtol=0, atol=0)


def test_a_frame_is_drawn_once(monkeypatch):
    keypoint, score, frames = clips(samples=1, count=10, frames=48, source=70)
    encoder, drawn = HeatmapEncoder('coco17'), []
    draw = encoder.draw
    monkeypatch.setattr(encoder, 'draw', lambda k, *rest: drawn.append(k.shape[2]) or draw(k, *rest))
    encoder.views(keypoint, score, (20, 20), frames, mirror=True)
    assert drawn == [70]


def test_batch_of_samples_with_several_numbers_of_persons():
    encoder = HeatmapEncoder('coco17')
    parts = [clips(1, 1, persons, seed=persons) for persons in (0, 1, 3)]
    samples = [ActionDataSample(metainfo=dict(img_shape=(20, 24))) for _ in parts]
    data = dict(inputs=dict(keypoint=[p[0][0] for p in parts], keypoint_score=[p[1][0] for p in parts]), data_samples=samples)
    out = encoder(data)
    assert out['inputs'].shape == (3, 1, 17, 6, 20, 24) and out['data_samples'][2].img_shape == (20, 24)
    assert not out['inputs'][0].any()
    for row, (keypoint, score, _) in zip(out['inputs'], parts):
        torch.testing.assert_close(row, encoder.draw(keypoint, score, (20, 24))[0], rtol=0, atol=0)
    samples[1].set_metainfo(dict(mirror_views=True))
    assert encoder(data)['inputs'].shape[1] == 2


def test_wrong_use_teaches():
    with pytest.raises(ValueError, match="unknown stream 'bone'; known: joint, limb, joint_limb"):
        HeatmapEncoder('coco17', 'bone')
    keypoint = torch.zeros(1, 1, 1, 25, 2)
    with pytest.raises(ValueError, match="25 joints, but the encoder's layout 'coco17' has 17"):
        HeatmapEncoder('coco17', size=(8, 8)).draw(keypoint)
    with pytest.raises(ValueError, match="need the image's size"):
        HeatmapEncoder('ntu25').draw(keypoint)
    samples = [ActionDataSample(metainfo=dict(img_shape=(8, side))) for side in (8, 9)]
    with pytest.raises(ValueError, match=r'sizes \(8, 8\), \(8, 9\)'):
        HeatmapEncoder('ntu25')(dict(inputs=dict(keypoint=[keypoint, keypoint]), data_samples=samples))


def test_exported_network_draws_the_same(tmp_path):
    onnxruntime = pytest.importorskip('onnxruntime')
    pytest.importorskip('onnxscript')

    class Exported(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = HeatmapEncoder('coco17', 'joint_limb', size=(16, 20))

        def forward(self, keypoint, score):
            return self.encoder.draw(keypoint, score)

    keypoint, score, _ = clips(1, 1, frames=3)
    torch.onnx.export(Exported().eval(), (keypoint, score), tmp_path / 'a.onnx', dynamo=True, verbose=False)
    session = onnxruntime.InferenceSession(tmp_path / 'a.onnx', providers=['CPUExecutionProvider'])
    found, = session.run(None, {one.name: value.numpy() for one, value in zip(session.get_inputs(), (keypoint, score))})
    np.testing.assert_allclose(found, Exported()(keypoint, score), rtol=0, atol=5e-6)
