"""Weights of Keras: damaged HDF5 files, and layers of other kinds, numbers and shapes."""
import numpy as np
import pytest
from fuzz.judge import Tally, judge
from fuzz.mutations import changed, damaged

from mmskel.cli import main
from mmskel.interop import keras_files

ODD = (None, 0, 'x', [], (), {}, np.ones(()), np.ones(3), np.ones((2, 2)), np.full((8, 60, 8), np.nan, np.float32), np.zeros((0, 4)),
       np.array(['a']), np.ones((1, 8, 8), np.complex64), np.ones((8, 16), bool), np.ones((2, 2, 2, 2), np.float16))


def ensemble_layers(features=60, classes=3):
    """The layers of Ensem-NN's base network."""
    def conv(width, before, channels):
        return [np.ones((width, before, channels), np.float32), np.zeros(channels, np.float32)]

    channels, layers, count = [64, 64, 128, 256], [('conv1d_1', conv(8, features, 64))], 1
    for group in range(3):
        before, after = channels[group], channels[group + 1]
        for place in range(3):
            count += 1
            layers.append((f'conv1d_{count}', conv(8, before if place == 0 else after, after)))
            layers.append((f'batch_normalization_{3 * group + place + 1}', [np.ones(after, np.float32)] * 4))
        if group:
            count += 1
            layers.append((f'conv1d_{count}', conv(1, before, after)))
    return [*layers, ('batch_normalization_10', [np.ones(256, np.float32)] * 4),
            ('dense_1', [np.ones((256, classes), np.float32), np.zeros(classes, np.float32)])]


def judged(system, folder):
    outcome = judge(lambda: main(['convert', system, 'a.h5', 'o.pth']), folder, ('a.h5', ))
    if (folder / 'o.pth').exists() != (outcome.status == 0) or (folder / 'o.py').exists() != (outcome.status == 0):
        outcome.faults.append('half of o.pth and o.py')
    return outcome


@pytest.mark.parametrize('system', ['ensemble_1dcnn', 'mans'])
def test_layers(system, inputs, rng_of, fresh, monkeypatch):
    """What a readable file may hold, whether or not the package that reads it is here."""
    tally = Tally()
    for number in inputs(20):
        rng = rng_of(number)
        layers = changed([list(layer) for layer in ensemble_layers()], rng, ODD) if number else ensemble_layers()
        sound = [(one[0], list(one[1])) for one in layers if isinstance(one, (list, tuple)) and len(one) == 2
                 and isinstance(one[0], str) and isinstance(one[1], (list, tuple))] if isinstance(layers, list) else []
        sound = [(name, [np.asarray(array) for array in arrays]) for name, arrays in sound]
        monkeypatch.setattr(keras_files, 'read_keras_file', lambda path: sound)
        outcome = judged(system, fresh({'a.h5': 'x'}))
        if number == 0 and outcome.status != (0 if system == 'ensemble_1dcnn' else 1):
            outcome.faults.append(f'the good layers: {outcome.line}')
        tally.add(outcome, f'{system} {number}')
    tally.check()


def keras_bytes(layers, path):
    h5py = pytest.importorskip('h5py', reason='h5py is not installed')
    with h5py.File(path, 'w') as file:
        file.attrs['layer_names'] = [name.encode() for name, _ in layers]
        for name, arrays in layers:
            group = file.create_group(name)
            names = [f'{name}/{place}:0' for place in range(len(arrays))]
            group.attrs['weight_names'] = [one.encode() for one in names]
            for one, array in zip(names, arrays):
                group[one] = array
    return path.read_bytes()


def test_bytes(inputs, rng_of, fresh, tmp_path):
    content = keras_bytes(ensemble_layers(), tmp_path / 'good.h5')
    assert judged('ensemble_1dcnn', fresh({'a.h5': content})).status == 0
    tally = Tally()
    for number in inputs(20):
        rng = rng_of(number)
        data = damaged(content[:4096], rng) + content[4096:] if rng.random() < .7 else damaged(content, rng)
        tally.add(judged('ensemble_1dcnn', fresh({'a.h5': data})), str(number))
    tally.check()


def test_files_that_point_to_others_are_refused(fresh, tmp_path):
    """HDF5 can take numbers from any other file of the machine: a file of weights may not."""
    h5py = pytest.importorskip('h5py', reason='h5py is not installed')
    (tmp_path / 'secret').write_bytes(bytes(range(240)) * 8)
    for kind in ('external link', 'external data', 'virtual'):
        folder = fresh({'a.h5': keras_bytes(ensemble_layers(), tmp_path / 'good.h5')})
        with h5py.File('a.h5', 'a') as file:
            group, shape = file['dense_1'], (256, 3)
            del group['dense_1/0:0']
            if kind == 'external link':
                group['dense_1/0:0'] = h5py.ExternalLink(str(tmp_path / 'good.h5'), '/dense_1/dense_1/0:0')
            elif kind == 'external data':
                group.create_dataset('dense_1/0:0', shape, 'u1', external=str(tmp_path / 'secret'))
            else:
                layout = h5py.VirtualLayout(shape, 'f4')
                layout[:] = h5py.VirtualSource(str(tmp_path / 'good.h5'), 'dense_1/dense_1/0:0', shape)
                group.create_virtual_dataset('dense_1/0:0', layout)
        outcome = judged('ensemble_1dcnn', folder)
        assert outcome.status == 1 and "'a.h5' takes 'dense_1/dense_1/0:0' from another file" in outcome.line, (kind, outcome)
