"""Layouts from MMPose's own data set descriptions: people, whole bodies, hands, faces, animals, clothes."""
import importlib.util
import runpy
from pathlib import Path

import numpy as np
import pytest

from mmskel.skeleton import Layout, LayoutError, get_layout, hop_distance, joint_map, partition

SPEC = importlib.util.find_spec('mmpose')
FOLDER = Path(SPEC.origin).parent / '.mim' / 'configs' / '_base_' / 'datasets' if SPEC else Path('absent')
NAMES = sorted(p.stem for p in FOLDER.glob('*.py')) if FOLDER.is_dir() else []


def read(name):
    return runpy.run_path(str(FOLDER / f'{name}.py'))['dataset_info']


@pytest.mark.skipif(not NAMES, reason='mmpose is not installed')
def test_every_dataset_of_mmpose():
    assert {'coco', 'coco_wholebody', 'coco_wholebody_hand', 'ap10k', 'halpe26', 'h36m', 'wflw'} <= set(NAMES)
    done = 0
    for name in NAMES:
        info = read(name)
        if 'keypoint_info' not in info:
            continue
        layout = Layout.from_mmpose(info)
        done += 1
        assert layout.num_joints == len(info['keypoint_info'])
        assert np.isfinite(hop_distance(layout.num_joints, layout.edges)).all(), name
        assert (layout.swap[layout.swap] == np.arange(layout.num_joints)).all()
        assert partition(layout, 'spatial', corrected=True).shape == (3, layout.num_joints, layout.num_joints)
        # nothing MMPose draws is lost
        links = {frozenset(s['link']) for s in info['skeleton_info'].values() if len(set(s['link'])) == 2}
        kept = {frozenset(layout.joints[j] for j in e) for e in (*layout.edges, *layout.links)}
        assert links <= kept, name
    assert done >= 30


@pytest.mark.skipif(not NAMES, reason='mmpose is not installed')
@pytest.mark.parametrize('mmpose_name, ours', [('coco', 'coco17'), ('coco_wholebody', 'coco_wholebody133'),
                                               ('halpe26', 'halpe26'), ('coco_wholebody_hand', 'hand21')])
def test_joint_order_equals_our_tables(mmpose_name, ours):
    layout, table = Layout.from_mmpose(read(mmpose_name), name='x'), get_layout(ours)
    found = joint_map(layout, table)
    assert found.joints == tuple((j, ) for j in range(table.num_joints))
    assert {frozenset(p) for p in layout.pairs} == {frozenset(p) for p in table.pairs}


def test_bad_info_teaches():
    with pytest.raises(LayoutError, match="'keypoint_info'"):
        Layout.from_mmpose(dict(dataset_name='x'))
    joints = {0: dict(name='a', id=0, swap='')}
    with pytest.raises(LayoutError, match="unknown joint 'b'"):
        Layout.from_mmpose(dict(dataset_name='x', keypoint_info=joints, skeleton_info={0: dict(link=('a', 'b'))}))
