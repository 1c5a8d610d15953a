"""SKEL's and SMPL's goldens: forward, bones, gradients, stage terms and masks, the fit, a pickle of chumpy objects."""
import numpy as np
import pytest
import torch
from parity import load

from mmskel.interop import ConversionError, build_published, convert_checkpoint


def model_state(arrays):
    return {key: value for key, value in arrays.items() if key.startswith('model_')}


def run(name):
    description, arrays, _ = load(name)
    state = model_state(arrays)
    if name == 'skel_align':
        state = {**model_state(load('skel_small')[1]), **state}
    part = build_published(description['system'], description['model_kwargs'], state)
    return arrays, part, part(*[torch.from_numpy(arrays[key]) for key in arrays if key.startswith('in_')])


@pytest.mark.parametrize('name', ['skel_small', 'skel_bones', 'skel_align', 'smpl_lbs'])
def test_outputs_and_gradients(name):
    torch.manual_seed(0)
    arrays, part, found = run(name)
    wanted = [key for key in arrays if key.startswith('out_') and not key.startswith('out_fit_')]
    assert wanted and part.published_parameters() == 0
    for key in wanted:
        value = found[key].detach().numpy()
        assert value.shape == arrays[key].shape, key
        np.testing.assert_allclose(value, arrays[key], rtol=1e-4, atol=2e-5, err_msg=key)
    gradients, listed = part.published_gradients(), [key for key in arrays if key.startswith('grad_')]
    assert listed
    for key in listed:
        value, expected = gradients[key.removeprefix('grad_')].numpy(), arrays[key]
        assert np.abs(value - expected).max() < 1e-4 * np.abs(expected).max(), key
    if name == 'skel_align':
        assert found['out_fit_mean_vertex_error'] <= 1.05 * arrays['out_fit_mean_vertex_error']
        apart = np.linalg.norm(found['out_fit_joints'].numpy() - arrays['out_fit_joints'], axis=-1)
        assert apart.mean() < 5e-3 and np.median(apart) < 3e-3
        assert np.abs(np.diff(found['out_fit_poses'].numpy(), axis=0)).max() <= np.pi + 1e-5


def test_what_cannot_be_built_is_refused(tmp_path):
    state = model_state(load('skel_small')[1])
    with pytest.raises(ConversionError, match="only poses_type='skel'"):
        build_published('SKEL', dict(poses_type='bsm'), state)
    with pytest.raises(ConversionError, match='unknown arguments beta'):
        build_published('SKEL', dict(beta=1), state)
    with pytest.raises(ValueError, match="'the state' is neither an SMPL model"):
        build_published('SKEL', {}, {})
    with pytest.raises(ConversionError, match='needs no conversion'):
        convert_checkpoint('skel', tmp_path / 'skel_male.pkl', tmp_path / 'skel.pth')
