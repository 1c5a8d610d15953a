"""The skeleton checkpoints of the installed MMAction2, read from the metafiles that come with it."""
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mmskel.cards.zoo.entry import ZooEntry, short_name

CLASSES = dict(ntu60=('ntu', 60), ntu120=('ntu', 120), gym=('gym99', 99), hmdb51=('hmdb51', 51),
               ucf101=('ucf101', 101), k400=('k400', 400))
"""Data set -> list of its classes, and how many of them it has."""

LAYOUTS = {2: 'coco17', 3: 'ntu25'}
"""Number of coordinates -> joint order, in MMAction2's and PYSKL's skeleton data sets."""

STREAMS = ('joint_motion', 'bone_motion', 'joint', 'bone')
# <network>_<training>_<data>, e.g. stgcnpp_8xb16-bone-motion-u100-80e_ntu60-xsub-keypoint-2d
_DATA = re.compile(r'(?P<data>[a-z0-9]+)-(?:(?P<protocol>\w+)-)?(?P<kind>keypoint|limb)(?:-(?P<coords>[23])d)?$')


def mmaction_folder() -> Path | None:
    """The folder of the configs that MMAction2 carries; None if it is not installed."""
    spec = find_spec('mmaction')
    return Path(spec.origin).parent / '.mim' / 'configs' if spec and spec.origin else None


def mmaction_entries() -> Iterator[ZooEntry]:
    """One entry per checkpoint of ``skeleton/*/metafile.yml``."""
    import yaml
    folder = mmaction_folder()
    for file in sorted(folder.glob('skeleton/*/metafile.yml')) if folder else ():
        content = yaml.safe_load(file.read_text(encoding='utf-8'))
        for model in content['Models']:
            if entry := _entry(model):
                yield entry


def _entry(model: Mapping[str, Any]) -> ZooEntry | None:
    """The entry of a metafile's model; None for one whose name follows another pattern, or whose data are unknown."""
    config = model['Config'].removeprefix('configs/')
    network = Path(config).parent.name.replace('-', '')
    training, _, said = model['Name'].rpartition('_')
    found = _DATA.match(said)
    if not found or found['data'] not in CLASSES or 'Weights' not in model:
        return None
    graph = found['coords'] is not None
    coords = int(found['coords'] or 2)
    words = training.replace('-', '_')
    stream = next((one for one in STREAMS if f'_{one}_' in words), 'joint') if graph else \
        found['kind'].replace('keypoint', 'joint')
    results = model['Results']
    metrics = (results[0] if isinstance(results, list) else results)['Metrics']
    measure, top1 = next(iter(metrics.items()))
    names, count = CLASSES[found['data']]
    protocol = found['protocol'] or ''
    return ZooEntry(
        name=short_name(network, found['data'], protocol, coords if graph else 0, stream), network=network,
        source='MMAction2', config=f'mmaction::{config}', url=model['Weights'], data=found['data'], protocol=protocol,
        layout=LAYOUTS[coords], coords=coords, stream=stream, classes=names, num_classes=count,
        persons=2 if graph else None, top1=float(top1), measure='mean class' if 'mean' in measure else 'top-1',
        parameters=str(model['Metadata'].get('Parameters', '')))
