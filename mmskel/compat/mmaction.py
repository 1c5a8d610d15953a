"""Repairs of mmaction2."""
import functools
import inspect
from types import ModuleType

from mmskel.compat import numpy_names
from mmskel.compat.repair import Repair


def _has_what_vindlu_needs(dependency: ModuleType) -> str:
    """'' where transformers is installed but lost what mmaction2 takes from it."""
    if not dependency.WITH_MULTIMODAL:
        return 'transformers is not installed, or older than mmaction2 wants it'
    try:
        from transformers.modeling_utils import (  # noqa: F401
            apply_chunking_to_forward,
            find_pruneable_heads_and_indices,
            prune_linear_layer,
        )
    except Exception:  # of a package that is not ours, and broken in unknown ways
        return ''
    return 'this transformers has the names that mmaction2 takes from it'


def _without_vindlu(dependency: ModuleType) -> None:
    dependency.WITH_MULTIMODAL = False


def _mute_modes(module: ModuleType) -> list[type]:
    """Networks of the module with a ``train`` of their own that returns nothing."""
    own = [value for value in vars(module).values() if isinstance(value, type) and value.__module__ == module.__name__]
    return [one for one in own if 'train' in vars(one) and 'return self' not in inspect.getsource(one.train)]


def _returns_itself(module: ModuleType) -> str:
    return '' if _mute_modes(module) else f'train() of {module.__name__} returns the network'


def _return_itself(module: ModuleType) -> None:
    for network in _mute_modes(module):
        network.train = _with_return(network.train)


def _with_return(train):
    @functools.wraps(train)
    def train_and_return(self, mode: bool = True):
        train(self, mode)
        return self
    return train_and_return


REPAIRS = (
    Repair(
        package='mmaction',
        name='the missing DRN module',
        modules=('mmaction.models.localizers.drn', 'mmaction.models.localizers.drn.drn'),
        issue='https://github.com/open-mmlab/mmaction2/issues/2714',
        why='the wheel of mmaction2 1.2.0 lacks the folder localizers/drn, which mmaction.models '
        'imports; a placeholder is served',
        stand_in='mmskel.compat.mmaction_drn'),
    Repair(
        package='mmaction',
        name='transformers without its old names',
        modules=('mmaction.utils.dependency', ),
        issue='none found; the names moved in https://github.com/huggingface/transformers',
        why='mmaction.models imports VindLU wherever transformers is installed, and transformers '
        'moved three functions that VindLU wants; VindLU is left out, as without transformers',
        healthy=_has_what_vindlu_needs,
        mend=_without_vindlu),
    Repair(
        package='mmaction',
        name='names that NumPy dropped',
        modules=('mmaction.datasets.transforms.pose_transforms', 'mmaction.utils.misc',
                 'mmaction.evaluation.functional.accuracy',
                 'mmaction.evaluation.metrics.multimodal_metric'),
        issue=numpy_names.ISSUE,
        why='PoseCompact and evaluation code use np.Inf, np.trapz and np.in1d, which NumPy 2 '
        'dropped',
        healthy=numpy_names.healthy,
        mend=numpy_names.mend),
    Repair(
        package='mmaction',
        name='networks whose train() and eval() return nothing',
        modules=('mmaction.models.backbones.resnet3d', 'mmaction.models.backbones.x3d'),
        issue='none found; torch.nn.Module.train returns the module',
        why='ResNet3d and X3D override train without returning the network, so `network.eval()` is None',
        healthy=_returns_itself,
        mend=_return_itself),
)
