"""Readers of benchmark formats, by name.

Every reader is a :class:`Reader`: ``items()`` names what can be read, ``read(item)`` returns its clip (or raises an
error that names it), ``splits(ids)``, ``meta()`` and ``notes()`` give the other facts, ``options_of(reader)`` lists the
options.
"""
from mmskel.data.readers.amass import AMASS
from mmskel.data.readers.file_tree import FileTree
from mmskel.data.readers.frfs import FRFS
from mmskel.data.readers.group_scenes import GroupScenes
from mmskel.data.readers.hdm05 import HDM05
from mmskel.data.readers.kinetics_hrnet import KineticsHRNet
from mmskel.data.readers.kinetics_skeleton import KineticsSkeleton
from mmskel.data.readers.msr_action3d import MSRAction3D
from mmskel.data.readers.nba import NBA
from mmskel.data.readers.ntu import NTU
from mmskel.data.readers.numpy_folder import NumpyFolder
from mmskel.data.readers.nw_ucla import NWUCLA
from mmskel.data.readers.penn_action import PennAction
from mmskel.data.readers.pickled import Pickled
from mmskel.data.readers.reader import Option, Reader, ReadError, options_of
from mmskel.data.readers.sbu import SBU
from mmskel.data.readers.sysu import SYSU
from mmskel.data.readers.utkinect import UTKinect
from mmskel.data.readers.volleyball import Volleyball, VolleyballWeak

READERS: dict[str, type[Reader]] = {
    'amass': AMASS,
    'frfs': FRFS,
    'group_scenes': GroupScenes,
    'hdm05': HDM05,
    'kinetics_hrnet': KineticsHRNet,
    'kinetics_skeleton': KineticsSkeleton,
    'msr_action3d': MSRAction3D,
    'nba': NBA,
    'ntu': NTU,
    'numpy': NumpyFolder,
    'nw_ucla': NWUCLA,
    'penn_action': PennAction,
    'pickle': Pickled,
    'sbu': SBU,
    'sysu': SYSU,
    'utkinect': UTKinect,
    'volleyball': Volleyball,
    'volleyball_weak': VolleyballWeak,
}
"""Format name -> reader; a new format is one more file and one more line here."""

__all__ = ['AMASS', 'FRFS', 'FileTree', 'GroupScenes', 'HDM05', 'KineticsHRNet', 'KineticsSkeleton', 'MSRAction3D',
           'NBA', 'NTU', 'NWUCLA', 'NumpyFolder', 'Option', 'PennAction', 'Pickled', 'READERS', 'ReadError', 'Reader',
           'SBU', 'SYSU', 'UTKinect', 'Volleyball', 'VolleyballWeak', 'options_of']
