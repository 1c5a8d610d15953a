import pytest

from mmskel.video.listing import classes_of, list_videos, splits_of
from mmskel.video.sources import VideoError


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b'x')


def test_folders_are_classes_and_outermost_splits(tmp_path):
    touch(tmp_path, 'train/wave/a.mp4', 'train/sit/b.AVI', 'test/wave/c.mp4', 'test/wave/notes.txt', 'test/wave/.x.mp4')
    items = list_videos(tmp_path)
    assert [(i.id, i.label, i.split) for i in items] == [
        ('test/wave/c', 'wave', 'test'), ('train/sit/b', 'sit', 'train'), ('train/wave/a', 'wave', 'train')]
    assert classes_of(items) == ({'sit': 0, 'wave': 1}, ['sit', 'wave'])
    assert splits_of(items) == dict(train=['train/sit/b', 'train/wave/a'], test=['test/wave/c'])


def test_one_video_a_flat_folder_and_a_list(tmp_path):
    touch(tmp_path, 'b.mp4', 'a.mkv')
    assert [(i.id, i.label, i.split) for i in list_videos(tmp_path)] == [('a', '', ''), ('b', '', '')]
    assert [i.id for i in list_videos(tmp_path / 'b.mp4')] == ['b']
    (tmp_path / 'list.txt').write_text('# two\n\nb.mp4\na.mkv\n')
    assert [i.id for i in list_videos(tmp_path / 'list.txt')] == ['a', 'b'] and splits_of(list_videos(tmp_path)) == {}


def test_a_table_has_the_last_word(tmp_path):
    touch(tmp_path / 'v', 'x/a.mp4', 'x/b.mp4')
    (tmp_path / 'l.csv').write_text('path,label,split\nx/b.mp4,run,val\nx/a.mp4,walk,\n')
    assert [(i.id, i.label, i.split) for i in list_videos(tmp_path / 'v', tmp_path / 'l.csv')] == [
        ('x/a', 'walk', ''), ('x/b', 'run', 'val')]


@pytest.mark.parametrize('table, message', [
    ('id,label\nx/a,walk\n', "1 videos have no row, e.g. 'x/b'"),
    ('id,label\nx/a,walk\nx/b,run\nx/c,run\n', "1 rows name no video, e.g. 'x/c'"),
    ('name,class\nx/a,walk\n', 'expected a header with id or path, label, each once; found name,class'), ('', 'found nothing')])
def test_tables_that_do_not_fit(tmp_path, table, message):
    touch(tmp_path / 'v', 'x/a.mp4', 'x/b.mp4')
    (tmp_path / 'l.csv').write_text(table)
    with pytest.raises(VideoError, match=message):
        list_videos(tmp_path / 'v', tmp_path / 'l.csv')


def test_nothing_there_and_twins(tmp_path):
    touch(tmp_path / 'v', 'a.mp4', 'a.avi')
    with pytest.raises(VideoError, match="1 ids occur twice, e.g. 'a': .*a.avi, .*a.mp4; rename"):
        list_videos(tmp_path / 'v')
    (tmp_path / 'empty').mkdir()
    with pytest.raises(VideoError, match='a folder without videos; expected files that end in .avi'):
        list_videos(tmp_path / 'empty')
    (tmp_path / 'l.txt').write_text('v/a.mp4\nno.mp4\n')
    with pytest.raises(VideoError, match="line 2: there is no '.*no.mp4'"):
        list_videos(tmp_path / 'l.txt')
