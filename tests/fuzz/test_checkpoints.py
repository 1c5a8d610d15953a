"""Checkpoints of odd structure, and damaged ones: refused by name, or used as a whole."""
import io
import pickle

import pytest
import torch
from fuzz.judge import Tally, judge, reading
from fuzz.mutations import changed, damaged
from fuzz.samples import flat_file, torch_file

from mmskel.cli import main
from mmskel.skeleton import LAYOUTS, partition

ODD = (None, 0, 1.5, 'x', [], {}, (), b'x', torch.ones(()), torch.ones(3), torch.full((2, 2), torch.nan), torch.ones(0),
       torch.quantize_per_tensor(torch.ones(2), 1., 0, torch.qint8), torch.ones(2, device='meta'), torch.ones(2, 2).to_sparse(),
       torch.ones(2, dtype=torch.complex64), torch.ones(2, dtype=torch.bool), torch.ones(2, dtype=torch.int64),
       torch.ones(4, 8, 1, 1), torch.ones(1).expand(1000), torch.nn.Parameter(torch.ones(2)), {'a': torch.ones(2)}, 10 ** 30)


def content(network, rng):
    data = torch.load(network[1], weights_only=True)
    if rng.random() < .4:
        return damaged(network[1].read_bytes(), rng)
    if rng.random() < .5:
        data = dict(state_dict=data['state_dict'], meta=changed(dict(data['meta'], seed=1, cfg='a = 1'), rng))
    else:
        data = changed(dict(data), rng, ODD)
    try:
        return torch_file(data)
    except Exception:  # what cannot be written cannot be read
        return torch_file(dict(state_dict=[1]))


def test_predict(network, inputs, rng_of, fresh):
    tally = Tally()
    for number in inputs(30):
        folder = fresh({'a.pkl': pickle.dumps(flat_file()), 'c.pth': content(network, rng_of(number))})
        outcome = judge(lambda: main(['predict', 'a.pkl', '--config', str(network[0]), '--checkpoint', 'c.pth', '--device',
                                      'cpu', '--save', 'p.json']), folder, ('c.pth', ))
        if (folder / 'p.json').exists() != (outcome.status == 0):
            outcome.faults.append('p.json')
        if 'nan' in outcome.printed:
            outcome.faults.append('NaN is printed')
        tally.add(outcome, str(number))
    tally.check()


@pytest.mark.parametrize('system', ['st_gcn', 'skateformer', 'hd_gcn', 'posec3d', 'mp_gcn', 'stc_net', 'cascadeformer',
                                    'ctr_gcn', 'pyskl'])
def test_convert(system, network, inputs, rng_of, fresh):
    tally = Tally()
    for number in inputs(8):
        folder = fresh({'c.pth': content(network, rng_of(number))})
        outcome = judge(lambda: main(['convert', system, 'c.pth', 'o.pth']), folder, ('c.pth', ))
        if (folder / 'o.pth').exists() != (outcome.status == 0) or (folder / 'o.py').exists() != (outcome.status == 0):
            outcome.faults.append('half of o.pth and o.py')
        tally.add(outcome, f'{system} {number}')
    tally.check()


def test_official_st_gcn(inputs, rng_of, fresh):
    """Near misses of a published file: tensors that are missing, of another shape or type."""
    state = _published_st_gcn()
    tally = Tally()
    for number in inputs(12):
        rng = rng_of(number)
        broken = changed(dict(state), rng, ODD)
        folder = fresh({'c.pth': torch_file(broken)})
        outcome = judge(lambda: main(['convert', 'st_gcn', 'c.pth', 'o.pth']), folder, ('c.pth', ))
        if (folder / 'o.pth').exists() != (outcome.status == 0):
            outcome.faults.append('o.pth')
        tally.add(outcome, str(number))
    tally.check()


def _published_st_gcn():
    """Tensors with the names and shapes of the official network."""
    shapes = {'A': (3, 18, 18), 'data_bn.weight': (54, ), 'data_bn.bias': (54, ), 'data_bn.running_mean': (54, ),
              'data_bn.running_var': (54, ), 'fcn.weight': (4, 256, 1, 1), 'fcn.bias': (4, )}
    widths = [(3, 64), (64, 64), (64, 64), (64, 64), (64, 128), (128, 128), (128, 128), (128, 256), (256, 256), (256, 256)]
    for i, (a, b) in enumerate(widths):
        at = f'st_gcn_networks.{i}.'
        shapes |= {f'{at}gcn.conv.weight': (3 * b, a, 1, 1), f'{at}gcn.conv.bias': (3 * b, ), f'edge_importance.{i}': (3, 18, 18),
                   f'{at}tcn.2.weight': (b, b, 9, 1), f'{at}tcn.2.bias': (b, )}
        norms = [f'{at}tcn.0.', f'{at}tcn.3.']
        if i and a != b:
            shapes |= {f'{at}residual.0.weight': (b, a, 1, 1), f'{at}residual.0.bias': (b, )}
            norms.append(f'{at}residual.1.')
        for norm in norms:
            shapes |= {f'{norm}{name}': (b, ) for name in ('weight', 'bias', 'running_mean', 'running_var')}
    graph = torch.tensor(partition(LAYOUTS['openpose18'], 'spatial'), dtype=torch.float32)
    return {name: graph if name == 'A' else torch.ones(shape) for name, shape in shapes.items()}


def test_official_sample_is_good(fresh):
    folder = fresh({'c.pth': torch_file(_published_st_gcn())})
    outcome = judge(lambda: main(['convert', 'st_gcn', 'c.pth', 'o.pth']), folder)
    assert outcome.status == 0 and (folder / 'o.pth').exists(), outcome


def test_aligners(inputs, rng_of, fresh, tmp_path):
    from mmskel.models.zero_shot import build_aligner, load_aligner, save_aligner
    config = dict(type='LinearAligner', skeleton_channels=16, text_channels=10)
    save_aligner(tmp_path / 'a.pth', build_aligner(config), config, dict(class_names=['x'], unseen=[0]), torch.ones(1, 10))
    good = (tmp_path / 'a.pth').read_bytes()
    tally = Tally()
    for number in inputs(40):
        rng = rng_of(number)
        if rng.random() < .5:
            data = damaged(good, rng)
        else:
            data = torch_file(changed(torch.load(io.BytesIO(good), weights_only=True), rng, ODD[:14]))
        folder = fresh({'al.pth': data})
        tally.add(judge(reading(lambda: load_aligner('al.pth')), folder, ('al.pth', )), str(number))
    tally.check()


def test_folders_of_sa_dvae(inputs, rng_of, fresh):
    """Four files that belong together: one of them damaged, of another shape, or missing."""
    shapes = {'se.mu.0': (9, 12), 'se.logvar.0': (9, 12), 'sd.model.0': (12, 9), 'te.mu.0': (6, 20), 'te.logvar.0': (6, 20),
              'td.model.0': (20, 6)}
    good = {}
    for half in ('se', 'sd', 'te', 'td'):
        good[half] = {f'{key.partition(".")[2]}.{leaf}': torch.ones(shape if leaf == 'weight' else shape[:1])
                      for key, shape in shapes.items() if key.startswith(half) for leaf in ('weight', 'bias')}
    files = {f'p/{half}_9.pth.tar': torch_file(dict(epoch=1, state_dict=state)) for half, state in good.items()}
    folder = fresh(files)
    assert judge(lambda: main(['convert', 'sa_dvae', 'p', 'o.pth']), folder).status == 0
    tally = Tally()
    for number in inputs(24):
        rng = rng_of(number)
        half, broken = rng.choice(list(good)), dict(files)
        name = f'p/{half}_9.pth.tar'
        if rng.random() < .4:
            broken[name] = damaged(files[name], rng)
        elif rng.random() < .1:
            del broken[name]
        else:
            broken[name] = torch_file(dict(state_dict=changed(dict(good[half]), rng, ODD)))
        folder = fresh(broken)
        outcome = judge(lambda: main(['convert', 'sa_dvae', rng.choice(('p', name)), 'o.pth']), folder, ("'p", name))
        if (folder / 'o.pth').exists() != (outcome.status == 0):
            outcome.faults.append('o.pth')
        tally.add(outcome, str(number))
    tally.check()
