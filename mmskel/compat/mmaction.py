"""Repairs of mmaction2."""
from mmskel.compat import numpy_names
from mmskel.compat.repair import Repair

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
