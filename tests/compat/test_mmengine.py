"""mmengine: checkpoints load safely, packages are found without pkg_resources."""
import os
import pickle
import sys
import types
from importlib import metadata

import numpy as np
import pytest
import torch

from mmskel.compat import mmengine as repairs


@pytest.fixture(scope='module')
def history_buffer(repaired):
    from mmengine.logging import HistoryBuffer
    if torch.__version__ < (2, 6):
        pytest.skip('this torch does not load safely by default')
    return HistoryBuffer


def test_training_checkpoint_loads(history_buffer, tmp_path):
    buffer = history_buffer([1., 2., 6.], [1, 1, 1])
    sent = dict(
        message_hub=dict(log_scalars={'train/loss': buffer}, runtime_info=dict(epoch=1)),
        meta=dict(sigmas=np.array([.1, .2], np.float32), seen=np.int64(3), ok=np.bool_(True),
                  best=np.float64(.5), none=np.zeros((0, 2))),
        state_dict=dict(weight=torch.ones(2)))
    torch.save(sent, tmp_path / 'epoch_1.pth')
    got = torch.load(tmp_path / 'epoch_1.pth')
    loss = got['message_hub']['log_scalars']['train/loss']
    assert [loss.statistics(name) for name in ('min', 'max', 'mean', 'current')] == [1, 6, 3, 6]
    assert got['meta']['sigmas'].dtype == np.float32
    assert (got['meta']['sigmas'] == sent['meta']['sigmas']).all()
    assert got['meta']['none'].shape == (0, 2)
    assert (got['meta']['seen'], got['meta']['ok'], got['meta']['best']) == (3, True, .5)


@pytest.mark.parametrize('written, read', [(b'numpy._core', b'numpy.core'),
                                           (b'numpy.core', b'numpy._core')])
def test_checkpoint_of_the_other_numpy_loads(history_buffer, tmp_path, written, read):
    path = tmp_path / 'checkpoint.pth'
    torch.save(dict(loss=history_buffer([1.], [1]), scalar=np.float64(2)), path,
               _use_new_zipfile_serialization=False)
    content = path.read_bytes()
    if written in content:
        path.write_bytes(content.replace(written + b'.multiarray', read + b'.multiarray'))
    got = torch.load(path)
    assert got['loss'].current() == 1 and got['scalar'] == 2


class Reduce:
    """Pickles as a call of ``function`` with ``args``."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


def crafted(marker):
    """Pickles that try to reach code by way of what the repair allows."""
    from mmengine.logging import HistoryBuffer
    yield 'a call', Reduce(os.mkdir, marker)
    yield 'private attribute', Reduce(getattr, HistoryBuffer, '__init__')
    yield 'registering', Reduce(getattr, HistoryBuffer, 'register_statistics')
    yield 'missing attribute', Reduce(getattr, HistoryBuffer, 'no_such')
    yield 'attribute of a string', Reduce(getattr, 'text', 'format')
    yield 'attribute of an array', Reduce(getattr, np.ones(1), 'tofile')
    yield 'attribute of a type', Reduce(getattr, np.ndarray, 'tofile')
    yield 'attribute of a buffer', Reduce(getattr, HistoryBuffer(), 'update')


def test_crafted_checkpoints_are_refused(history_buffer, tmp_path):
    marker = tmp_path / 'ran'
    for name, evil in crafted(str(marker)):
        torch.save(dict(x=evil), tmp_path / 'evil.pth')
        with pytest.raises(pickle.UnpicklingError, match='refused to load|is blocked'):
            torch.load(tmp_path / 'evil.pth')
            pytest.fail(f'{name} was loaded')
        assert not marker.exists(), name


def test_a_statistic_cannot_be_called_while_loading(history_buffer, tmp_path):
    """GLOBAL getattr, (HistoryBuffer, 'update'), REDUCE, then REDUCE again on what came back."""
    path = tmp_path / 'evil.pth'
    torch.save(dict(x=0), path, _use_new_zipfile_serialization=False)
    opcodes = (b'\x80\x02c__builtin__\ngetattr\nc' + history_buffer.__module__.encode() +
               b'\nHistoryBuffer\nX\x06\x00\x00\x00update\x86R)R.')
    content = path.read_bytes()
    start = content.rindex(b'\x80\x02}')
    path.write_bytes(content[:start] + opcodes)
    with pytest.raises(pickle.UnpicklingError, match='reduce for unrecognized function'):
        torch.load(path)


def test_torch_load_is_untouched(history_buffer):
    assert torch.load.__module__ == 'torch.serialization'


def test_look_up(tmp_path, monkeypatch):
    assert repairs.is_installed('numpy') and repairs.is_installed('json')
    assert not repairs.is_installed('no_such_package')
    assert repairs.package2module('mmaction2') == 'mmaction'
    assert repairs.get_installed_path('mmaction2').endswith('mmaction')
    assert repairs.get_installed_path('json') == os.path.dirname(sys.modules['json'].__file__)
    with pytest.raises(metadata.PackageNotFoundError):
        repairs.get_installed_path('no_such_package')


def test_look_up_of_an_editable_install(tmp_path, monkeypatch):
    """Its metadata lies in one folder, the module in another."""
    site, source = tmp_path / 'site', tmp_path / 'source'
    (site / 'toy_kit-1.0.dist-info').mkdir(parents=True)
    (site / 'toy_kit-1.0.dist-info/METADATA').write_text('Name: toy-kit\nVersion: 1.0\n')
    (source / 'toymodule').mkdir(parents=True)
    (source / 'toymodule/__init__.py').touch()
    (source / 'toy_space').mkdir()
    for folder in (site, source):
        monkeypatch.syspath_prepend(folder)
    with pytest.raises(ValueError, match='toy-kit.*top_level.txt'):
        repairs.get_installed_path('toy-kit')
    (site / 'toy_kit-1.0.dist-info/top_level.txt').write_text('toymodule\n')
    assert repairs.get_installed_path('toy-kit') == str(source / 'toymodule')
    with pytest.raises(RuntimeError, match='namespace package'):
        repairs.get_installed_path('toy_space')
    assert not repairs.is_installed('toy_space')


def test_look_up_is_repaired_for_an_editable_mmskel(tmp_path, monkeypatch):
    """pkg_resources believes that the module lies beside its metadata."""

    def is_installed():
        import pkg_resources
        return pkg_resources

    module = types.SimpleNamespace(is_installed=is_installed)
    (tmp_path / 'pkg_resources.py').touch()
    (tmp_path / 'mmskel-1.0.dist-info').mkdir()
    (tmp_path / 'mmskel-1.0.dist-info/METADATA').write_text('Name: mmskel\nVersion: 1.0\n')
    monkeypatch.syspath_prepend(tmp_path)
    assert repairs._uses_no_pkg_resources(module) == ''
    (tmp_path / 'mmskel').mkdir()
    assert 'pkg_resources is installed' in repairs._uses_no_pkg_resources(module)
    module.is_installed = repairs.is_installed
    assert 'no longer uses' in repairs._uses_no_pkg_resources(module)
