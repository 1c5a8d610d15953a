"""The one loader: what is read, what is refused, what is taken. Nothing in a file is ever run."""
import io
import os
import pickle
import subprocess
import sys
import tarfile
import zipfile
from collections import OrderedDict

import numpy as np
import pytest
import torch
from torch import nn

from mmskel.checkpoints import CheckpointError, fill, load_checkpoint, read_checkpoint, read_data
from mmskel.files.numpy_parts import CheckedArray


class Net(nn.Module):
    """Two layers and a norm."""

    def __init__(self, classes=3):
        super().__init__()
        self.body, self.norm, self.head = nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Linear(5, classes)


def saved(path, content, **how):
    torch.save(content, path, **how)
    return path


@pytest.mark.parametrize('wrap', [lambda s: s, lambda s: dict(state_dict=s), lambda s: dict(model=s, epoch=3),
                                  lambda s: dict(model_state_dict=s),
                                  lambda s: {f'module.{key}': value for key, value in s.items()}])
def test_every_wrapping_is_taken(tmp_path, wrap):
    source, target = Net(), Net()
    loaded = load_checkpoint(target, saved(tmp_path / 'a.pth', wrap(source.state_dict())))
    assert set(loaded.taken) == set(source.state_dict()) and not loaded.new and not loaded.left
    for key, value in source.state_dict().items():
        assert torch.equal(value, target.state_dict()[key]), key


def test_what_mmengine_writes_beside_the_weights(tmp_path):
    from mmengine.logging import HistoryBuffer
    buffer = HistoryBuffer([1., 2.], [1, 1])
    path = saved(tmp_path / 'a.pth', dict(
        state_dict=Net().state_dict(), message_hub=dict(log_scalars=OrderedDict(loss=buffer)),
        meta=dict(epoch=2, config='import os; os.abort()', dataset_meta=dict(class_names=['a']), best=np.float64(.5),
                  sigmas=np.arange(6, dtype='>f4').reshape(2, 3).T, names=np.array(['a', 'bc']), none=np.zeros((0, 2)))))
    data = read_data(path)
    meta = data['meta']
    assert 'config' not in meta  # which MMEngine would run as code
    assert meta['best'] == .5 and meta['names'].tolist() == ['a', 'bc'] and meta['none'].shape == (0, 2)
    np.testing.assert_array_equal(meta['sigmas'], np.arange(6).reshape(2, 3).T)
    assert type(meta['sigmas']) is np.ndarray
    assert data['message_hub']['log_scalars']['loss'].mean() == 1.5
    torch.save(data, tmp_path / 'again.pth')
    assert read_data(tmp_path / 'again.pth')['meta']['sigmas'].dtype == np.float32
    assert read_checkpoint(path).meta['epoch'] == 2


class Reduce:
    def __init__(self, function, *arguments, state=None):
        self.call = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self):
        return self.call


def hostile(marker):
    yield Reduce(os.mkdir, marker)
    yield Reduce(np.ndarray, (10**9, ))
    yield Reduce(np.dtype, 'O')
    yield Reduce(np.dtype, 'V8')
    yield Reduce(bytes, 10**12)
    fields = (3, '|', None, ('a', ), {'a': (np.dtype('f8'), 10**6)}, 8, 1, 0)
    yield Reduce(np.dtype, 'f8', state=fields)
    yield Reduce(np.dtype, 'f8', state=(3, '<', None, None, None, 10**6, 8, 0))
    yield Reduce(np.dtype, 'f8', state=(3, '<', None, None, None, -1, -1, 63))
    array, arguments, _ = np.zeros(1).__reduce__()
    for state in ((1, (10**9, ), np.dtype('f8'), False, bytes(8)), (1, (-1, ), np.dtype('f8'), False, b''),
                  (1, (1, ), np.dtype('O'), False, ['x']), (1, (2, ), np.dtype('f8'), False, [1., 2.])):
        yield Reduce(array, *arguments, state=state)
    scalar = np.float64(1).__reduce__()[0]
    yield Reduce(scalar, np.dtype('f8'), b'1234')
    yield Reduce(scalar, np.dtype('O'), b'12345678')


def test_files_that_would_run_code_or_touch_memory(tmp_path):
    marker = tmp_path / 'ran'
    for number, evil in enumerate(hostile(str(marker))):
        path = saved(tmp_path / f'{number}.pth', dict(state_dict=Net().state_dict(), meta=dict(x=evil)))
        with pytest.raises(CheckpointError, match=f"{number}.pth' .* is not a checkpoint that can be read safely"):
            read_checkpoint(path)
            pytest.fail(f'{evil.call} was loaded')
    assert not marker.exists()


def test_the_variable_that_turns_pytorch_s_safety_off(tmp_path):
    """In a process of its own: our loader, and everything MMEngine loads."""
    marker = tmp_path / 'ran'
    saved(tmp_path / 'evil.pth', dict(state_dict={}, meta=Reduce(os.mkdir, str(marker))))
    code = ('import sys, mmskel\nfrom mmengine.runner import load_checkpoint\nfrom mmengine.runner.checkpoint import '
            'CheckpointLoader\nfrom mmskel.checkpoints import read_data\nimport torch\nfor load in (read_data, '
            'CheckpointLoader.load_checkpoint, lambda p: load_checkpoint(torch.nn.Linear(1, 1), p)):\n'
            '    try:\n        load(sys.argv[1])\n        print("loaded")\n    except ValueError as error:\n'
            '        print(type(error).__name__)\n')
    ran = subprocess.run([sys.executable, '-c', code, str(tmp_path / 'evil.pth')], capture_output=True, text=True,
                         env=dict(os.environ, TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD='1'))
    assert ran.stdout.split().count('CheckpointError') == 3, ran.stdout + ran.stderr[-2000:]
    assert not marker.exists()


def test_mmengine_reads_downloads_through_ours(tmp_path, monkeypatch):
    from mmengine.runner.checkpoint import CheckpointLoader
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    cached = tmp_path / 'hub/checkpoints/net-00000000.pth'
    cached.parent.mkdir(parents=True)
    saved(cached, dict(state_dict=Net().state_dict(), meta=Reduce(os.mkdir, str(tmp_path / 'ran'))))
    with pytest.raises(CheckpointError, match='not a checkpoint that can be read safely'):
        CheckpointLoader.load_checkpoint('https://localhost/net-00000000.pth')
    saved(cached, dict(state_dict=Net().state_dict()))
    assert set(CheckpointLoader.load_checkpoint('https://localhost/net-00000000.pth')['state_dict']) == set(Net().state_dict())
    assert load_checkpoint(Net(), 'https://localhost/net-00000000.pth').taken
    with pytest.raises(OSError, match="'http://127.0.0.1:9/no.pth' cannot be downloaded"):
        read_checkpoint('http://127.0.0.1:9/no.pth')


def quantised():
    return torch.quantize_per_tensor(torch.ones(5, 4), .1, 0, torch.qint8)


@pytest.mark.parametrize('content, message', [
    ([1, 2], 'holds list, no tensors by name'), (torch.ones(3), 'holds Tensor, no tensors'), ({}, 'holds no tensors'),
    (dict(state_dict=[1]), "'state_dict' is list"), (dict(state_dict=dict(a='text')), "'a' is str 'text'"),
    ({1: torch.ones(2)}, 'names a tensor 1'), (dict(state_dict={}, epoch=1), 'holds no tensors'),
    (dict(a=quantised()), "'a' is quantised"), (dict(a=torch.empty(5, device='meta')), "'a' is without data"),
    (dict(a=torch.eye(3).to_sparse()), "'a' is sparse"), (dict(a=torch.ones(2, dtype=torch.complex64)), 'complex64'),
    (dict(a=torch.ones(1).expand(10**6, 10**6)), r'claims 1000000000000 numbers .* holds 4 bytes'),
    (dict(a=torch.tensor([1., float('nan')])), r"'a' holds NaN or infinity \(1 of 2 numbers\)"),
    (dict(a=torch.tensor([1., float('inf')])), "'a' holds NaN or infinity"),
    (dict(state_dict=dict(a=torch.ones(1)), meta=[1]), 'the meta is list'),
    (dict(state_dict=dict(a=torch.ones(1)), meta=dict(epoch='two')), "the epoch of its meta is 'two'"),
    (dict(state_dict=dict(a=torch.ones(1)), meta=dict(dataset_meta=3)), 'the dataset_meta of its meta is int 3'),
    (dict(state_dict=dict(a=torch.ones(1)), meta=dict(dataset_meta=dict(class_names='abc'))), 'class_names of its meta'),
])
def test_odd_content_is_one_clear_line(tmp_path, content, message):
    with pytest.raises(CheckpointError, match=message) as caught:
        read_checkpoint(saved(tmp_path / 'odd.pth', content))
    assert 'odd.pth' in str(caught.value) and len(str(caught.value).splitlines()) == 1


def test_a_mask_of_minus_infinity_is_no_fault(tmp_path):
    assert read_checkpoint(saved(tmp_path / 'a.pth', dict(mask=torch.tensor([0., -torch.inf])))).state


def test_files_of_another_kind(tmp_path):
    def refused(path, message):
        with pytest.raises(CheckpointError, match=message) as caught:
            read_checkpoint(path)
        assert path.name in str(caught.value) and len(str(caught.value).splitlines()) == 1

    torch.jit.save(torch.jit.script(nn.Linear(2, 2)), str(tmp_path / 'script.pth'))
    refused(tmp_path / 'script.pth', 'TorchScript archive')
    with tarfile.open(tmp_path / 'old.tar', 'w') as archive:
        archive.addfile(tarfile.TarInfo('pickle'), io.BytesIO())
    refused(tmp_path / 'old.tar', 'tar archive, the format of PyTorch before 0.1.10')
    whole = saved(tmp_path / 'a.pth', Net().state_dict()).read_bytes()
    for name, content, message in (
            ('empty.pth', b'', 'it is empty'), ('page.pth', b'<!DOCTYPE html>', 'it is a web page'),
            ('lfs.pth', b'version https://git-lfs.github.com/spec/v1\n', 'pointer of Git LFS'),
            ('cut.pth', whole[:len(whole) // 2], 'cut off or damaged'), ('text.pth', b'hello', 'read safely'),
            ('list.pth', pickle.dumps([1]), 'no tensors by name|read safely')):
        (tmp_path / name).write_bytes(content)
        refused(tmp_path / name, message)
    refused(tmp_path / 'none.pth', 'there is no checkpoint')
    refused(tmp_path, 'there is no checkpoint')
    with pytest.raises(CheckpointError, match='there is no checkpoint'):
        read_checkpoint('a\0b.pth')
    with zipfile.ZipFile(tmp_path / 'bomb.pth', 'w', zipfile.ZIP_DEFLATED) as archive, archive.open('a/data.pkl', 'w') as part:
        for _ in range(201):
            part.write(bytes(2**20))
    refused(tmp_path / 'bomb.pth', 'would unpack to 210763776 bytes')


def test_differences_are_errors_unless_allowed(tmp_path):
    small, large = Net(), Net(7)
    checkpoint = read_checkpoint(saved(tmp_path / 'a.pth', {**small.state_dict(), 'neck.weight': torch.ones(2)}))
    with pytest.raises(CheckpointError, match=r"a.pth' is a checkpoint of another model .*2 tensors have another shape or type, "
                                              r'e.g. head.weight: \(3, 5\) float32, the model has \(7, 5\) float32'
                                              r'; 1 tensors are not of this model, e.g. neck.weight'):
        fill(large, checkpoint)
    with pytest.raises(CheckpointError, match='not of this model'):
        fill(large, checkpoint, allow=('shape', ))
    loaded = fill(large, checkpoint, allow=('shape', 'unexpected'))
    assert loaded.new == ('head.weight', 'head.bias') and loaded.left == ('neck.weight', )
    assert 'head.weight' not in loaded.taken and torch.equal(large.body.weight, small.body.weight)
    assert loaded.describe().splitlines() == ['7 tensors taken', '2 new, with initial values: head',
                                              '1 of the file not used: neck']
    half = {key: value for key, value in small.state_dict().items() if not key.startswith('head')}
    with pytest.raises(CheckpointError, match='2 tensors are missing, e.g. head.weight'):
        load_checkpoint(Net(), saved(tmp_path / 'half.pth', half))
    assert load_checkpoint(Net(), tmp_path / 'half.pth', allow=('missing', )).new == ('head.weight', 'head.bias')
    whole_numbers = {**small.state_dict(), 'head.bias': torch.ones(3, dtype=torch.int64)}
    with pytest.raises(CheckpointError, match='head.bias: .3,. int64'):
        load_checkpoint(Net(), saved(tmp_path / 'int.pth', whole_numbers))
    with pytest.raises(ValueError, match="unknown difference 'all'; known: missing, unexpected, shape"):
        fill(large, checkpoint, allow=('all', ))


def test_nothing_taken_is_refused(tmp_path):
    path = saved(tmp_path / 'detector.pth', dict(state_dict={'neck.conv.weight': torch.ones(3)}))
    with pytest.raises(CheckpointError, match="detector.pth' has nothing for this model: .* e.g. neck.conv.weight; the model "
                                              'has e.g. body.weight'):
        load_checkpoint(Net(), path, allow=('missing', 'unexpected', 'shape'))


def test_prefixes_carry_an_encoder_over(tmp_path):
    source, target = Net(), nn.ModuleDict(dict(backbone=Net()))
    path = saved(tmp_path / 'a.pth', {f'encoder.{key}': value for key, value in source.state_dict().items()})
    loaded = load_checkpoint(target, path, prefixes={'encoder.': 'backbone.'})
    assert torch.equal(target['backbone'].head.bias, source.head.bias) and not loaded.new
    loaded = load_checkpoint(target, path, allow=('missing', ), prefixes={'encoder.body.': 'backbone.body.'})
    assert {'backbone.body.weight', 'backbone.body.bias'} <= set(loaded.taken) and 'encoder.head.bias' in loaded.left


def test_norms_need_no_counters(tmp_path):
    state = {key: value for key, value in Net().state_dict().items() if not key.endswith('num_batches_tracked')}
    assert not load_checkpoint(Net(), saved(tmp_path / 'a.pth', state)).new


def test_arrays_of_a_file_are_copied_and_saved_as_plain_ones():
    import copy
    array = np.ndarray.__new__(CheckedArray, (2, ), 'f4')
    assert type(copy.deepcopy(array)) is np.ndarray
    assert type(pickle.loads(pickle.dumps(array))) is np.ndarray
