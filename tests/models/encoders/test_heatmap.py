"""Heatmap volumes against the golden files and against MMAction2's own transform, run here."""
import numpy as np
import pytest
import torch
from mmaction.datasets.transforms import GeneratePoseTarget
from mmaction.registry import TRANSFORMS
from parity import load

from mmskel.models.encoders.heatmap import heatmap_volume, limb_swap, mirrored
from mmskel.skeleton import get_layout

# a power function squares single numbers in MMAction2's loop, and rounds one in a thousand otherwise than a product does
LIMB_ERROR = 3e-6
LIMBS = get_layout('coco17').limbs
DEFAULT_LIMBS = GeneratePoseTarget().skeletons


def golden(name):
    description, arrays, _ = load(name)
    keypoint = torch.from_numpy(arrays['in_keypoint'])[None]
    score = torch.from_numpy(arrays['in_keypoint_score'])[None]
    return description['model_kwargs']['outputs'], keypoint, score, arrays['in_img_shape'].tolist(), arrays


def sample(rng, persons=2, frames=7, size=(40, 53), joints=17):
    """Joints inside and outside of the image, missing ones, short limbs, small scores."""
    keypoint = rng.uniform(-12, 65, (persons, frames, joints, 2)).astype(np.float32)
    keypoint[:, :, 5] = keypoint[:, :, 7] + rng.uniform(-.6, .6, (persons, frames, 2))
    keypoint[:, :, 9] = np.round(keypoint[:, :, 9])
    keypoint[0, 1, 3] = 0
    score = rng.choice([0, 5e-5, 5e-4, .3, .9, 1.4], (persons, frames, joints)).astype(np.float32)
    return dict(keypoint=keypoint, keypoint_score=score, img_shape=size)


def published(data, **options):
    """(C, T, H, W), by MMAction2."""
    data = {key: value.copy() if isinstance(value, np.ndarray) else value for key, value in data.items()}
    return GeneratePoseTarget(**options).transform(data)['imgs'].swapaxes(0, 1)


def ours(data, **options):
    keypoint, score = (torch.from_numpy(data[key])[None] for key in ('keypoint', 'keypoint_score'))
    return heatmap_volume(keypoint, score, data['img_shape'], **options)[0].numpy()


@pytest.mark.parametrize('name', ['posec3d_heatmap_kp', 'posec3d_heatmap_limb'])
def test_golden(name):
    outputs, keypoint, score, size, arrays = golden(name)
    for key, options in outputs.items():
        found = heatmap_volume(keypoint, score if options['use_score'] else None, size, sigma=options['sigma'],
                               joints=options['with_kp'], limbs=options.get('skeletons', ()))
        assert found.dtype == torch.float32 and found.is_contiguous()
        np.testing.assert_allclose(found[0].transpose(0, 1), arrays[key], rtol=0, atol=1e-6)


@pytest.mark.parametrize('options', [dict(), dict(sigma=0.7, scaling=0.25), dict(sigma=1.1), dict(sigma=0.5, scaling=1.7)])
@pytest.mark.parametrize('seed', range(1, 4))
def test_joints_are_mmactions_to_the_last_bit(options, seed):
    data = sample(np.random.default_rng(seed), persons=seed)
    np.testing.assert_array_equal(ours(data, **options), published(data, **options))


@pytest.mark.parametrize('limbs', [LIMBS, DEFAULT_LIMBS])
@pytest.mark.parametrize('options', [dict(), dict(sigma=0.7, scaling=0.25)])
def test_limbs_are_mmactions(options, limbs):
    data = sample(np.random.default_rng(0), persons=3)
    expected = published(data, with_kp=False, with_limb=True, skeletons=limbs, **options)
    np.testing.assert_allclose(ours(data, joints=False, limbs=limbs, **options), expected, rtol=0, atol=LIMB_ERROR)


def test_joints_and_limbs_do_not_share_channels():
    data = sample(np.random.default_rng(0))
    both = ours(data, limbs=LIMBS)
    np.testing.assert_array_equal(both[:17], ours(data))
    np.testing.assert_array_equal(both[17:], ours(data, joints=False, limbs=LIMBS))


@pytest.mark.parametrize('layout', ['hand21', 'ntu25', 'coco_wholebody133'])
def test_any_layout(layout):
    table = get_layout(layout)
    data = sample(np.random.default_rng(1), frames=2, joints=table.num_joints)
    volume = ours(data, limbs=table.limbs)
    assert volume.shape == (table.num_joints + len(table.limbs), 2, 40, 53)
    np.testing.assert_allclose(volume[table.num_joints:], published(data, with_kp=False, with_limb=True,
                                                                    skeletons=table.limbs), rtol=0, atol=LIMB_ERROR)


def test_batches_do_not_mix():
    parts = [sample(np.random.default_rng(seed)) for seed in range(3)]
    batch = heatmap_volume(*(torch.from_numpy(np.stack([part[key] for part in parts]))
                             for key in ('keypoint', 'keypoint_score')), parts[0]['img_shape'], limbs=LIMBS)
    for row, part in zip(batch, parts):
        np.testing.assert_array_equal(row, ours(part, limbs=LIMBS))


def test_nobody_and_nan_are_empty():
    assert not heatmap_volume(torch.zeros(2, 0, 3, 17, 2), torch.zeros(2, 0, 3, 17), (8, 8), limbs=LIMBS).any()
    keypoint, score = torch.full((1, 1, 1, 17, 2), torch.nan), torch.ones(1, 1, 1, 17)
    assert not heatmap_volume(keypoint, score, (8, 8), limbs=LIMBS).any()
    assert not heatmap_volume(torch.ones_like(keypoint), score * torch.nan, (8, 8), limbs=LIMBS).any()
    keypoint[..., 5, :] = 4.  # one end of limbs whose other is NaN
    assert heatmap_volume(keypoint, score, (8, 8), limbs=LIMBS).sum((0, 2, 3, 4)).nonzero().flatten().tolist() == [5]
    assert torch.isfinite(heatmap_volume(keypoint.fill_(torch.inf), score, (8, 8), limbs=LIMBS)).all()


def test_mirror_is_that_of_the_released_lists():
    swap = limb_swap(LIMBS, get_layout('coco17').swap)
    left, right = (0, 2, 3, 6, 7, 8, 12, 14), (1, 4, 5, 9, 10, 11, 13, 15)
    assert [swap[limb] for limb in left] == list(right) and [swap[limb] for limb in right] == list(left)
    assert swap[16] == 16
    data = sample(np.random.default_rng(2))
    expected = published(data, with_kp=False, with_limb=True, skeletons=LIMBS, double=True, left_limb=left, right_limb=right)
    volume = torch.from_numpy(ours(data, joints=False, limbs=LIMBS))
    np.testing.assert_allclose(torch.cat([volume, mirrored(volume, torch.tensor(swap))], 1), expected, rtol=0, atol=LIMB_ERROR)


@pytest.mark.parametrize('options', [dict(), dict(double=True), dict(use_score=False), dict(scaling=0.25, sigma=0.7)])
def test_stock_transform_by_another_name(options):
    data = sample(np.random.default_rng(3))
    transform = TRANSFORMS.build(dict(type='GenerateHeatmapVolume', **options))
    np.testing.assert_array_equal(transform(dict(data))['imgs'].swapaxes(0, 1), published(data, **options))
    limbs = dict(with_kp=False, with_limb=True, skeletons=DEFAULT_LIMBS, **options)
    np.testing.assert_allclose(TRANSFORMS.build(dict(type='GenerateHeatmapVolume', **limbs))(dict(data))['imgs'],
                               published(data, **limbs).swapaxes(0, 1), rtol=0, atol=LIMB_ERROR)
    both = TRANSFORMS.build(dict(type='GenerateHeatmapVolume', with_limb=True, **options))(dict(data, imgs=0))
    assert both['imgs'] == 0 and both['heatmap_imgs'].shape[1] == 34


def test_dense_form_for_export_is_the_same():
    from mmskel.models.encoders import heatmap
    for seed in range(3):
        data = sample(np.random.default_rng(seed))
        keypoint, score = (torch.from_numpy(data[key])[None] for key in ('keypoint', 'keypoint_score'))
        score = score * (score >= 1e-4)
        dense = heatmap._dense(keypoint, score, data['img_shape'], 0.6, True, torch.tensor(LIMBS).T)
        np.testing.assert_allclose(dense[0], ours(data, limbs=LIMBS), rtol=0, atol=5e-6)


def test_wrong_use_teaches():
    with pytest.raises(ValueError, match=r'keypoints \(N, M, T, V, 2\), not of \(1, 2, 3\)'):
        heatmap_volume(torch.zeros(1, 2, 3), None, (8, 8))
    with pytest.raises(ValueError, match='do not fit'):
        heatmap_volume(torch.zeros(1, 1, 1, 3, 2), torch.zeros(1, 1, 1, 4), (8, 8))
    with pytest.raises(ValueError, match='neither joints nor limbs'):
        heatmap_volume(torch.zeros(1, 1, 1, 3, 2), None, (8, 8), joints=False)
    with pytest.raises(ValueError, match='in pairs'):
        TRANSFORMS.build(dict(type='GenerateHeatmapVolume', left_kp=(1, 2), right_kp=(3, )))
