"""Repairs of mmaction2."""
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
)
