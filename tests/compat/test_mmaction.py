"""mmaction2: NumPy itself stays as it is, the placeholder says what it is."""
import numpy as np
import pytest


def test_numpy_itself_is_untouched(repaired):
    from mmaction.datasets.transforms import pose_transforms
    assert pose_transforms.np.Inf == float('inf')
    assert pose_transforms.np.ndarray is np.ndarray
    if np.lib.NumpyVersion(np.__version__) >= '2.0.0':
        assert not hasattr(np, 'Inf')


def test_drn_says_that_it_is_missing(repaired):
    import mmaction.models
    from mmaction.registry import MODELS
    if hasattr(mmaction.models.DRN, 'forward_train'):
        pytest.skip('this mmaction2 contains DRN')
    with pytest.raises(ImportError, match='mmaction2#2714'):
        MODELS.build(dict(type='DRN', vocab_size=1303))


def test_networks_return_themselves(repaired):
    from mmaction.registry import MODELS
    network = MODELS.build(dict(type='ResNet3dSlowOnly', depth=18, pretrained=None, base_channels=4))
    assert network.eval() is network and not network.training
    assert network.train() is network and network.training
