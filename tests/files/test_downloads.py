"""Downloads are whole and right, or nothing is there; a second time nothing is asked for."""
import hashlib

import pytest
from local_server import local_server

from mmskel.files.downloads import check_sum, download, promised_sum
from mmskel.files.torch_files import CheckpointError

CONTENT = bytes(range(256)) * 5000  # more than one block
SUM = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def site():
    with local_server() as one:
        one.files = {'/a/weights.pth': CONTENT, f'/net_2022-{SUM[:8]}.pth': CONTENT, '/net_2022-0123abcd.pth': CONTENT,
                     f'/pose-{SUM[:8]}_20230504.pth': CONTENT}
        yield one


def test_a_file_comes_once(site, tmp_path):
    for _ in range(2):
        path = download(f'{site.url}/a/weights.pth', tmp_path)
        assert path == tmp_path / 'weights.pth' and path.read_bytes() == CONTENT
    assert len(site.asked) == 1


def test_another_name(site, tmp_path):
    assert download(f'{site.url}/a/weights.pth', tmp_path / 'new', name='mine.pth') == tmp_path / 'new/mine.pth'


@pytest.mark.parametrize('ranges', [True, False])
def test_a_broken_connection_is_taken_up(site, tmp_path, ranges):
    site.cuts, site.ranges = [700_000, 100_000], ranges
    assert download(f'{site.url}/net_2022-{SUM[:8]}.pth', tmp_path).read_bytes() == CONTENT
    starts = [start for _, start in site.asked]
    assert starts == [0, 700_000, 800_000] if ranges else starts == [0, 0, 0]


def test_a_connection_that_keeps_breaking_leaves_nothing(site, tmp_path):
    site.cuts = [1000] * 9
    with pytest.raises(OSError, match=r"/a/weights.pth' cannot be downloaded \(the connection broke after 1000 of 1278000 "):
        download(f'{site.url}/a/weights.pth', tmp_path)
    assert len(site.asked) == 3 and not list(tmp_path.iterdir())


def test_a_wrong_checksum_is_refused(site, tmp_path):
    with pytest.raises(CheckpointError, match='is not the file that was published: its SHA-256 should begin with 0123abcd, it '
                                              f'is {SUM[:8]}'):
        download(f'{site.url}/net_2022-0123abcd.pth', tmp_path)
    with pytest.raises(CheckpointError, match='should begin with 1234'):
        download(f'{site.url}/a/weights.pth', tmp_path, sha256='1234')
    assert not list(tmp_path.iterdir())
    assert download(f'{site.url}/pose-{SUM[:8]}_20230504.pth', tmp_path).is_file()


def test_what_is_not_there(site, tmp_path):
    with pytest.raises(OSError, match='no.pth. cannot be downloaded .HTTP Error 404'):
        download(f'{site.url}/no.pth', tmp_path)
    assert len(site.asked) == 1 and not list(tmp_path.iterdir())


def test_names_with_a_checksum(tmp_path):
    named = {'stgcn_20221129-484a394a.pth': '484a394a', 'rtmpose-e48f03d0_20230504.pth': 'e48f03d0', 'epoch_20.pth': '',
             'rtmpose-74fb594_20230320.pth': '', 'c3d-20221129.pth': '20221129', 'a-b.pth': ''}
    assert {name: promised_sum(name) for name in named} == named
    (tmp_path / 'a').write_bytes(CONTENT)
    check_sum(tmp_path / 'a', '')
    check_sum(tmp_path / 'a', SUM[:8])
    with pytest.raises(CheckpointError, match="a' is not the file"):
        check_sum(tmp_path / 'a', '00000000')
