"""Files of bodies: pickles without chumpy or SciPy's own unpickling, archives, and whatever is no body."""
import pickle

import numpy as np
import pytest
import scipy.sparse
from parity import load

from mmskel.body import BodyError, SKELFile, body_from_arrays, load_body, save_body, tube_body
from mmskel.body.model_files import body_arrays
from mmskel.files.errors import UserError


@pytest.fixture(scope='module')
def skel_content():
    """A SKEL file's dictionary as the authors pickle it: sparse matrices, lists of names."""
    arrays = {key[6:]: value for key, value in load('skel_small')[1].items() if key.startswith('model_')}
    content = {key: value for key, value in arrays.items() if '.' not in key}
    for name in sorted({key.partition('.')[0] for key in arrays if '.' in key}):
        content[name] = scipy.sparse.coo_matrix((arrays[f'{name}.data'], (arrays[f'{name}.row'], arrays[f'{name}.col'])),
                                                shape=tuple(arrays[f'{name}.shape'].tolist()))
    return dict(content, version='1.1.1', bone_names=content['bone_names'].tolist())


@pytest.mark.parametrize('protocol', [0, 2, 5])
@pytest.mark.parametrize('form', ['coo_matrix', 'csc_matrix', 'csr_array'])
def test_pickles_of_skel(skel_content, tmp_path, protocol, form):
    content = dict(skel_content, skin_weights=getattr(scipy.sparse, form)(skel_content['skin_weights']))
    (tmp_path / 'skel_male.pkl').write_bytes(pickle.dumps(content, protocol))
    body = load_body(tmp_path / 'skel_male.pkl')
    assert isinstance(body, SKELFile) and body.bone_template.shape == (288, 3)
    np.testing.assert_array_equal(body.weights, skel_content['skin_weights'].toarray())
    np.testing.assert_array_equal(body.bone_owner, skel_content['skel_weights_rigid'].toarray().argmax(1))


def test_pickle_of_chumpy_objects(tmp_path):
    arrays = load('smpl_lbs')[1]
    (tmp_path / 'smpl.pkl').write_bytes(arrays['in_chumpy_pickle'].tobytes())
    body = load_body(tmp_path / 'smpl.pkl')
    for ours, theirs in (('template', 'v_template'), ('shapedirs', 'shapedirs'), ('posedirs', 'posedirs'),
                         ('joint_regressor', 'J_regressor'), ('weights', 'weights'), ('faces', 'f')):
        np.testing.assert_array_equal(getattr(body, ours), arrays[f'out_chumpy_{theirs}'])
    assert body.parents[:4] == (-1, 0, 0, 0)


@pytest.mark.parametrize('kind', ['smpl', 'skel'])
def test_archives_make_the_round_trip(kind, tmp_path):
    body = tube_body(kind)
    save_body(tmp_path / 'tube.npz', body)
    again = load_body(tmp_path / 'tube.npz')
    for key, value in body_arrays(body).items():
        np.testing.assert_array_equal(body_arrays(again)[key], value, err_msg=key)


class Harmful:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, 'w')


def test_nothing_in_a_pickle_is_run(skel_content, tmp_path):
    for content in (Harmful(str(tmp_path / 'ran')), dict(skel_content, version=Harmful(str(tmp_path / 'ran'))),
                    dict(skel_content, extra=range(3))):
        (tmp_path / 'bad.pkl').write_bytes(pickle.dumps(content))
        with pytest.raises(UserError, match="bad.pkl'.*nothing was run"):
            load_body(tmp_path / 'bad.pkl')
    # a class of an expected library is a stand-in, and a call of it is refused
    for text in (b'cchumpy.ch\nCh\n(S"x"\ntR.', b'cchumpy.ch\nCh\n.', b'cscipy.sparse._matrix\nspmatrix\n)R.',
                 b'cscipy.sparse\nlinalg\n.', b'ccopy_reg\n_reconstructor\n(cchumpy.ch\nCh\ncchumpy.ch\nCh\nNtR.'):
        (tmp_path / 'bad.pkl').write_bytes(text)
        with pytest.raises(UserError, match='bad.pkl'):
            load_body(tmp_path / 'bad.pkl')
    assert not (tmp_path / 'ran').exists()


def changed(**changes):
    return lambda arrays: {**arrays, **changes}


def without(key):
    return lambda arrays: {name: value for name, value in arrays.items() if name != key}


@pytest.mark.parametrize('kind, change, message', [
    ('skel', changed(version=np.array('1.0')), "of version 1.0; expected 1.1.1"),
    ('skel', without('version'), 'of version unknown'),
    ('skel', without('per_joint_rot'), 'not a whole SKEL model: it has no per_joint_rot'),
    ('skel', changed(per_joint_rot=np.ones((24, 3, 3))), 'per_joint_rot holds matrices that are not rotations'),
    ('skel', changed(shapedirs=np.zeros((414, 3, 4))), 'shapedirs has 4 shape directions; expected at least 10'),
    ('skel', changed(skin_weights=np.zeros((400, 24))), r'skin_weights has shape \(400, 24\); expected \(414, 24\)'),
    ('smpl', changed(v_template=np.full((414, 3), np.nan)), 'v_template holds NaN or infinity'),
    ('smpl', changed(kintree_table=np.zeros((2, 55), int)), 'has 55 joints; expected 24. It is SMPL-X; .*transfer_model'),
    ('smpl', changed(kintree_table=np.zeros((2, 52), int)), r'SMPL\+H'),
    ('smpl', changed(kintree_table=np.zeros((2, 24), int)), 'do not form a tree'),
    ('smpl', changed(f=np.full((4, 3), 414)), 'f names vertex 414; there are 414'),
    ('smpl', changed(posedirs=np.array(['a'])), 'posedirs is not an array of numbers'),
    ('smpl', lambda arrays: dict(poses=np.zeros((3, 72))), 'a sequence of poses; it is an input of a body'),
    ('smpl', lambda arrays: {}, 'holds nothing'),
])
def test_what_is_no_body_is_named(kind, change, message):
    with pytest.raises(BodyError, match=message):
        body_from_arrays(change(body_arrays(tube_body(kind))), 'file.npz')


def test_missing_and_damaged_files(tmp_path):
    with pytest.raises(BodyError, match="no body model '.*none.pkl'.*body='tube'"):
        load_body(tmp_path / 'none.pkl')
    (tmp_path / 'list.pkl').write_bytes(pickle.dumps([1, 2]))
    with pytest.raises(BodyError, match='holds a list'):
        load_body(tmp_path / 'list.pkl')
    for name, data in (('cut.pkl', pickle.dumps(dict(v_template=np.zeros((9, 3))))[:-30]), ('empty.npz', b''), ('text.pkl', b'hello')):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(UserError, match=name):
            load_body(tmp_path / name)
    with pytest.raises(BodyError, match='known: smpl, skel'):
        tube_body('star')
