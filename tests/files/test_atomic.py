import os
import stat

import pytest

from mmskel.files.atomic import atomic_path


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
