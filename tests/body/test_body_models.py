"""The made-up body in another implementation: body-models (Apache-2.0), where it is installed."""
import pickle

import numpy as np
import pytest
import torch

from mmskel.body import SKEL, SMPL, save_body, tube_body
from mmskel.body.model_files import body_arrays


def test_smpl(tmp_path):
    theirs = pytest.importorskip('body_models.smpl.numpy', reason='body-models is not installed')
    body = tube_body('smpl')
    save_body(tmp_path / 'smpl.npz', body)
    rng = np.random.default_rng(0)
    poses, betas = (rng.normal(size=(5, 24, 3)) * 0.4).astype(np.float32), rng.normal(size=(5, 10)).astype(np.float32)
    trans = rng.normal(size=(5, 3)).astype(np.float32)
    ours = SMPL(body)(torch.from_numpy(poses).flatten(1), torch.from_numpy(betas), torch.from_numpy(trans))
    model = theirs.SMPL(model_path=tmp_path / 'smpl.npz')
    arguments = dict(pelvis_rotation=poses[:, 0], shape=betas, global_translation=trans)
    np.testing.assert_allclose(model.forward_skeleton(poses[:, 1:], **arguments)[..., :3, 3], ours.joints, atol=2e-5)
    np.testing.assert_allclose(model.forward_vertices(poses[:, 1:], **arguments), ours.vertices, atol=2e-5)


def test_skel(tmp_path):
    theirs = pytest.importorskip('body_models.skel.numpy', reason='body-models is not installed')
    from scipy.sparse import csc_matrix
    body = tube_body('skel')
    arrays = body_arrays(body)
    cube = np.eye(3, dtype=np.float32)
    arrays.update(skel_template_v=cube, skel_template_f=np.array([[0, 1, 2]]), skel_weights=np.eye(3, 24), skel_weights_rigid=np.eye(3, 24),
                  J_regressor=np.zeros((24, len(body.template))), bone_names=[str(j) for j in range(24)])
    for key in ('J_regressor_osim', 'skin_weights', 'skel_weights', 'skel_weights_rigid'):
        arrays[key] = csc_matrix(arrays[key])
    (tmp_path / 'skel.pkl').write_bytes(pickle.dumps(arrays))
    rng = np.random.default_rng(0)
    poses, betas = (rng.normal(size=(5, 46)) * 0.4).astype(np.float32), rng.normal(size=(5, 10)).astype(np.float32)
    ours = SKEL(body)(torch.from_numpy(poses), torch.from_numpy(betas))
    model = theirs.SKEL(model_path=tmp_path / 'skel.pkl')
    head = slice(23, 26)
    arguments = np.delete(poses, head, 1), poses[:, head]
    np.testing.assert_allclose(model.forward_skeleton(*arguments, shape=betas)[..., :3, 3], ours.joints, atol=2e-5)
    np.testing.assert_allclose(model.forward_vertices(*arguments, shape=betas), ours.skin_verts, atol=2e-5)
