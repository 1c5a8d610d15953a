"""Data: readers of benchmark formats, the annotation file, checking it; NumPy only.

Transforms and data set classes need OpenMMLab and are imported from their own modules.
"""
from mmskel.data.annotation_file import AnnotationError, AnnotationFile, load_annotation_file, save_annotation_file
from mmskel.data.checking.file import check_file
from mmskel.data.checking.report import CheckReport, Problem, render_report
from mmskel.data.means import mean_coordinate
from mmskel.data.prepare import PrepareError, prepare
from mmskel.data.readers import READERS, ReadError, options_of
from mmskel.files.atomic import atomic_path
from mmskel.files.restricted_pickle import UnsafePickleError, load_pickle

__all__ = ['READERS', 'AnnotationError', 'AnnotationFile', 'CheckReport', 'PrepareError', 'Problem', 'ReadError',
           'UnsafePickleError', 'atomic_path', 'check_file', 'load_annotation_file', 'load_pickle', 'mean_coordinate',
           'options_of', 'prepare', 'render_report', 'save_annotation_file']
