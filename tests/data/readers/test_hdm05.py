"""Forward kinematics in closed form, and files made to the format of HDM05."""
import numpy as np
import pytest

from mmskel.data import prepare
from mmskel.data.readers import HDM05, ReadError
from mmskel.data.readers.asf_amc import parse_amc, parse_asf, positions
from mmskel.data.readers.hdm05 import BONES
from mmskel.skeleton import get_layout

PARENTS = {bone: BONES[parent] for bone, parent in zip(BONES, get_layout('hdm31').parents)}


def asf(bones=None, length=0.45):
    """Every bone one unit along x; bones turn about x, y and z in their own axes."""
    bones = bones or {bone: PARENTS[bone] for bone in BONES[1:]}
    text = f':version 1.10\n:units\n  mass 1.0\n  length {length}\n  angle deg\n:root\n  order TX TY TZ RX RY RZ\n' \
           '  axis XYZ\n  position 0 0 0\n  orientation 0 0 0\n:bonedata\n'
    for number, bone in enumerate(bones, 1):
        text += f'  begin\n    id {number}\n    name {bone}\n    direction 1 0 0\n    length 1\n    axis 0 0 90 XYZ\n' \
                '    dof rx ry rz\n    limits (-180 180)\n           (-180 180)\n           (-180 180)\n  end\n'
    lines = [f'    {parent} {" ".join(b for b in bones if bones[b] == parent)}' for parent in dict.fromkeys(bones.values())]
    return text + ':hierarchy\n  begin\n' + '\n'.join(lines) + '\n  end\n'


def amc(frames, **angles):
    """Angles of the bones that are named, in all frames."""
    rows = ['# made', ':FULLY-SPECIFIED', ':DEGREES']
    for frame in range(1, frames + 1):
        rows += [str(frame), f'root {frame} 0 0 0 0 {angles.get("root", 0)}']
        rows += [f'{bone} {" ".join(map(str, value))}' for bone, value in angles.items() if bone != 'root']
    return '\n'.join(rows) + '\n'


def test_a_chain_of_two_bones():
    skeleton = parse_asf(asf(dict(a='root', b='a'), length=1.), 'x.asf')
    ends = positions(skeleton, parse_amc(amc(2, a=(0, 0, 90)), 'x.amc'), 'x.amc')
    unit = 0.0254
    # a turn about z is the same in axes that are turned about z
    np.testing.assert_allclose(ends['root'] / unit, [[1, 0, 0], [2, 0, 0]], atol=1e-9)
    np.testing.assert_allclose(ends['a'] / unit, [[1, 1, 0], [2, 1, 0]], atol=1e-9)
    np.testing.assert_allclose(ends['b'] / unit, [[1, 2, 0], [2, 2, 0]], atol=1e-9)
    # its own x axis is the world's y: turning x by 90 degrees about it gives -z
    ends = positions(skeleton, parse_amc(amc(1, a=(90, 0, 0)), 'x.amc'), 'x.amc')
    np.testing.assert_allclose(ends['a'] / unit, [[1, 0, -1]], atol=1e-9)
    # the root turns everything
    ends = positions(skeleton, parse_amc(amc(1, root=180), 'x.amc'), 'x.amc')
    np.testing.assert_allclose(ends['b'] / unit, [[-1, 0, 0]], atol=1e-9)


def made(folder, names):
    folder.mkdir(exist_ok=True)
    for actor in {name[4:6] for name in names}:
        (folder / f'HDM_{actor}.asf').write_text(asf())
    for name in names:
        (folder / f'{name}.amc').write_text(amc(9, lfemur=(0, 10, 20)))
    return folder


def test_files_become_clips_of_31_joints(tmp_path):
    names = ['HDM_bd_walk2StepsLstart_001_120', 'HDM_bd_walk4StepsRStart_002_120', 'HDM_mm_clap1Reps_001_120']
    reader = HDM05(made(tmp_path, names))
    clip = reader.read(f'{names[0]}.amc').check()
    assert clip.keypoint.shape == (1, 3, 31, 3) and clip.fps == 30 and clip.layout == 'hdm31'
    assert reader.meta()['class_names'] == ['clap1Reps', 'walk2StepsLstart', 'walk4StepsRStart'] and clip.label == 1
    layout = get_layout('hdm31')
    lengths = [np.linalg.norm(clip.keypoint[0, 0, a] - clip.keypoint[0, 0, b]) for a, b in layout.edges]
    np.testing.assert_allclose(lengths, 0.0254 / 0.45, rtol=1e-5)
    merged = HDM05(tmp_path, merge=True, every=1)
    assert merged.meta()['class_names'] == ['clap', 'walk'] and merged.read(f'{names[1]}.amc').num_frames == 9


def test_folds_and_halves(tmp_path):
    names = [f'HDM_bd_{motion}_{number:03d}_120' for motion in ('clap', 'walk') for number in range(1, 12)]
    file = prepare('hdm05', made(tmp_path / 'in', names), tmp_path / 'hdm.pkl', progress=False)
    tested = sum((file.split[f'fold{fold:02d}_test'] for fold in range(1, 11)), [])
    assert sorted(tested) == sorted(names) and {len(file.split[f'fold{f:02d}_test']) for f in range(1, 11)} == {2, 3}
    assert sum('clap' in i for i in file.split['half03_train']) == 6
    assert len(file.split['half03_test']) == 10


def test_broken_files_are_named(tmp_path):
    made(tmp_path, ['HDM_bd_clap_001_120'])
    (tmp_path / 'HDM_tr_clap_001_120.amc').write_text(amc(1))
    with pytest.raises(ReadError, match="no skeleton 'HDM_tr.asf'.*found: bd"):
        HDM05(tmp_path).read('HDM_tr_clap_001_120.amc')
    (tmp_path / 'HDM_bd_clap_001_120.amc').write_text('1\nroot 0 0 0 0 0 0\n2\nroot 0 0 0\n')
    with pytest.raises(ReadError, match='frame 2 of 2 has other bones'):
        HDM05(tmp_path).read('HDM_bd_clap_001_120.amc')
    (tmp_path / 'HDM_bd.asf').write_text(asf(dict(a='root')))
    with pytest.raises(ReadError, match="HDM_bd.asf' has no bones lhipjoint"):
        HDM05(tmp_path).read('HDM_bd_clap_001_120.amc')
    with pytest.raises(ReadError, match="line 3: 'begin x' is not|no way from the root|line"):
        parse_asf(':bonedata\nbegin\nname a\nlength much\nend\n', 'y.asf')
