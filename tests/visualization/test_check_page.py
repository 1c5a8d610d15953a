import io
import re
import subprocess
import sys

import numpy as np
import pytest

from mmskel.data import check_file, save_annotation_file
from mmskel.data.checking.report import CheckReport, Problem
from mmskel.skeleton import Clip, get_layout
from mmskel.visualization.check_page import draw_class_counts, draw_lengths, write_check_page


def _report(tmp_path, classes=3, names=None, layout='kinect20'):
    rng, joints = np.random.default_rng(0), get_layout(layout).num_joints
    clips = [Clip(f'a{k + 1:02d}_s{s:02d}_e01', rng.uniform(.1, .4, (1, 4 + s, joints, 3)), layout=layout, label=k)
             for k in range(classes) for s in (1, 2)]
    split = dict(xsub_train=[c.id for c in clips[::2]], xsub_test=[c.id for c in clips[1::2]])
    meta = dict(layout=layout, class_names=names or [f'action {k}' for k in range(classes)])
    save_annotation_file(tmp_path / 'set.pkl', clips, split, meta)
    return check_file(tmp_path / 'set.pkl')


def _size(png):
    from PIL import Image
    image = Image.open(io.BytesIO(png))
    assert len(np.unique(np.asarray(image.convert('L')))) > 10  # something is drawn
    return image.size


def test_a_page_is_one_file_with_everything(tmp_path):
    report = _report(tmp_path)
    page = write_check_page(report, tmp_path / 'set.html').read_text()
    assert 'set.pkl' in page and 'Nothing was found' in page and '>action 2<' in page and 'xsub_train' in page
    assert page.count('data:image/png;base64,') == 3 + 2
    outside = re.findall(r'(?:src|href)="(?!data:)[^"]*"|url\([^)]*\)|https?://', page)
    assert outside == [] and '<script' not in page
    assert sorted(p.name for p in tmp_path.iterdir()) == ['set.html', 'set.pkl']


def test_names_from_the_file_cannot_change_the_page(tmp_path):
    evil = '<script>alert(1)</script>'
    report = _report(tmp_path, names=[evil, 'b', 'c'])
    report.problems = [Problem('error', evil, evil, ((evil, evil), ))]
    report.path = f'/x/{evil}'
    page = write_check_page(report, tmp_path / 'set.html').read_text()
    assert '<script' not in page and '&lt;script&gt;' in page


def test_problems_are_listed_up_to_a_limit(tmp_path):
    report = CheckReport('x.pkl', problems=[
        Problem('error', 'nan', 'NaN or infinity: 700 clips', tuple((f'clip {i}', 'frame 3') for i in range(700))),
        Problem('warning', 'one frame', 'A clip', (('clip 1', '1 frame'), ))])
    page = write_check_page(report, tmp_path / 'x.html').read_text()
    assert '700 cases' in page and 'and 200 more' in page and '1 case<' in page and '1 error, 1 warning' in page


@pytest.mark.parametrize('classes', [1, 32, 120])
def test_plots_fit_any_number_of_classes(tmp_path, classes):
    width, height = _size(draw_class_counts(_report(tmp_path, classes)))
    assert width == 2260 and 300 < height < 2000


@pytest.mark.parametrize('lengths', [[1], [30] * 50, list(range(1, 2000))])
def test_lengths_of_any_kind_are_drawn(lengths):
    assert _size(draw_lengths(lengths)) == (2260, 500)


def test_pyplot_is_left_alone():
    code = ("import sys, mmskel.visualization.check_page as page; assert 'matplotlib' not in sys.modules, 'not lazy'; "
            "page.draw_lengths([1, 2, 3]); assert 'matplotlib.pyplot' not in sys.modules, 'pyplot'")
    subprocess.run([sys.executable, '-c', code], check=True)


def test_the_page_of_real_clips(shared, tmp_path):
    from mmskel.data import prepare
    prepare('utkinect', shared / 'data' / 'utkinect', tmp_path / 'ut.pkl', progress=False)
    page = write_check_page(check_file(tmp_path / 'ut.pkl'), tmp_path / 'ut.html').read_text()
    assert page.count('data:image/png;base64,') == 8 + 2 and 'label conflict' in page
    assert len(page) < 1_500_000
