"""Repair of mmcv-lite: a pure PyTorch stand-in for its compiled operators."""
from mmskel.compat.repair import Repair

REPAIRS = (
    Repair(
        package='mmcv',
        name='operators without compiling',
        modules=('mmcv._ext', ),
        issue='https://github.com/open-mmlab/mmcv/issues/3181',
        why='mmcv-lite has no compiled operators, yet mmdet.models and mmpose.models import '
        'mmcv.ops; PyTorch versions of the operators are served',
        stand_in='mmskel.compat.mmcv_ext'),
)
