"""MANs and Ensem-NN against the published code: all outputs of all goldens, gradients, preprocessing, Keras' files."""
import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from parity import load, relative_error
from reference.ensemble_1dcnn import BaseReference
from reference.mans import MANsReference
from torch.nn import functional

from mmskel.interop import ConversionError, build_published, convert_checkpoint
from mmskel.interop.keras_files import ensemble_state, mans_state

GOLDEN = ['mans_torch_gru', 'mans_keras_gru', *(f'ensemble_1dcnn_{network}' for network in (
    'base', 'two_stream', 'body_part', 'attention', 'frame_difference'))]


@pytest.fixture(params=GOLDEN)
def golden(request):
    description, arrays, state = load(request.param)
    return description, arrays, state, build_published(description['system'], description['model_kwargs'], state).eval()


def test_outputs_and_gradients(golden):
    description, arrays, state, model = golden
    inputs = [torch.from_numpy(arrays[key]) for key in arrays if key.startswith('in_') and key != 'in_label']
    found = model(*inputs)
    expected = {key for key in arrays if key.startswith('out_')}
    assert set(found) == expected
    for key in expected:
        assert found[key].shape == arrays[key].shape and relative_error(found[key].detach(), arrays[key]) < 1e-5, key
    functional.nll_loss(found['out_prob'].log(), torch.from_numpy(arrays['in_label'])).backward()
    gradients = model.published_gradients()
    for key in (key for key in arrays if key.startswith('grad_')):
        assert relative_error(gradients[key.removeprefix('grad_')], arrays[key]) < 1e-5, key
    assert model.published_parameters() == description['n_params'] == sum(p.numel() for p in model.parameters())
    for key, value in model.published_state().items():
        np.testing.assert_array_equal(value.numpy(), state[key], err_msg=key)


def test_the_published_frame_attention_gets_gradients_of_zero():
    description, arrays, state = load('ensemble_1dcnn_attention')
    model = build_published('ensemble_1dcnn', description['model_kwargs'], state)
    model(torch.from_numpy(arrays['in_x']))['out_prob'].log().mean().backward()
    gradients = model.published_gradients()
    assert all(not gradients[f'blocks.{group}.att.{layer}.weight'].any() for group in range(3) for layer in (0, 2))
    assert gradients['input_att.0.weight'].any()


@pytest.mark.parametrize('system', ['mans+ensemble_1dcnn', 'MANs', 'ensemble-1dcnn'])
def test_preprocessing(system):
    _, arrays, _ = load('mans_ensemble_preprocess')
    part = build_published(system, {}, {})
    found = part(*(torch.from_numpy(arrays[key]) for key in arrays if key.startswith('in_')))
    for key in (key for key in arrays if key.startswith('out_')):
        assert found[key].shape == arrays[key].shape
        np.testing.assert_allclose(found[key].numpy(), arrays[key], rtol=1e-5, atol=1e-6, err_msg=key)


def keras(state, kinds):
    """The layers of a Keras file with a state dict's numbers; ``kinds``: (kind, our name) in the order of making."""
    layers, counted = [], {}
    for kind, name in kinds:
        counted[kind] = counted.get(kind, 0) + 1
        part = {key[len(name) + 1:]: value.numpy() for key, value in state.items() if key.startswith(f'{name}.')}
        if kind == 'bidirectional':
            arrays = []
            for direction in ('', '_reverse'):
                for leaf in ('weight_ih', 'weight_hh', 'bias_ih'):
                    reset, update, new = np.split(part[f'{leaf}_l0{direction}'], 3)
                    arrays.append(np.concatenate([update, reset, new]).T)
        elif kind == 'batch_normalization':
            arrays = [part[leaf] for leaf in ('weight', 'bias', 'running_mean', 'running_var')]
        else:
            arrays = [np.moveaxis(part['weight'], (0, 1), (-1, -2)), part['bias']]
        layers.append((f'{kind}_{counted[kind]}', arrays))
    return layers


def test_a_keras_file_of_the_base_network():
    torch.manual_seed(0)
    plain = BaseReference(60, 7).eval()
    kinds = [('conv1d', 'stem')]
    for group in range(3):
        kinds += [pair for place in range(3) for pair in (('conv1d', f'blocks.{group}.{place}.conv'),
                                                          ('batch_normalization', f'blocks.{group}.{place}.bn'))]
        kinds += [('conv1d', f'blocks.{group}.down')] * (group > 0)
    kinds += [('batch_normalization', 'norm'), ('dense', 'fc')]
    state = ensemble_state(keras(plain.state_dict(), kinds))
    assert set(state) == {key for key in plain.state_dict() if not key.endswith('num_batches_tracked')}
    x = torch.randn(2, 45, 60)
    model = build_published('ensemble_1dcnn', dict(feat_dim=60, n_classes=7), state).eval()
    torch.testing.assert_close(model(x)['out_logits0'], plain(x))
    with pytest.raises(ConversionError, match='9 convolutions wider than 1; expected 10, 20 or 50'):
        ensemble_state(keras(plain.state_dict(), kinds[1:]))


def test_a_keras_file_of_mans():
    _, _, state = load('mans_keras_gru')
    state = {key: torch.from_numpy(value) for key, value in state.items()}
    kinds = [pair for i in range(3) for pair in (('time_distributed', f'tarm.{i}.embed'), ('bidirectional', f'tarm.{i}.gru'),
                                                 ('time_distributed', f'tarm.{i}.proj'))]
    kinds += [('conv2d', 'stem.conv'), ('batch_normalization', 'stem.bn')]
    for stage, block in ((0, 0), (0, 1), (1, 0), (1, 1)):
        name = f'stages.{stage}.{block}'
        kinds += [('batch_normalization', f'{name}.bn1')] * ((stage, block) != (0, 0))
        kinds += [('conv2d', f'{name}.conv1'), ('batch_normalization', f'{name}.bn2'), ('conv2d', f'{name}.conv2')]
        kinds += [('conv2d', f'{name}.down')] * ((stage, block) == (1, 0))
    layers = keras(state, [*kinds, ('batch_normalization', 'norm'), ('dense', 'fc')])
    # the classifier's number starts again, since it is of another kind; it was made last
    found = mans_state(layers)
    assert set(found) == set(state)
    for key, value in found.items():
        assert '.att.' in key or torch.equal(value, state[key]), key


def test_files_become_checkpoints_and_configs_that_say_what_was_assumed(tmp_path):
    from mmskel.checkpoints import load_checkpoint
    torch.manual_seed(0)
    for system, plain, x in (('mans', MANsReference(48, 40, 16, 7), torch.randn(2, 48, 40, 3)),
                             ('ensemble_1dcnn', BaseReference(60, 7), torch.randn(2, 20, 60))):
        torch.save(plain.eval().state_dict(), tmp_path / f'{system}_official.pt')
        config = Config.fromfile(convert_checkpoint(system, tmp_path / f'{system}_official.pt', tmp_path / f'{system}.pth'))
        assert config.model.backbone.layout == 'kinect20' and 'kinect20' in str(config.assumed)
        init_default_scope('mmaction')
        model = MODELS.build(config.model).eval()
        load_checkpoint(model, tmp_path / f'{system}.pth')
        persons = config.model.backbone.num_person
        clip = x.unflatten(2, (persons, 20)) if x.ndim == 4 else x.unflatten(2, (persons, 20, 3))
        torch.testing.assert_close(model.cls_head(model.backbone(clip.transpose(1, 2))), plain(x), rtol=1e-4, atol=1e-5)


def test_wrong_files_are_refused(tmp_path):
    torch.save({'fc.weight': torch.zeros(2, 2)}, tmp_path / 'a.pt')
    with pytest.raises(ConversionError, match="a.pt.*not a MANs"):
        convert_checkpoint('mans', tmp_path / 'a.pt', tmp_path / 'o.pth')
    with pytest.raises(ConversionError, match="a.pt.*not a network of the ensemble"):
        convert_checkpoint('ensemble_1dcnn', tmp_path / 'a.pt', tmp_path / 'o.pth')
    with pytest.raises(ConversionError, match='unknown constructor arguments width'):
        build_published('mans', dict(width=3), {'fc.weight': np.zeros((2, 2))})
    with pytest.raises(ConversionError, match="77 features.*name 'layout' and 'num_person'"):
        build_published('ensemble_1dcnn', dict(feat_dim=77), {'fc.weight': np.zeros((2, 2))})
    (tmp_path / 'a.h5').write_bytes(b'none')
    with pytest.raises(ConversionError, match="a.h5' is a file of Keras, but st_gcn was written for PyTorch"):
        convert_checkpoint('st_gcn', tmp_path / 'a.h5', tmp_path / 'o.pth')
    with pytest.raises(ConversionError, match="a.h5' (is a file of Keras, which needs the package h5py|holds no weights)"):
        convert_checkpoint('mans', tmp_path / 'a.h5', tmp_path / 'o.pth')
    assert not (tmp_path / 'o.pth').exists()


def test_a_real_keras_file(tmp_path):
    h5py = pytest.importorskip('h5py', reason='h5py is not installed')
    from mmskel.interop.keras_files import read_keras_file
    with h5py.File(tmp_path / 'a.h5', 'w') as file:
        file.attrs['layer_names'] = [b'conv1d_10', b'conv1d_2', b'input_1']
        for name, weights in (('conv1d_10', [b'conv1d_10/kernel:0']), ('conv1d_2', [b'conv1d_2/kernel:0']), ('input_1', [])):
            file.create_group(name).attrs['weight_names'] = weights
            for weight in weights:
                file[name][weight.decode()] = np.ones((8, 2, 3))
    assert [name for name, _ in read_keras_file(tmp_path / 'a.h5')] == ['conv1d_2', 'conv1d_10']
