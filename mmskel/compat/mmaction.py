"""Repairs of mmaction2."""
import functools
import inspect
from copy import deepcopy
from types import ModuleType

from mmskel.compat import numpy_names
from mmskel.compat.repair import Repair, source_of


def _has_what_vindlu_needs(dependency: ModuleType) -> str:
    """'' where transformers is installed but lacks names that mmaction2 imports from it."""
    if not dependency.WITH_MULTIMODAL:
        return 'transformers is not installed, or older than mmaction2 requires'
    try:
        from transformers.modeling_utils import (  # noqa: F401
            apply_chunking_to_forward,
            find_pruneable_heads_and_indices,
            prune_linear_layer,
        )
    except Exception:  # a third-party package may be broken in unknown ways
        return ''
    return 'this version of transformers has the names that mmaction2 imports from it'


def _without_vindlu(dependency: ModuleType) -> None:
    dependency.WITH_MULTIMODAL = False


def _counts_laterals(slowfast: ModuleType) -> str:
    """'' where lateral connections are frozen by counting the stages."""
    if 'self.lateral_connections[i - 1]' in source_of(slowfast):
        return ''
    return 'this version of mmaction2 freezes lateral connections by another rule'


def _freeze_laterals_by_name(slowfast: ModuleType) -> None:
    slowfast.ResNet3dPathway._freeze_stages = _freeze_stages


def _freeze_stages(self) -> None:
    """No gradients up to stage ``frozen_stages``: stem, stages, and the lateral connection after each that has one."""
    names = ['conv1'] if self.frozen_stages >= 0 else []
    for stage in range(1, self.frozen_stages + 1):
        lateral = f'layer{stage}_lateral'
        names += [f'layer{stage}', *([lateral] if lateral in self.lateral_connections else [])]
    for name in names:
        getattr(self, name).eval()
        getattr(self, name).requires_grad_(False)


def _writes_into_pathways(rgbpose: ModuleType) -> str:
    """'' where the constructor writes into the dictionaries passed to it."""
    if "rgb_pathway['speed_ratio'] = speed_ratio" in source_of(rgbpose):
        return ''
    return 'this version of mmaction2 leaves the dictionaries alone'


def _copy_pathways(rgbpose: ModuleType) -> None:
    usual = rgbpose.RGBPoseConv3D.__init__
    signature = inspect.signature(usual)

    @functools.wraps(usual)
    def __init__(self, *args, **kwargs) -> None:
        bound = signature.bind(self, *args, **kwargs)
        bound.apply_defaults()
        for name in ('rgb_pathway', 'pose_pathway'):
            bound.arguments[name] = deepcopy(bound.arguments[name])
        usual(*bound.args, **bound.kwargs)

    rgbpose.RGBPoseConv3D.__init__ = __init__


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
        'moved three functions that VindLU needs; VindLU is left out, as without transformers',
        healthy=_has_what_vindlu_needs,
        fix=_without_vindlu),
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
        fix=numpy_names.fix),
    Repair(
        package='mmaction',
        name='frozen stages of pathways with lateral connections',
        modules=('mmaction.models.backbones.resnet3d_slowfast', ),
        issue='none found; docs/published/posec3d.md, D4',
        why='the list of lateral connections is indexed by stage, though not every stage has one: frozen_stages '
        'of RGBPoseConv3D froze the wrong connection or raised IndexError',
        healthy=_counts_laterals,
        fix=_freeze_laterals_by_name),
    Repair(
        package='mmaction',
        name='RGBPoseConv3D without traces in its arguments',
        modules=('mmaction.models.backbones.rgbposeconv3d', ),
        issue='none found; docs/published/posec3d.md, D5',
        why='the constructor writes speed and channel ratio into the dictionaries of its pathways, the defaults '
        'included, so that one network changes the next',
        healthy=_writes_into_pathways,
        fix=_copy_pathways),
    Repair(
        package='mmaction',
        name='networks whose train() and eval() return nothing',
        modules=('mmaction.models.backbones.resnet3d', 'mmaction.models.backbones.x3d'),
        issue='none found; torch.nn.Module.train returns the module',
        why='ResNet3d and X3D override train without returning the network, so `network.eval()` is None',
        healthy=_returns_itself,
        fix=_return_itself),
)
