import base64
import csv
import json
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from mmskel.evaluation import Results
from mmskel.synthetic.motions import CLASS_NAMES, write_motion_dataset
from mmskel.visualization.clip_player import choose_clips
from mmskel.visualization.curves import Curves
from mmskel.visualization.report import class_rows, write_report


@pytest.fixture(scope='module')
def file(tmp_path_factory):
    return write_motion_dataset(tmp_path_factory.mktemp('data') / 'motions.pkl', num_per_class=4, num_subjects=4)


@pytest.fixture(scope='module')
def results(file):
    """Every third clip mistaken for the class after its own."""
    ids = [item['frame_dir'] for item in file.annotations]
    labels = np.array([item['label'] for item in file.annotations])
    rng = np.random.default_rng(0)
    predicted = np.where(np.arange(len(ids)) % 3 == 0, (labels + 1) % 10, labels)
    scores = rng.uniform(0, .05, (len(ids), 10)) + .6 * np.eye(10)[predicted] + .2 * np.eye(10)[labels]
    meta = dict(config='configs/stgcn.py', checkpoint='/home/me/secret/runs/epoch_3.pth', split='test', seed=7,
                weights=[.6, .4], notes=['epoch chosen on the test split'])
    return Results(ids, scores / scores.sum(1, keepdims=True), labels, list(CLASS_NAMES), meta, {'clean': ids[::2]})


@pytest.fixture(scope='module')
def folder(file, results, tmp_path_factory):
    out = tmp_path_factory.mktemp('report')
    write_report(results, out, annotation_file=file.path, notes=['a < b'],
                 curves=Curves([1, 2], [1, .5], [1, 2], {'acc/top1': [.4, .6]}))
    return out


@pytest.fixture(scope='module')
def page(folder):
    return (folder / 'report.html').read_text()


def _inlined(page):
    return json.loads(re.search(r'<script type="application/json" id="clips">(.*?)</script>', page).group(1))


def test_folder_holds_page_pictures_and_table(folder):
    assert sorted(p.name for p in folder.iterdir()) == ['clips.gif', 'confusion_matrix.png', 'per_class.csv',
                                                        'report.html']
    with Image.open(folder / 'clips.gif') as image:
        assert image.n_frames > 5 and image.size[0] == 4 * 240
    with Image.open(folder / 'confusion_matrix.png') as image:
        assert min(image.size) > 600


def test_figures_are_those_of_the_summary(page, results):
    summary = results.summary()
    text = page.replace('\u00a0', ' ')
    for key in ('top1', 'top5', 'mean_class', 'clean/top1', 'clean/top5', 'clean/mean_class'):
        assert f'{100 * summary[key]:.2f} %' in text, key
    assert f'{summary["n"]:.0f} clips' in text and '10 classes' in text and '<td>clean<td class="num">20' in text


def test_every_class_note_and_fact_is_there(page):
    for name in CLASS_NAMES:
        assert page.count(name) >= 4, name
    assert 'a &lt; b' in page and page.count('epoch chosen on the test split') == 1
    assert '<h1>stgcn</h1>' in page and 'configs/stgcn.py' in page and '[0.6, 0.4]' in page
    assert 'runs/epoch_3.pth' in page and '/home/me' not in page  # a report is passed on; its folders are not
    assert 'best top-1 60.00\u00a0%' in page


def test_page_needs_no_network(page):
    assert not re.search(r'https?:|//\w+\.\w+/|@import|url\(|<link|<img|<iframe|src=', page)
    assert "default-src 'none'" in page and '{{' not in page
    assert len(page) < 250_000


def test_class_table_agrees_with_the_results(folder, results):
    rows = class_rows(results)
    predicted = results.scores.argmax(1)
    for k, row in enumerate(rows):
        own = results.labels == k
        assert row.clips == own.sum() and row.correct == (own & (predicted == k)).sum()
        assert row.accuracy == pytest.approx(row.correct / row.clips)
        assert row.precision == pytest.approx((own & (predicted == k)).sum() / (predicted == k).sum())
        assert row.taken_for == CLASS_NAMES[(k + 1) % 10] and row.taken == row.clips - row.correct
    with (folder / 'per_class.csv').open(newline='') as table:
        read = list(csv.DictReader(table))
    assert [r['class'] for r in read] == list(CLASS_NAMES)
    assert [float(r['accuracy']) for r in read] == pytest.approx([row.accuracy for row in rows], abs=1e-6)
    assert read[0]['most_often_taken_for'] == 'wave both'


def test_clips_are_right_and_wrong_and_of_different_classes(page, results):
    figures = re.findall(r'<figure class="clip (right|wrong)".*?<span title="([\w]+)">\2</span>', page)
    assert [kind for kind, _ in figures] == ['wrong'] * 4 + ['right'] * 4
    row = {name: i for i, name in enumerate(results.ids)}
    right = {kind: [results.scores[row[i]].argmax() == results.labels[row[i]] for k, i in figures if k == kind]
             for kind in ('right', 'wrong')}
    assert all(right['right']) and not any(right['wrong'])
    assert len({results.labels[row[i]] for kind, i in figures if kind == 'wrong'}) == 4


def test_inlined_joints_are_the_clips_joints(page, file, results):
    data = _inlined(page)
    ids = [i for _, i in re.findall(r'<figure class="clip (right|wrong)".*?<span title="([\w]+)">\2</span>', page)]
    clips = {clip.id: clip for clip in file.clips()}
    assert len(data['clips']) == len(ids) == 8
    for name, item in zip(ids, data['clips']):
        clip = clips[name]
        whole = np.frombuffer(base64.b64decode(item['joints']), '<i2').reshape(item['shape'])
        seen = clip.score > 0
        assert (whole[~seen] == -32768).all() and item['fps'] == 30
        joints = whole * item['step'] + np.array(item['origin'])
        np.testing.assert_allclose(joints[seen], clip.keypoint[seen], atol=2e-4)
        assert len(data['skeletons'][item['skeleton']]['bones']) == 19


def test_lack_of_mistakes_is_made_up_by_recognised_clips(results):
    perfect = Results(results.ids, np.eye(10)[results.labels], results.labels, results.class_names)
    chosen = choose_clips(perfect, set(results.ids), 3, 3)
    labels = dict(zip(results.ids, results.labels))
    assert len(chosen) == 6 and len({labels[i] for i in chosen}) == 6
    assert choose_clips(perfect, {results.ids[0]}, 3, 3) == [results.ids[0]]


def test_names_cannot_break_the_page(tmp_path):
    names = ['<script>alert(1)</script>', '{{clips}}', 'a "quoted" & <b>bold</b>', "it's"]
    ids = ['</script><script>x', '<img>', 'c', 'd']
    results = Results(ids, np.eye(4)[[1, 1, 2, 2]], [0, 1, 2, 3], names, dict(note='</dl>', config=None))
    page = write_report(results, tmp_path, title='<i>title</i>').read_text()
    assert '<script>alert' not in page and '<b>bold' not in page and '<img>' not in page and '<i>title' not in page
    assert page.count('{{clips}}') >= 3 and '&lt;i&gt;title' in page and '&lt;/dl&gt;' in page
    assert page.count('<script') == page.count('</script>') == 2
    assert not (tmp_path / 'clips.gif').exists()


def test_names_are_no_template(tmp_path):
    names = ['{{ 70 * 7 }}', '{% for x in y %}', '{# gone #}']
    page = write_report(Results(list('abc'), np.eye(3)[[1, 1, 2]], [0, 1, 2], names), tmp_path, notes=['{{ title }}']).read_text()
    assert '490' not in page and all(page.count(name) >= 3 for name in names) and '<p>{{ title }}</p>' in page


def test_top5_is_left_out_for_few_classes_and_unlabelled_clips_are_named(tmp_path):
    results = Results(['a', 'b', 'c'], np.eye(3), [0, 1, -1], ['x', 'y', 'z'])
    page = write_report(results, tmp_path).read_text()
    assert 'Top-5' not in page and '1 clips without a true label' in page and '100.00\u00a0%' in page
    assert '<td>z<td class="num">0' in page and 'No clip was mistaken' in page


def test_what_cannot_be_reported_is_explained(file, results, tmp_path):
    with pytest.raises(ValueError, match='true label'):
        write_report(Results(['a'], np.eye(1), [-1], ['x']), tmp_path / 'r')
    with pytest.raises(ValueError, match='motions.pkl.*none of the 1 clips'):
        write_report(Results(['a'], np.eye(1), [0], ['x']), tmp_path / 'r', annotation_file=file)
    assert not (tmp_path / 'r').exists()


def test_long_clips_are_thinned_and_keep_their_speed(file, results):
    from mmskel.skeleton import Clip
    from mmskel.visualization.clip_player import clips_html, clips_json, shown_clips
    long = Clip('long', np.random.default_rng(0).normal(size=(2, 1000, 17, 2)), layout='coco17', image_size=(9, 9))
    shown = shown_clips(Results(['long'], [[2., 3.]], [0], ['x', 'y']), {'long': long}, ['long'])
    [item] = clips_json(shown)['clips']
    assert item['shape'] == [2, 143, 17, 2] and item['fps'] == pytest.approx(30 / 7) and item['several']
    assert shown[0].confidence is None and 'probability' not in clips_html(shown)


def test_importing_visualization_imports_no_drawing_library():
    code = ('import sys, mmskel.visualization; '
            'print([m for m in ("matplotlib", "cv2", "PIL", "torch") if m in sys.modules])')
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert done.stdout.strip() == '[]', done.stderr


def test_skeletons_that_lie_elsewhere_are_not_shown(tmp_path):
    """Kinetics' index of MMAction2: no keypoints, or a list of skeletons that is not a clip."""
    import pickle
    index = [dict(frame_dir='a', label=0, total_frames=3), dict(frame_dir='b', label=1, total_frames=3,
             keypoint=np.zeros((5, 17, 3)), frame_inds=np.zeros(5, int))]
    (tmp_path / 'k400.pkl').write_bytes(pickle.dumps(dict(split=dict(val=['a', 'b']), annotations=index)))
    results = Results(['a', 'b'], np.eye(2), [0, 1], ['x', 'y'])
    write_report(results, tmp_path / 'r', annotation_file=tmp_path / 'k400.pkl')
    assert (tmp_path / 'r/report.html').exists() and not (tmp_path / 'r/clips.gif').exists()
