"""The goldens of motion capture: network, heat maps, losses, visibility, gradients; TensorFlow names; conversion."""
import numpy as np
import pytest
import torch
from parity import draw, load, relative_error

from mmskel.body.capture.files import load_network
from mmskel.files.errors import UserError
from mmskel.interop import ConversionError, build_published, convert_checkpoint

NET, LOSSES = 'motion_capture_net', 'motion_capture_losses'


def run(name):
    description, arrays, state = load(name)
    state = {**state, **{key: value for key, value in arrays.items() if key.startswith(('buf_', 'model_'))}}
    part = build_published(description['system'], description['model_kwargs'], state)
    return description, arrays, part, part(*[torch.from_numpy(arrays[key]) for key in arrays if key.startswith('in_')])


@pytest.mark.parametrize('name', [NET, LOSSES])
def test_outputs_and_gradients(name):
    description, arrays, part, found = run(name)
    wanted = [key for key in arrays if key.startswith('out_')]
    assert wanted and part.published_parameters() == description['n_params']
    for key in wanted:
        value = found[key].detach().numpy()
        assert value.shape == arrays[key].shape and value.dtype == arrays[key].dtype, key
        if value.dtype == bool:
            np.testing.assert_array_equal(value, arrays[key], err_msg=key)
        else:
            # published distances are roots of differences of large squares in single precision, D7
            assert relative_error(value, arrays[key]) < (2e-3 if key.startswith('out_model_') else 1e-4), key
    gradients, listed = part.published_gradients(), [key for key in arrays if key.startswith('grad_')]
    assert len(listed) > 3
    for key in listed:
        value = gradients[key.removeprefix('grad_')]
        assert value.shape == arrays[key].shape, key
        # single precision of the published side: batch statistics of two images amplify its rounding
        assert relative_error(value, arrays[key]) < (5e-3 if name == NET else 3e-4), key


def small_state(width=2, side=2):
    """The variables of a narrow network of another crop."""
    shapes = {}
    for key, shape in load(NET)[0]['manifest'].items():
        shape = [width * n // 32 if n >= 32 and ('/g_h' in key or '/g_bn' in key) else n for n in shape]
        shapes[key] = [16 * width * side**2 + 1, 1024] if key.endswith('g_fc6/Matrix') else shape
    return {key: draw(key, tuple(shape)) for key, shape in shapes.items()}


def test_names_and_order_survive_both_ways():
    state = small_state()
    part = build_published('Motion-Capture', {}, state)
    assert part.model.size == 64 and not part.running
    back = part.published_state()
    assert set(back) == set(state)
    for key, value in back.items():
        np.testing.assert_array_equal(value.numpy(), state[key], err_msg=key)


def test_a_numpy_archive_becomes_a_network(tmp_path):
    state = small_state()
    np.savez(tmp_path / 'a.npz', **{f'{key}:0': value for key, value in state.items()},
             **{'3D_mesh_Interpretor/f_h1_conv/w:0': np.zeros(3, np.float32), 'beta1_power:0': np.float32(0.5)})
    target = convert_checkpoint('motion_capture', tmp_path / 'a.npz', tmp_path / 'a.pth')
    network, meta = load_network(target)
    assert meta['source'] == 'a.npz' and network.size == 64
    np.testing.assert_array_equal(network.shift.weight.detach().numpy().T, state['3D_mesh_Interpretor/T12_params_2/Matrix'])


def test_what_cannot_be_built_is_refused(tmp_path):
    state = small_state()
    with pytest.raises(ConversionError, match='unknown arguments depth'):
        build_published('motion_capture', dict(depth=1), state)
    with pytest.raises(ConversionError, match='knows 7 alone'):
        build_published('motion_capture', dict(gWidth=9), state)
    with pytest.raises(ConversionError, match='1 tensors that are missing, e.g. shift.bias'):
        build_published('motion_capture', {}, {key: value for key, value in state.items() if 'T12_params_2/bias' not in key})
    with pytest.raises(ConversionError, match='variables it does not know, e.g. other'):
        build_published('motion_capture', {}, dict(state, other=np.zeros(1)))
    np.savez(tmp_path / 'b.npz', a=np.zeros(3))
    with pytest.raises(UserError, match=r"b.npz': motion_capture: no '3D_mesh_Interpretor"):
        convert_checkpoint('motion_capture', tmp_path / 'b.npz', tmp_path / 'b.pth')
