"""Anny's skin on SKEL's kinematics, where the package is installed and its cache was made."""
import os

import numpy as np
import pytest
import torch

from mmskel.body import SKEL, BodyError, body_from_arrays
from mmskel.body.anny import TRAITS, anny_body
from mmskel.body.model_files import body_arrays


def test_without_the_package(monkeypatch):
    import sys
    monkeypatch.setitem(sys.modules, 'anny', None)
    with pytest.raises(BodyError, match="pip install 'mmskel.body.'.*or take 'tube'"):
        anny_body.__wrapped__()


@pytest.mark.skipif('ANNY_CACHE_DIR' not in os.environ, reason="Anny's first use takes a minute; set ANNY_CACHE_DIR to try it")
def test_a_body_like_any_other():
    pytest.importorskip('anny', reason='anny is not installed')
    body = anny_body()
    assert type(body_from_arrays(body_arrays(body), 'anny')) is type(body)
    skel = SKEL(body)
    np.testing.assert_allclose(body.weights.sum(1), 1, atol=1e-5)
    joints = skel.joints(torch.zeros(1, 46), torch.zeros(1, 10))[0].numpy()
    np.testing.assert_allclose(joints, body.joint_regressor @ body.template, atol=1e-5)
    assert 1.5 < np.ptp(body.template[:, 1]) < 1.9 and np.ptp(body.template[:, 0]) > 1.5  # metres; arms sideways
    np.testing.assert_allclose(joints[[1, 15, 18]] * (-1, 1, 1), joints[[6, 20, 23]], atol=2e-3)
    taller = torch.zeros(1, 10)
    taller[0, TRAITS.index('height')] = 3
    assert np.ptp(skel(torch.zeros(1, 46), taller).skin_verts[0, :, 1].numpy()) > np.ptp(body.template[:, 1]) + .02
    bent = torch.zeros(1, 46)
    bent[0, 6] = 1  # the right knee
    moved = (skel(bent, torch.zeros(1, 10)).skin_verts - skel(torch.zeros(1, 46), torch.zeros(1, 10)).skin_verts).norm(dim=-1)[0]
    assert moved.max() > .2 and (moved[body.template[:, 1] > 0] < 1e-5).all()
