import re

import numpy as np
import pytest
from PIL import Image

from mmskel.evaluation import Results, confusion_matrix
from mmskel.visualization import palette
from mmskel.visualization.confusion import (
    confusion_html,
    draw_confusion_matrix,
    most_confused,
    row_shares,
    write_confusion_page,
)


def _results(pairs, num_classes, names=None):
    """Results that predict exactly: (truth, predicted) per clip; a truth of -1 is unknown."""
    scores = np.eye(num_classes)[[p for _, p in pairs]]
    return Results([f'c{i}' for i in range(len(pairs))], scores, [t for t, _ in pairs],
                   names or [f'class {k}' for k in range(num_classes)])


@pytest.fixture
def results():
    return _results([(0, 0)] * 3 + [(0, 1)] * 2 + [(1, 1)] + [(1, 2)] * 2 + [(2, 0)] + [(2, 2)] * 9 + [(-1, 0)], 4)


def test_most_confused_pairs_by_count_then_share(results):
    pairs = most_confused(results)
    assert [(p.truth, p.predicted, p.count) for p in pairs] == [
        ('class 1', 'class 2', 2), ('class 0', 'class 1', 2), ('class 2', 'class 0', 1)]
    assert pairs[0].share == pytest.approx(2 / 3)
    assert len(most_confused(results, limit=1)) == 1


def test_shares_of_rows_without_clips_are_zero():
    shares = row_shares(np.array([[3, 1], [0, 0]]))
    np.testing.assert_array_equal(shares, [[.75, .25], [0, 0]])


def test_without_labels_there_is_nothing_to_draw(tmp_path):
    with pytest.raises(ValueError, match='none of the 2 clips has a true label'):
        draw_confusion_matrix(_results([(-1, 0), (-1, 1)], 2), tmp_path / 'm.png')
    assert not list(tmp_path.iterdir())


def test_cells_are_coloured_by_share_of_the_row(results):
    blue, red = palette.cell_colour(.6, True), palette.cell_colour(.4, False)
    assert palette.cell_colour(0, True) == palette.cell_colour(0, False) == palette.PAPER
    assert palette.cell_colour(1, True) == palette.CORRECT_CELL
    assert blue[2] > blue[0] and red[0] > red[2]
    html = confusion_html(results)
    assert f'background:{palette.css(blue)};' in html and f'background:{palette.css(red)};' in html


def test_picture_shows_the_matrix(results, tmp_path):
    image = np.array(Image.open(draw_confusion_matrix(results, tmp_path / 'sub' / 'm.png')).convert('RGB')).astype(int)
    for share, correct in ((.6, True), (.4, False), (.9, True), (2 / 3, False)):
        assert (np.abs(image - palette.cell_colour(share, correct)).sum(-1) < 6).sum() > 500, (share, correct)
    assert (image[:, :3] == 255).all() and (image[:, -3:] == 255).all()  # nothing is cut off at the sides


@pytest.mark.parametrize('num_classes', [2, 60])
def test_picture_of_few_and_of_many_classes(num_classes, tmp_path):
    pairs = [(k, k) for k in range(num_classes)]
    names = [f'an action with a rather long name {k} <&>' for k in range(num_classes)]
    path = draw_confusion_matrix(_results(pairs, num_classes, names), tmp_path / 'm.png')
    image = np.array(Image.open(path).convert('RGB')).astype(int)
    full = np.abs(image - palette.CORRECT_CELL).sum(-1) < 6
    assert full.mean() > .2 / num_classes**1.5
    assert max(image.shape) < 4000
    edges = np.concatenate([image[:2].reshape(-1, 3), image[-2:].reshape(-1, 3)])
    assert (edges == 255).all()


def test_picture_of_names_without_letters_in_the_font(tmp_path, recwarn):
    draw_confusion_matrix(_results([(0, 0), (1, 1)], 2, ['\u6325\u624b', 'wave']), tmp_path / 'm.png')
    assert not [w for w in recwarn if 'Glyph' in str(w.message)]


def test_table_holds_every_count(results):
    counts = confusion_matrix(results.scores[:-1], results.labels[:-1])
    rows = confusion_html(results).split('<tbody>')[1].split('<tr')[1:]
    assert len(rows) == 4
    for k, row in enumerate(rows):
        found = [int((re.findall(r'data-n="(\d+)"', cell) or [0])[0]) for cell in row.split('<td')[1:]]
        assert found == counts[k].tolist()
        assert f'data-total="{counts[k].sum()}"' in row


def test_page_stands_alone_and_escapes_names(tmp_path):
    names = ['<b>bold</b>', 'a & b', '</script>']
    page = write_confusion_page(_results([(0, 1), (1, 1), (2, 2)], 3, names), tmp_path / 'm.html').read_text()
    assert '<b>bold</b>' not in page and '&lt;b&gt;bold&lt;/b&gt;' in page and 'a &amp; b' in page
    assert page.count('</script>') == 1
    assert not re.search(r'https?:|//\w+\.\w+|src=|@import|url\(', page)
    assert '66.67\u00a0%' in page and '{{' not in page


def test_a_hundred_and_twenty_classes_stay_a_small_page(tmp_path):
    rng = np.random.default_rng(0)
    pairs = [(k, k if rng.random() < .8 else int(rng.integers(120))) for k in range(120) for _ in range(10)]
    page = write_confusion_page(_results(pairs, 120), tmp_path / 'm.html')
    assert page.stat().st_size < 400_000
    assert page.read_text().count('<th scope="row">') == 120
