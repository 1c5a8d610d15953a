"""Repairs of xtcocotools, the annotation reader and evaluation of mmpose."""
from __future__ import annotations

import importlib
import sys
from types import ModuleType

from mmskel.compat.repair import Repair, source_of

ISSUE = 'https://github.com/jin-s13/xtcocoapi/issues/45'


def _has_own_mask(module: ModuleType) -> str:
    if 'xtcocotools._mask' not in source_of(module):
        return 'this xtcocotools has no extension module'
    try:
        importlib.import_module('xtcocotools._mask')
    except (ImportError, ValueError):  # ValueError: numpy.dtype size changed
        return ''
    return 'its extension module loads'


def _borrow_mask(module: ModuleType) -> None:
    sys.modules['xtcocotools._mask'] = importlib.import_module('pycocotools._mask')


REPAIRS = (
    Repair(
        package='xtcocotools',
        name='extension module built for NumPy 1',
        modules=('xtcocotools.mask', ),
        issue=ISSUE,
        why='the wheels of xtcocotools were compiled for NumPy 1; its only extension module is the '
        "same as pycocotools', which is used instead",
        healthy=_has_own_mask,
        fix=_borrow_mask,
        before=True),
    Repair(
        package='xtcocotools',
        name='no wheel for this Python',
        modules=('xtcocotools', 'xtcocotools.coco', 'xtcocotools.cocoeval', 'xtcocotools.mask'),
        issue=ISSUE,
        why='xtcocotools has no wheel for Python >= 3.12; the part that mmpose uses is provided on '
        'top of pycocotools',
        stand_in='mmskel.compat.xtcocotools_on_pycocotools',
        needs='pycocotools'),
)
