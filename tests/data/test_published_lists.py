import pytest

from mmskel.data.published_lists import published_list


@pytest.mark.parametrize('name, count', [
    ('ntu_missing', 535), ('ntu_classes', 120), ('ntu60_xsub_train', 20), ('ntu120_xsub_train', 53),
    ('utkinect_se3_train', 10), ('msr_action3d_left_out', 10)])
def test_lists_have_their_published_lengths(name, count):
    lines = published_list(name)
    assert len(lines) == len(set(lines)) == count


def test_the_first_302_missing_clips_are_those_of_the_60_set():
    missing = published_list('ntu_missing')
    assert [int(name[1:4]) <= 17 for name in missing] == [True] * 302 + [False] * 233
    assert list(missing[:302]) == sorted(missing[:302]) and list(missing[302:]) == sorted(missing[302:])


def test_training_performers_of_the_60_set_train_in_the_120_set():
    small, large = map(set, (published_list('ntu60_xsub_train'), published_list('ntu120_xsub_train')))
    assert small < large and max(map(int, small)) <= 40 and max(map(int, large)) <= 106


def test_every_se3_split_trains_on_half_of_the_subjects():
    for line in published_list('utkinect_se3_train'):
        subjects = [int(n) for n in line.split()]
        assert len(set(subjects)) == 5 and set(subjects) <= set(range(1, 11))


def test_an_unknown_list_names_the_known_ones():
    with pytest.raises(FileNotFoundError, match='ntu_missing'):
        published_list('ntu_mising')
