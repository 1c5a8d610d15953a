import zipfile

import pytest

from mmskel.data.readers import READERS, FileTree, ReadError, options_of


@pytest.mark.parametrize('name', READERS)
def test_every_option_is_described_and_has_a_default_of_its_kind(name):
    kinds = dict(flag=bool, number=(int, float), text=str, path=str)
    for item in options_of(READERS[name]).values():
        assert item.help and item.kind in kinds
        assert item.default is None or isinstance(item.default, kinds[item.kind])
        assert not item.choices or item.default in item.choices
    assert READERS[name].what and READERS[name].__doc__


@pytest.mark.parametrize('name', READERS)
def test_a_missing_or_empty_source_is_named(name, tmp_path):
    options = dict(labels='labels.csv', layout='coco17') if name == 'numpy' else {}
    with pytest.raises(FileNotFoundError, match='nowhere'):
        READERS[name](tmp_path / 'nowhere', **options)
    if name not in ('pickle', 'group_scenes'):  # files
        with pytest.raises(ReadError, match='expected a folder of' if name == 'amass' else 'expected a folder or zip archive'):
            READERS[name](tmp_path, **options)


def test_folder_archive_and_archive_in_a_folder_are_one_thing(tmp_path):
    folder = tmp_path / 'data'
    (folder / 'deep' / 'er').mkdir(parents=True)
    (folder / 'deep' / 'er' / 'b.txt').write_text('loose b')
    (folder / '.hidden.txt').write_text('no')
    with zipfile.ZipFile(folder / 'more.zip', 'w') as archive:
        archive.writestr('some/a.txt', 'packed a')
        archive.writestr('b.txt', 'packed b')
        archive.writestr('__MACOSX/some/c.txt', 'no')
    tree = FileTree(folder)
    places = tree.named(r'.+\.txt')
    assert {name: tree.read_text(place) for name, place in places.items()} == {'a.txt': 'packed a', 'b.txt': 'loose b'}
    tree.close()
    tree = FileTree(folder / 'more.zip')
    assert sorted(tree.named('.+')) == ['a.txt', 'b.txt'] and tree.others(r'a\.txt') == ['more.zip/b.txt']
    tree.close()


def test_two_files_of_one_name_are_both_named(tmp_path):
    for place in ('x', 'y'):
        (tmp_path / place).mkdir()
        (tmp_path / place / 'a.txt').write_text('a')
    with pytest.raises(ReadError, match="'x/a.txt' and 'y/a.txt'"):
        FileTree(tmp_path).named('.+')


def test_a_cut_off_or_damaged_archive_is_named(tmp_path):
    path = tmp_path / 'all.zip'
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('a.txt', 'a' * 100)
    whole = path.read_bytes()
    path.write_bytes(whole[:60])
    with pytest.raises(ReadError, match=r'all\.zip.*not a zip archive'):
        FileTree(path)
    path.write_bytes(whole.replace(b'a' * 100, b'b' * 100))
    tree = FileTree(path)
    with pytest.raises(ReadError, match=r'all\.zip/a\.txt.*CRC'):
        tree.read('all.zip/a.txt')
    tree.close()
