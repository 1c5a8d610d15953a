"""Crops, resizing and mirroring against the golden pipeline and against MMAction2's transforms, run here."""
import numpy as np
import pytest
import torch
from mmaction.registry import TRANSFORMS
from mmengine.dataset import Compose
from parity import load

from mmskel.data.transforms import SampleUniformly, SkeletonTransform
from mmskel.data.transforms.sampling import uniform_frames
from mmskel.models.encoders import HeatmapEncoder
from mmskel.skeleton import get_layout


def build(**config):
    return TRANSFORMS.build(config)


def sample(seed=0, persons=2, frames=5, size=(90, 130), joints=17):
    rng = np.random.default_rng(seed)
    keypoint = rng.uniform(10, 85, (persons, frames, joints, 2)).astype(np.float32)
    keypoint[0, 0, :3] = 0
    return dict(keypoint=keypoint, keypoint_score=rng.uniform(0, 1, keypoint.shape[:3]).astype(np.float32), img_shape=size,
                total_frames=frames, frame_dir='a', rng=np.random.default_rng(seed))


def theirs(config, data):
    """MMAction2's transform on a copy."""
    data = {key: value.copy() if isinstance(value, np.ndarray) else value for key, value in data.items() if key != 'rng'}
    return TRANSFORMS.build(config)(dict(data, modality='Pose'))


def test_golden_sampling():
    description, arrays, _ = load('posec3d_sampling')
    before = np.random.get_state()
    for key, options in description['model_kwargs']['outputs'].items():
        frames = uniform_frames(options['total_frames'], options['clip_len'], options['num_clips'],
                                np.random.RandomState(options['seed']), even_starts=True)
        np.testing.assert_array_equal(frames, arrays[key], key)
        keypoint = np.arange(options['total_frames'], dtype=np.float32)[None, :, None, None]
        transform = SampleUniformly(options['clip_len'], options['num_clips'], test_mode=True)
        np.testing.assert_array_equal(transform(dict(keypoint=keypoint, rng=np.random.default_rng(0)))['frame_inds'], arrays[key], key)
    assert np.random.get_state()[2] == before[2], 'the global generator was drawn from'
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])


def test_golden_pipeline():
    description, arrays, _ = load('posec3d_pipeline_kp')
    options = description['model_kwargs']
    data = dict(keypoint=arrays['in_keypoint'], keypoint_score=arrays['in_keypoint_score'],
                img_shape=tuple(arrays['in_img_shape'].tolist()), frame_dir='a')
    data = SampleUniformly(options['clip_len'], options['num_clips'], test_mode=True)(data)
    np.testing.assert_array_equal(data['frame_inds'], arrays['out_frame_inds'])
    for name, config in (('compact', dict(type='CropToPersons', hw_ratio=1)),
                         ('resize', dict(type='ResizeImage', size=options['size'])),
                         ('crop', dict(type='CropCentre', size=options['size']))):
        data = TRANSFORMS.build(config)(data)
        np.testing.assert_array_equal(data['keypoint'], arrays[f'out_keypoint_{name}'], name)
        assert data['keypoint'].dtype == np.float32
        assert tuple(data['img_shape']) == tuple(arrays[f'out_img_shape_{name}']), name
    packed = TRANSFORMS.build(dict(type='PackSkeleton', with_frames=True, mirror_views=True))(data)
    batch = dict(inputs={key: [value] for key, value in packed['inputs'].items()}, data_samples=[packed['data_samples']])
    volume = HeatmapEncoder('coco17')(batch)['inputs']
    np.testing.assert_allclose(volume[0], arrays['out_imgs'], rtol=0, atol=1e-6)
    stock = Compose([build(type='GenerateHeatmapVolume', double=True), build(type='FormatShape', input_format='NCTHW_Heatmap')])
    np.testing.assert_allclose(stock(data)['imgs'], arrays['out_imgs'], rtol=0, atol=1e-6)


@pytest.mark.parametrize('ours, published', [
    (dict(type='CropToPersons', hw_ratio=1.), dict(type='PoseCompact', hw_ratio=1.)),
    (dict(type='CropToPersons', padding=1.), dict(type='PoseCompact', padding=1.)),
    (dict(type='CropToPersons', padding=1., allow_imgpad=False), dict(type='PoseCompact', padding=1., allow_imgpad=False)),
    (dict(type='CropToPersons', hw_ratio=(2, 3)), dict(type='PoseCompact', hw_ratio=(2, 3))),
    (dict(type='CropToPersons', threshold=200), dict(type='PoseCompact', threshold=200)),
    (dict(type='ResizeImage', size=64), dict(type='Resize', scale=(-1, 64))),
    (dict(type='ResizeImage', size=(56, 48)), dict(type='Resize', scale=(48, 56), keep_ratio=False)),
    (dict(type='CropCentre', size=64), dict(type='CenterCrop', crop_size=64)),
    (dict(type='MirrorImage', layout='coco17', probability=1),
     dict(type='Flip', flip_ratio=1, left_kp=list(range(1, 17, 2)), right_kp=list(range(2, 17, 2)))),
])
@pytest.mark.parametrize('size', [(90, 130), (131, 97)])
def test_published(ours, published, size):
    data = sample(size=size)
    data['keypoint'][1, 2, 4, 0], data['keypoint'][1, 1, 6] = 0, np.nan if 'Crop' in ours['type'] else 0
    if 'Centre' in ours['type'] or 'Mirror' in ours['type'] or 'Resize' in ours['type']:
        data['keypoint'] = np.nan_to_num(data['keypoint'])
    expected = theirs(published, data)
    found = TRANSFORMS.build(ours)(dict(data))
    np.testing.assert_array_equal(found['keypoint'], expected['keypoint'].astype(np.float32))
    np.testing.assert_array_equal(found['keypoint_score'], expected['keypoint_score'])
    assert tuple(found['img_shape']) == tuple(expected['img_shape'])
    if 'CropTo' in ours['type'] and 'crop_quadruple' in expected:
        np.testing.assert_allclose(found['crop_quadruple'], expected['crop_quadruple'], rtol=1e-6)


def test_random_crop_draws_as_published_says():
    crop, boxes = build(type='CropAtRandom', area=(0.56, 1.0)), []
    for seed in range(300):
        data = crop(sample(seed, size=(64, 64)))
        boxes.append(data['img_shape'])
        assert max(data['img_shape']) <= 64
    heights, widths = np.array(boxes).T
    area = heights * widths / 64**2
    assert 0.54 < area.min() < 0.62 and area.max() > 0.9 and 0.74 < (widths / heights).min() < (widths / heights).max() < 1.35
    narrow = build(type='CropAtRandom', area=(1., 1.), aspect=(3., 3.))(sample(size=(40, 60)))
    assert narrow['img_shape'] == (40, 40)  # nothing fits: the square in the middle
    params = crop.make_params(sample(size=(64, 64)), np.random.default_rng(3))
    again = crop.make_params(sample(size=(64, 64)), np.random.default_rng(3))
    assert params == again


def test_corrected_crop_leaves_out_what_is_missing():
    data = sample(persons=1)
    data['keypoint_score'][:] = 0.5
    data['keypoint'][0, 2, 5], data['keypoint_score'][0, 2, 5] = (1200, 900), 0  # an outlier without confidence
    plain = build(type='CropToPersons')(dict(data))
    fixed = build(type='CropToPersons', corrected=True)(dict(data))
    assert plain['img_shape'][1] > 1000 > 120 > fixed['img_shape'][1]
    assert not fixed['keypoint_score'][0, 0, :3].any() and (fixed['keypoint_score'][0, 1] == 0.5).all()
    del data['keypoint_score']
    assert build(type='CropToPersons', corrected=True)(data)['keypoint_score'][0, 0].tolist() == [0] * 3 + [1] * 14


def test_nobody_at_all():
    for persons in (0, 1):
        data = dict(sample(), keypoint=np.zeros((persons, 5, 17, 2), np.float32), keypoint_score=np.zeros((persons, 5, 17)))
        for config in (dict(type='CropToPersons'), dict(type='ResizeImage', size=64), dict(type='CropCentre', size=64)):
            data = TRANSFORMS.build(config)(data)
        assert data['img_shape'] == (64, 64) and data['keypoint'].shape[0] == persons


def test_space_becomes_an_image():
    rng = np.random.default_rng(0)
    data = dict(keypoint=rng.normal(0, 1, (1, 4, 20, 3)).astype(np.float32), frame_dir='a')
    data['keypoint'][0, 0, 0] = 0
    top = data['keypoint'][0, 1, :, 1].argmax()
    found = build(type='FitIntoImage', size=100)(data)
    keypoint, (height, width) = found['keypoint'], found['img_shape']
    assert keypoint.shape == (1, 4, 20, 2) and max(height, width) == 100
    assert not keypoint[0, 0, 0].any() and found['keypoint_score'][0, 0].tolist() == [0] + [1] * 19
    seen = keypoint[(keypoint != 0).any(-1)]
    assert seen.min() >= 0.99 and (seen.max(0) <= (width, height)).all()
    assert keypoint[0, 1, :, 1].argmin() == top
    assert build(type='FitIntoImage')(dict(keypoint=np.zeros((1, 2, 20, 3), np.float32)))['img_shape'] == (2, 2)


def test_interval_of_time():
    data = dict(keypoint=np.arange(200, dtype=np.float32)[None, :, None, None], frame_dir='a')
    spans = []
    for seed in range(50):
        frames = SampleUniformly(16, 2, p_interval=(0.5, 0.7))(dict(data, rng=np.random.default_rng(seed)))['frame_inds']
        spans += [clip.max() - clip.min() for clip in frames.reshape(2, 16)]
    assert max(spans) < 140 and min(spans) > 80
    with pytest.raises(ValueError, match='p_interval'):
        SampleUniformly(16, p_interval=(0.5, 1.2))
    with pytest.raises(ValueError, match="clip 'a' has no frames"):
        SampleUniformly(16)(dict(data, keypoint=data['keypoint'][:, :0]))


def test_debug_finds_nothing(monkeypatch):
    monkeypatch.setenv('MMSKEL_DEBUG', '1')
    for config in (dict(type='CropToPersons', corrected=True), dict(type='ResizeImage', size=64),
                   dict(type='CropAtRandom'), dict(type='CropCentre', size=8), dict(type='MirrorImage', layout='coco17'),
                   dict(type='FitIntoImage')):
        transform = TRANSFORMS.build(config)
        data = sample()
        before = {key: np.copy(value) for key, value in data.items() if isinstance(value, np.ndarray)}
        given = dict(data)
        assert isinstance(transform, SkeletonTransform) and transform(dict(given))['keypoint'].dtype == np.float32
        for key, value in before.items():
            np.testing.assert_array_equal(given[key], value, f'{config} changed {key}')


def test_layouts_say_left_and_right():
    data = sample(joints=21)
    found = build(type='MirrorImage', layout='hand21', probability=1)(dict(data))
    np.testing.assert_array_equal(get_layout('hand21').swap, np.arange(21))
    np.testing.assert_allclose(found['keypoint'][1, ..., 0], 130 - data['keypoint'][1, ..., 0])
    assert torch.equal(torch.from_numpy(found['keypoint'][..., 1]), torch.from_numpy(data['keypoint'][..., 1]))
