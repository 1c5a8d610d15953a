import os
import stat
import subprocess
import sys

import pytest

from mmskel.files.atomic import atomic_path, output_path
from mmskel.files.errors import OutputError


def test_the_file_appears_whole_with_the_usual_rights(tmp_path):
    target = tmp_path / 'new' / 'file.pkl'
    with atomic_path(target) as temporary:
        assert temporary.suffix == '.pkl' and temporary.parent == target.parent
        temporary.write_bytes(b'half')
        assert not target.exists()
        temporary.write_bytes(b'whole')
    assert target.read_bytes() == b'whole'
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(target.stat().st_mode) == 0o666 & ~mask
    assert list(target.parent.iterdir()) == [target]


def test_an_error_leaves_the_old_file_and_no_rubbish(tmp_path):
    target = tmp_path / 'file.pkl'
    target.write_bytes(b'old')
    with pytest.raises(KeyboardInterrupt), atomic_path(target) as temporary:
        temporary.write_bytes(b'half')
        raise KeyboardInterrupt
    assert target.read_bytes() == b'old'
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize('make, message', [
    (lambda path: path.mkdir(), 'it is a folder'),
    (os.mkfifo, 'a device or pipe'),
    (lambda path: path.symlink_to(path), 'cannot write'),
    (lambda path: path.symlink_to('/dev/zero'), 'a device or pipe'),
], ids=['folder', 'pipe', 'loop', 'device'])
def test_what_is_no_file_is_not_replaced(tmp_path, make, message):
    make(tmp_path / 'out.html')
    with pytest.raises(OutputError, match=message), atomic_path(tmp_path / 'out.html'):
        pytest.fail('nothing may be written')
    assert list(tmp_path.iterdir()) == [tmp_path / 'out.html']


def test_links_and_modes_stay(tmp_path):
    (tmp_path / 'real').mkdir()
    target = tmp_path / 'real' / 'file.json'
    target.write_text('old')
    target.chmod(0o600)
    (tmp_path / 'link.json').symlink_to(target)
    with atomic_path(tmp_path / 'link.json') as temporary:
        assert temporary.parent == target.parent
        temporary.write_text('new')
    assert (tmp_path / 'link.json').is_symlink() and target.read_text() == 'new'
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_an_input_is_not_overwritten(tmp_path):
    source = tmp_path / 'weights.pth'
    source.write_text('weights')
    (tmp_path / 'other.pth').symlink_to(source)
    assert output_path(tmp_path / 'new.pth', source) == tmp_path / 'new.pth'
    for out in (source, tmp_path / 'other.pth', tmp_path / '.' / 'weights.pth'):
        with pytest.raises(OutputError, match='would be overwritten'):
            output_path(out, source)
    with pytest.raises(OutputError, match="weights.pth' is a file, not a folder"):
        output_path(source / 'deep' / 'new.pth')
    with pytest.raises(OutputError, match='cannot write'):
        output_path('a\0b')


def test_what_a_killed_process_left_is_removed(tmp_path):
    code = ('import os, sys\nfrom mmskel.files.atomic import atomic_path\n'
            'with atomic_path(sys.argv[1]) as temporary:\n    temporary.write_text("half")\n    os.kill(os.getpid(), 9)')
    subprocess.run([sys.executable, '-c', code, str(tmp_path / 'out.json')])
    left, = tmp_path.iterdir()
    with atomic_path(tmp_path / 'out.json') as temporary:
        temporary.write_text('whole')
    assert left.exists()  # another process may still be writing it
    os.utime(left, (0, 0))
    with atomic_path(tmp_path / 'out.json') as temporary:
        temporary.write_text('whole')
    assert [path.name for path in tmp_path.iterdir()] == ['out.json']
