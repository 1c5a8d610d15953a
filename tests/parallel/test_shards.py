"""Parts of a list for array jobs."""
import pytest

from mmskel.files.errors import UserError
from mmskel.parallel.shards import Shard


def test_parts_are_disjoint_and_complete():
    items = list(range(23))
    for count in (1, 2, 7, 30):
        parts = [list(Shard(number, count).of(items)) for number in range(1, count + 1)]
        assert sorted(sum(parts, [])) == items and max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize('text', ['0/3', '4/3', '3', 'a/b', '1/0', '-1/3', '1/3/5', ''])
def test_bad_parts(text):
    with pytest.raises(UserError, match='expected I/N'):
        Shard.parse(text)
