"""Drawing and reports: skeletons, animations, confusion matrices, training curves, the report page.

Importing this imports no plotting library; matplotlib, OpenCV and Pillow are imported by what uses them.
"""
from mmskel.visualization.animation import Caption, animate, draw_caption
from mmskel.visualization.confusion import Confusion, draw_confusion_matrix, most_confused, write_confusion_page
from mmskel.visualization.curves import Curves, read_curves
from mmskel.visualization.report import ClassRow, class_rows, write_report
from mmskel.visualization.skeleton_drawing import Scene, draw_frames

__all__ = ['Caption', 'ClassRow', 'Confusion', 'Curves', 'Scene', 'animate', 'class_rows', 'draw_caption',
           'draw_confusion_matrix', 'draw_frames', 'most_confused', 'read_curves', 'write_confusion_page',
           'write_report']
