"""Repair of mmdet."""
from mmskel.compat import numpy_names
from mmskel.compat.repair import Repair

REPAIRS = (
    Repair(
        package='mmdet',
        name='names that NumPy dropped',
        modules=('mmdet.evaluation.functional.ytviseval', ),
        issue=numpy_names.ISSUE,
        why='video instance evaluation uses np.float, which NumPy 1.24 dropped',
        healthy=numpy_names.healthy,
        fix=numpy_names.fix),
)
