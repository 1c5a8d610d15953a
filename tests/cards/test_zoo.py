"""The table of published recognisers: names, what it says, and that reading it is quick."""
import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import pytest

from mmskel.cards.zoo import DEFAULT, ZooError, entries, find_entry, is_name, select
from mmskel.cards.zoo.mmaction import mmaction_entries, mmaction_folder
from mmskel.cards.zoo.pyskl import pyskl_entries
from mmskel.cards.zoo.text import entries_table, entry_text
from mmskel.cli import main

ISSUED = ('posec3d_ntu60_xsub', 'stgcnpp_ntu60_xsub_2d_joint', 'stgcn_ntu120_xsub_2d', '2sagcn_ntu60_xsub_2d', 'posec3d_gym',
          'posec3d_k400', 'pyskl_ctrgcn_ntu120_xset_3d_bone_motion', 'pyskl_c3d_gym_limb')


def test_every_checkpoint_of_mmaction2_has_a_name_of_its_own():
    listed = [file.read_text().count('\n    Weights: ') for file in mmaction_folder().glob('skeleton/*/metafile.yml')]
    found = list(mmaction_entries())
    assert len(found) == sum(listed) == 39
    everything = [*found, *pyskl_entries()]
    assert len({entry.name for entry in everything}) == len({entry.url for entry in everything}) == len(everything)
    assert len({entry.file for entry in everything}) == len(everything) and len(entries()) >= len(everything)
    assert all(is_name(name) for name in ISSUED)


def test_names_say_what_it_is():
    one = find_entry('stgcnpp_ntu60_xsub_3d_bone_motion')
    assert (one.stream, one.coords, one.layout, one.persons, one.top1) == ('bone_motion', 3, 'ntu25', 2, 87.45)
    assert one.file == 'stgcnpp_8xb16-bone-motion-u100-80e_ntu60-xsub-keypoint-3d_20221230-b00440d2.pth'
    assert find_entry('stgcn_ntu120_xsub_2d').stream == 'joint' and find_entry('stgcn_ntu120_xsub_2d').num_classes == 120
    gym = find_entry('posec3d_gym')
    assert (gym.persons, gym.measure, gym.top1, gym.num_classes) == (None, 'mean class', 93.5, 99)
    pyskl = find_entry('pyskl_aagcn_ntu120_xsub_2d_bone')
    assert pyskl.file == 'pyskl_aagcn_ntu120_xsub_2d_bone.pth' and pyskl.top1 == 84.2
    assert pyskl.config.endswith('2s-agcn_8xb16-bone-u100-80e_ntu60-xsub-keypoint-2d.py')


def test_the_default_is_the_best_small_network_of_ntu60():
    small = [entry for entry in mmaction_entries() if entry.network == 'stgcnpp' and entry.coords == 2]
    assert find_entry(DEFAULT) == max(small, key=lambda entry: entry.top1)


def test_urls_are_those_of_pyskl(shared):
    published = set((shared / 'data/pyskl_checkpoints.txt').read_text().split())
    assert {entry.url for entry in pyskl_entries()} <= published
    assert Counter(entry.network for entry in pyskl_entries()) >= Counter(stgcn=32, stgcnpp=32, aagcn=32, ctrgcn=32, posec3d=12)


def test_selection(capsys):
    hmdb = select(layout='coco17', data='hmdb51')
    assert [entry.name for entry in hmdb] == ['posec3d_hmdb51_split1', 'pyskl_posec3d_hmdb51_split1']
    assert main(['models', '--weights', '--data', 'hmdb51', '--layout', 'coco17']) == 0
    assert capsys.readouterr().out.strip() == entries_table(hmdb)
    assert main(['models', '--weights', '--data', 'hmdb51', '--json']) == 0
    assert json.loads(capsys.readouterr().out)[0]['url'] == hmdb[0].url
    with pytest.raises(ZooError, match='data=.ucf.: no published recogniser has it; there are: ntu60, gym'):
        select(data='ucf')
    assert main(['models', '--layout', 'coco17']) == 1
    assert 'go with --weights' in capsys.readouterr().err


def test_one_recogniser_in_words(capsys):
    assert main(['models', 'posec3d_gym']) == 0
    said = capsys.readouterr().out
    assert said.strip() == entry_text(find_entry('posec3d_gym'))
    for fact in ('93.50 % (mean class)', 'coco17 in 2-D, any number of persons', 'Apache-2.0', '2.0M parameters',
                 'mmskel models posec3d\n', '-da338c58.pth', 'mmskel predict VIDEO --model posec3d_gym'):
        assert fact in said
    assert 'not published' in entry_text(replace(find_entry('posec3d_gym'), top1=None))


def test_unknown_names():
    with pytest.raises(ZooError, match="no published recogniser 'stgcnpp_ntu60_xsub_2d_bones'; the nearest: stgcnpp_ntu60"):
        find_entry('stgcnpp_ntu60_xsub_2d_bones')
    with pytest.raises(ZooError, match='`mmskel models --weights` lists all'):
        find_entry('something else entirely')


def test_the_list_is_quick():
    code = ("import sys\nfrom mmskel.cli import main\nassert main(['models', '--weights']) == main(['models', 'posec3d_gym']) "
            "== 0\nprint([name for name in ('torch', 'mmaction', 'mmengine', 'cv2') if name in sys.modules])")
    out = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True).stdout
    assert out.strip().splitlines()[-1] == '[]'
