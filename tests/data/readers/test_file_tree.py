import zipfile

import pytest

from mmskel.data.readers import ReadError
from mmskel.data.readers.file_tree import FileTree


def packed(path, **members):
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(f'{name}.txt', text)
    return path


def test_a_truncated_archive_in_a_folder_is_no_loose_file(tmp_path):
    """It held half of the data set, which was then prepared without a word."""
    whole = packed(tmp_path / 'a.zip', one='1', two='2').read_bytes()
    packed(tmp_path / 'b.zip', three='3')
    assert list(FileTree(tmp_path).below('.txt')) == ['one.txt', 'three.txt', 'two.txt']
    (tmp_path / 'a.zip').write_bytes(whole[:-40])
    with pytest.raises(ReadError, match=r"a.zip' .* is not a zip archive.*cut off"):
        FileTree(tmp_path)


def test_two_members_of_one_name_are_refused(tmp_path):
    with pytest.warns(UserWarning), zipfile.ZipFile(tmp_path / 'a.zip', 'w') as archive:
        archive.writestr('one.txt', '1')
        archive.writestr('one.txt', '2')
    with pytest.raises(ReadError, match="two files called 'one.txt'"):
        FileTree(tmp_path / 'a.zip')


def test_archives_of_one_name_in_two_folders(tmp_path):
    for folder in ('x', 'y'):
        (tmp_path / folder).mkdir()
        packed(tmp_path / folder / 'a.zip', **{folder: folder})
    tree = FileTree(tmp_path)
    assert {name: tree.read(place) for name, place in tree.named('.+').items()} == {'x.txt': b'x', 'y.txt': b'y'}


def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr('mmskel.data.readers.file_tree._BOMB', (1000, 20))
    tree = FileTree(packed(tmp_path / 'a.zip', bomb='0' * 10**5, small='0' * 900))
    assert len(tree.read('a.zip/small.txt')) == 900
    with pytest.raises(ReadError, match='would unpack'):
        tree.read('a.zip/bomb.txt')


def test_damage_within_a_member_is_named(tmp_path):
    path = packed(tmp_path / 'a.zip', one='the text of a file that is long enough to be packed' * 20)
    data = bytearray(path.read_bytes())
    data[45] ^= 0xff
    path.write_bytes(data)
    with pytest.raises(ReadError, match="a.zip/one.txt' cannot be read"):
        FileTree(path).read('a.zip/one.txt')
