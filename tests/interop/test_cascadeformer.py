"""The official CascadeFormer: golden files, and checkpoints of four files."""
import shutil

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from parity import load, relative_error
from reference.cascadeformer import CascadeFormerReference

from mmskel import cli
from mmskel.apis.training import load_weights
from mmskel.interop import ConversionError, build_published, convert_checkpoint

GOLDEN = [f'cascadeformer_{name}' for name in ('1_0_ntu', '1_0_penn', '1_0_pretrain_penn', '1_1_ntu', '1_2_penn')]
# raw pixels saturate the first softmax: these gradients are rounding noise even in the golden files (of the largest entry)
NOISY = {('cascadeformer_1_0_penn', 't1.pos_embedding_slice'): 1e-2, ('cascadeformer_1_0_penn', 't1.embedding.bias'): 5e-4,
         ('cascadeformer_1_0_penn', 't1.transformer_encoder.layers.0.self_attn.in_proj_bias'): 3e-4,
         ('cascadeformer_1_2_penn', 't1.spatial_transformer.joint_embedding.weight'): 2.4e-3}


def inputs(arrays):
    return [torch.from_numpy(value) for key, value in arrays.items() if key.startswith('in_')]


def compare(outputs, arrays, tolerance=1e-5):
    for key, expected in arrays.items():
        if key.startswith('out_'):
            found = outputs[key].detach().numpy()
            assert found.shape == expected.shape, key
            if expected.dtype.kind == 'i' or not expected.any():
                np.testing.assert_array_equal(found, expected, err_msg=key)
            else:
                assert relative_error(found, expected) < tolerance, key


@pytest.mark.parametrize('name', GOLDEN)
def test_golden(name):
    description, arrays, state = load(name)
    for spelling in (description['system'], 'cascade_former'):
        model = build_published(spelling, description['model_kwargs'], state).eval()
    outputs = model(*inputs(arrays))
    compare(outputs, arrays)
    outputs['out_loss'].backward()
    gradients = model.published_gradients()
    for key in (key.removeprefix('grad_') for key in arrays if key.startswith('grad_')):
        noise = NOISY.get((name, key), 1e-5)
        assert relative_error(gradients[key], arrays[f'grad_{key}']) < 3 * noise, key
    assert model.published_parameters() == description['n_params'] == sum(p.numel() for p in model.parameters())
    back = model.published_state()
    assert set(back) == set(state)
    for key, value in back.items():
        np.testing.assert_array_equal(value.numpy(), state[key], err_msg=key)


def test_golden_data():
    _, arrays, _ = load('cascadeformer_data')
    compare(build_published('CascadeFormer', {}, {})(*inputs(arrays)), arrays, 1e-6)


def official(folder, prefix, version, joints, coords, classes, width=256, heads=8, ntu=False):
    """The four files of a model, and the model."""
    torch.manual_seed(0)
    plain = CascadeFormerReference(version, joints, coords, classes, width, heads, 1, ntu).eval()
    folder.mkdir(exist_ok=True)
    for name, module in (('T1', plain.t1), ('T2', plain.t2), ('cross_attn', plain.cross_attn), ('head', plain.gait_head)):
        torch.save(module.state_dict(), folder / f'{prefix}_finetuned_{name}.pt')
    torch.save(plain.t1.state_dict(), folder / f'{prefix}_pretrained.pt')
    return plain


@pytest.mark.parametrize('prefix, version, joints, coords, classes, width, heads, ntu', [
    ('Penn', '1.0', 13, 2, 15, 256, 8, False), ('NUCLA', '1.1', 20, 3, 10, 256, 8, False),
    ('NTU', '1.2 ntu', 25, 3, 60, 800, 16, True)])
def test_four_files_become_checkpoint_and_config(tmp_path, prefix, version, joints, coords, classes, width, heads, ntu, capsys):
    plain = official(tmp_path / 'files', prefix, version, joints, coords, classes, width, heads, ntu)
    assert cli.main(['convert', 'cascadeformer', str(tmp_path / 'files'), str(tmp_path / 'ours.pth')]) == 0
    assert f'nhead={heads}: the published models of {width} channels have as many heads' in capsys.readouterr().out
    init_default_scope('mmaction')
    config = Config.fromfile(tmp_path / 'ours.py')
    model = MODELS.build(config.model).eval()
    load_weights(model, tmp_path / 'ours.pth')
    x = torch.randn(2, 9, joints, coords)
    clips = torch.zeros_like(x)
    clips[:, :, model.backbone.order] = x  # published arrays have an order of their own; clips have the layout's
    with torch.no_grad():
        found = model(clips[:, None, None], stage='head', mode='tensor')
        assert relative_error(found, plain(x).numpy()) < 1e-5


def test_pretrained_file(tmp_path):
    plain = official(tmp_path / 'files', 'NUCLA', '1.1', 20, 3, 10)
    config = convert_checkpoint('cascadeformer', tmp_path / 'files/NUCLA_pretrained.pt', tmp_path / 'ours.pth')
    init_default_scope('mmaction')
    model = MODELS.build(Config.fromfile(config).model).eval()
    load_weights(model, tmp_path / 'ours.pth')
    x = torch.randn(2, 9, 20, 3)
    with torch.no_grad():
        torch.testing.assert_close(model.backbone.encode_frames(x), plain.t1(x), rtol=1e-4, atol=1e-5)


def test_which_four_files_are_meant(tmp_path):
    folder = tmp_path / 'files'
    official(folder, 'Penn', '1.0', 13, 2, 15)
    official(folder, 'NUCLA', '1.1', 20, 3, 10)
    with pytest.raises(ConversionError, match=r'holds 2 files \*_T1.pt \(NUCLA_finetuned, Penn_finetuned\); name one'):
        convert_checkpoint('cascadeformer', folder, tmp_path / 'o.pth')
    config = convert_checkpoint('cascadeformer', folder / 'Penn_finetuned_head.pt', tmp_path / 'o.pth')
    assert Config.fromfile(config).model.backbone.layout == 'penn13'
    (folder / 'Penn_finetuned_T2.pt').unlink()
    with pytest.raises(ConversionError, match='has no Penn_finetuned_T2.pt; a model is four files'):
        convert_checkpoint('cascadeformer', folder / 'Penn_finetuned_T1.pt', tmp_path / 'o.pth')
    shutil.rmtree(folder)
    folder.mkdir()
    with pytest.raises(ConversionError, match=r'holds 0 files \*_T1.pt \(nothing\)'):
        convert_checkpoint('cascadeformer', folder, tmp_path / 'o.pth')


def test_wrong_checkpoints_are_refused(tmp_path):
    description, _, state = load('cascadeformer_1_1_ntu')
    arguments = description['model_kwargs']
    with pytest.raises(ConversionError, match='1 keys it does not know, e.g. t1.joint_conv.4.bias'):
        build_published('cascadeformer', arguments, {**state, 't1.joint_conv.4.bias': np.zeros(3)})
    missing = 't2.encoder.layers.1.norm2.bias'
    with pytest.raises(ConversionError, match='1 tensors that are missing, e.g. backbone.t2.layers.1.norm2.bias'):
        build_published('cascadeformer', arguments, {k: v for k, v in state.items() if k != missing})
    with pytest.raises(ConversionError, match='do not fit'):
        build_published('cascadeformer', dict(arguments, num_classes=61), state)
    with pytest.raises(ConversionError, match='unknown constructor arguments heads'):
        build_published('cascadeformer', dict(arguments, heads=4), state)
    with pytest.raises(ConversionError, match='17 joints with 3 coordinates; known: 13 with 2'):
        build_published('cascadeformer', dict(arguments, num_joints=17), state)
    torch.save({'pos_embedding': torch.zeros(1, 8, 100), 'reconstruction_head.weight': torch.zeros(26, 100)}, tmp_path / 'a.pt')
    with pytest.raises(ConversionError, match='100 channels.*No tensor shows the number of heads'):
        convert_checkpoint('cascadeformer', tmp_path / 'a.pt', tmp_path / 'o.pth')
    torch.save({'A': torch.zeros(3, 25, 25), 'fcn.weight': torch.zeros(1)}, tmp_path / 'st_gcn.pt')
    with pytest.raises(ConversionError, match="st_gcn.pt.*not a CascadeFormer"):
        convert_checkpoint('cascadeformer', tmp_path / 'st_gcn.pt', tmp_path / 'o.pth')
    assert not (tmp_path / 'o.pth').exists()
