"""Formats of other programs that are no source here: what they are, and the way to one that is."""
from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_STGCN = ('arrays of ST-GCN, 2s-AGCN and CTR-GCN: (clips, coordinates, frames, joints, persons), `mmskel prepare '
          'stgcn_arrays SOURCE out.pkl` reads them: the folder of the arrays and their labels, or the .npz')
_OPENPOSE = ("OpenPose's files, one JSON per frame; `mmskel prepare openpose FOLDER out.pkl --labels labels.csv` reads "
             'them, a folder per video')
_MMPOSE = ("MMPose's predictions (instances with 'keypoints' and 'keypoint_scores'); `mmskel prepare mmpose SOURCE "
           'out.pkl --labels labels.csv` reads them')
_COCO = ("keypoint results in COCO's format, as AlphaPose writes them, too (a list of 'image_id', 'keypoints', "
         "'score'); `mmskel prepare coco_results SOURCE out.pkl --labels labels.csv` reads them")


def is_stgcn_array(shape: tuple[int, ...]) -> bool:
    """Whether an array has the axes of ST-GCN's: clips, coordinates, frames, joints, persons."""
    return len(shape) == 5 and shape[1] in (2, 3)


def foreign_array(shape: tuple[int, ...]) -> str:
    """What an array of another program is, and the way out; '' if it is none that is known."""
    return f'These are {_STGCN}' if is_stgcn_array(shape) else ''


def foreign_value(data: Any) -> str:
    """What the content of a pickle is that is no annotation file, and the way out; '' if it is none that is known."""
    if isinstance(data, (tuple, list)) and len(data) == 2 and all(isinstance(part, (list, tuple)) for part in data) \
            and len(data[0]) == len(data[1]) and all(isinstance(name, str) for name in data[0]):
        return f'It is a list of names and one of labels, which belong to the {_STGCN}'
    if isinstance(data, Mapping) and 'keypoint' in data:
        return ('It is the annotation of a single clip. `mmskel prepare pickle FOLDER out.pkl` gathers a folder of '
                'them in one file')
    return ''


def foreign_file(path: str | Path) -> str:
    """What a file is that is no pickle, and the way out; '' if it is none that is known."""
    path = Path(path)
    with path.open('rb') as file:
        head = file.read(4096)
    if head.startswith(b'\x93NUMPY'):
        return f'It is a NumPy array, not a pickle. If it is one of the {_STGCN}'
    if head.startswith(b'PK'):
        try:
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
            return ''
        if any(name.endswith('data.pkl') for name in names):
            return 'It is a checkpoint of PyTorch, not an annotation file'
        if names and all(name.endswith('.npy') for name in names):
            what = ', '.join(name.removesuffix('.npy') for name in names[:4])
            return f'It is a NumPy archive ({what}), not a pickle. If it holds the {_STGCN}'
        return 'It is a zip archive; `mmskel prepare FORMAT` reads archives of data, see `mmskel prepare --help`'
    if head.lstrip()[:1] in (b'{', b'['):
        return foreign_json(head.decode('utf-8', 'replace')) or 'It is JSON, not a pickle'
    return ''


def foreign_json(text: str) -> str:
    """What a JSON file is by its beginning, and the way out; '' if it is none that is known."""
    if '"people"' in text and ('"pose_keypoints' in text or '"version"' in text):
        return f'These are {_OPENPOSE}'
    if '"instance_info"' in text or '"meta_info"' in text or '"instances"' in text or '"keypoint_scores"' in text:
        return f'These are {_MMPOSE}'
    if '"image_id"' in text and '"keypoints"' in text and '"category_id"' in text:
        return f'These are {_COCO}'
    return ''


def foreign_folder(folder: str | Path) -> str:
    """What a folder holds whose JSON files are another program's, and the way out; '' if it is none that is known."""
    for path in sorted(Path(folder).rglob('*.json'))[:5]:
        try:
            with path.open(encoding='utf-8', errors='replace') as file:
                found = foreign_json(file.read(4096))
        except OSError:
            continue
        if found:
            return found
    return ''
