"""Repairs of third-party packages at import time, so that today's OpenMMLab stack runs.

``install()`` before the first OpenMMLab import; it imports nothing heavy. One file per repaired
package: each repair names the upstream issue, tests for the defect when the package is imported,
touches only what is broken, and switches itself off once upstream is fixed. Names that were copied
out of a module before ``install()`` (``from x import y``) keep what they hold, except where a
repair says otherwise.
"""
from mmskel.compat import mmaction, mmcv, mmdet, mmengine, mmpose, repair, xtcocotools
from mmskel.compat.repair import Repair, Status, after_import

REPAIRS = (*mmengine.REPAIRS, *mmcv.REPAIRS, *mmaction.REPAIRS, *mmdet.REPAIRS, *mmpose.REPAIRS,
           *xtcocotools.REPAIRS)

__all__ = ['REPAIRS', 'Repair', 'Status', 'after_import', 'install', 'status']


def install() -> None:
    """Register every repair. Calling it again does nothing."""
    repair.install(REPAIRS)


def status() -> list[Status]:
    """The outcome of each repair: state, reason in words and upstream issue. Imports nothing."""
    return repair.status(REPAIRS)
