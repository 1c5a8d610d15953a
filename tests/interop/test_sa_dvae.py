"""SA-DVAE's goldens: networks, training loop, gate; and the official files."""
import numpy as np
import pytest
import torch
from parity import load, relative_error

from mmskel.cli import main
from mmskel.interop import ConversionError, build_published, convert_checkpoint
from mmskel.models.zero_shot import load_aligner

GOLDEN = ['sa_dvae_gating', 'sa_dvae_ntu60', 'sa_dvae_ntu60_train']


def run(name):
    description, arrays, state = load(name)
    model = build_published('sa_dvae', description['model_kwargs'], state)
    return description, arrays, model, model(*[torch.from_numpy(arrays[k]) for k in arrays if k.startswith('in_')])


@pytest.mark.parametrize('name', GOLDEN)
def test_outputs(name):
    description, arrays, model, found = run(name)
    wanted = [key for key in arrays if key.startswith('out_')]
    assert wanted and model.published_parameters() == description['n_params']
    for key in wanted:
        assert found[key].shape == arrays[key].shape, key
        assert relative_error(found[key].detach(), arrays[key]) < 1e-5, key
    with torch.no_grad():  # and again: a second call begins where the first began
        again = model(*[torch.from_numpy(arrays[k]) for k in arrays if k.startswith('in_')])
    assert all(torch.equal(again[key], found[key]) for key in wanted)


def test_gradients():
    _, arrays, model, found = run('sa_dvae_ntu60')
    # neither loss leaves gradients of the other's: one after the other, without zeroing between
    found['out_loss_total'].backward()
    assert not any(key.startswith('dis.') for key in model.published_gradients())
    found['out_loss_dis'].backward()
    gradients = model.published_gradients()
    for key in arrays:
        if 'grad_' in key:
            assert relative_error(gradients[key.removeprefix('dis_').removeprefix('grad_')], arrays[key]) < 1e-5, key
    assert gradients['se.mu.0.weight'].shape == (168, 256)


def test_other_sizes_and_what_is_not_saved():
    rng = np.random.default_rng(0)
    shapes = {'se.mu.0': (9, 12), 'se.logvar.0': (9, 12), 'sd.model.0': (12, 9), 'te.mu.0': (6, 20), 'te.logvar.0': (6, 20),
              'td.model.0': (20, 6)}
    state = {f'{key}.{leaf}': rng.standard_normal(shape if leaf == 'weight' else shape[:1]).astype(np.float32)
             for key, shape in shapes.items() for leaf in ('weight', 'bias')}
    arguments = dict(vis_emb_input_size=12, text_emb_input_size=20, latent_size=6, i_latent_size=3, ss=4)
    model = build_published('sa_dvae', arguments, state)
    assert model.published_parameters() == sum(value.size for value in state.values())
    for key, value in model.published_state().items():
        np.testing.assert_array_equal(value, state[key])
    with pytest.raises(ConversionError, match='tensors that are missing, e.g. aligner.text_encoder.bias'):
        build_published('sa_dvae', arguments, {k: v for k, v in state.items() if not k.startswith('te.mu')})
    with pytest.raises(ConversionError, match='1 keys it does not know, e.g. se.mu.3.weight'):
        build_published('sa_dvae', arguments, {**state, 'se.mu.3.weight': np.zeros(3)})
    with pytest.raises(ConversionError, match='do not fit'):
        build_published('sa_dvae', dict(arguments, latent_size=7), state)
    with pytest.raises(ConversionError, match='lack ss'):
        build_published('sa_dvae', {k: v for k, v in arguments.items() if k != 'ss'}, state)
    with pytest.raises(ConversionError, match='unknown constructor arguments depth'):
        build_published('sa_dvae', dict(arguments, depth=2), state)


@pytest.mark.parametrize('t, th, expected', [(2, 50, (2, 0.5)), ('search 1..9', 0, None), (0, 40, (None, 0.4))])
def test_gate_with_fixed_numbers(t, th, expected):
    description, arrays, _ = load('sa_dvae_gating')
    found = build_published('sa_dvae', dict(description['model_kwargs'], t=t, th=th), {})(
        *[torch.from_numpy(arrays[k]) for k in list(arrays)[:9]])
    assert not any('fixed' in key for key in found), 'no rows of a fit were given'
    temperature, threshold = expected or (arrays['out_search_temp'], arrays['out_search_thresh'])
    assert float(found['out_search_thresh']) == threshold
    assert temperature is None or float(found['out_search_temp']) == temperature


def official_folder(folder, classifier=True):
    """The files of two cycles as the official code names them."""
    _, _, state = load('sa_dvae_ntu60')
    for cycle, factor in ((1699, 0.5), (16999, 1.)):
        for half in ('se', 'sd', 'te', 'td'):
            part = {key.removeprefix(f'{half}.'): torch.from_numpy(value) * factor for key, value in state.items()
                    if key.startswith(f'{half}.')}
            torch.save(dict(epoch=cycle + 1, state_dict=part), folder / f'{half}_{cycle}.pth.tar')
    return state


def test_official_files_become_an_aligner(tmp_path, capsys):
    state = official_folder(tmp_path)
    assert main(['convert', 'sa_dvae', str(tmp_path), str(tmp_path / 'ours.pth')]) == 0
    assert capsys.readouterr().out == f'wrote {tmp_path}/ours.pth\n'
    aligner, meta, texts = load_aligner(tmp_path / 'ours.pth')
    assert texts is None and meta['source'] == 'se_16999.pth.tar' and meta['model']['style_channels'] == 8
    np.testing.assert_array_equal(aligner.skeleton_encoder.weight[1].detach(), state['se.logvar.0.weight'])
    convert_checkpoint('sa_dvae', tmp_path / 'se_1699.pth.tar', tmp_path / 'first.pth')
    np.testing.assert_allclose(load_aligner(tmp_path / 'first.pth')[0].text_decoder.bias.detach(),
                               state['td.model.0.bias'] / 2)
    (tmp_path / 'te_16999.pth.tar').unlink()
    with pytest.raises(ConversionError, match='there is no .*te_16999.pth.tar.*of one cycle belong together'):
        convert_checkpoint('sa_dvae', tmp_path, tmp_path / 'ours2.pth')
    with pytest.raises(ConversionError, match="no file se_NUMBER.pth.tar"):
        convert_checkpoint('sa_dvae', tmp_path / 'nowhere', tmp_path / 'ours2.pth')
    assert not (tmp_path / 'ours2.pth').exists()
