"""PYSKL's checkpoints (github.com/kennymckormick/pyskl, Apache-2.0) whose networks MMAction2's or our code can hold.

URLs follow a pattern, so the tables say only what differs: folders, and the accuracies of PYSKL's pages. Left out:
networks whose backbones are not here, ST-GCN in its original training, which PYSKL gives for comparison, and trainings
that PYSKL gives without an accuracy.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mmskel.cards.zoo.entry import ZooEntry, short_name
from mmskel.cards.zoo.mmaction import CLASSES, LAYOUTS

_ROOT = 'http://download.openmmlab.com/mmaction/pyskl/ckpt'
_FILES = dict(joint='j', bone='b', joint_motion='jm', bone_motion='bm')
_ANNOTATIONS = {'3d': '3dkp', '2d': 'hrnet'}


class _Graph(NamedTuple):
    """A graph network.

    ``folder``: PYSKL's folder, ``config``: MMAction2's configs, with ``{stream}`` and ``{coords}``; ``options``: what
    differs from them; ``accuracies``: by data set, protocol and coordinates, those of joint, bone, joint motion and
    bone motion.
    """
    folder: str
    config: str
    options: Mapping[str, Any]
    parameters: str
    accuracies: Mapping[str, str]


def _configs(folder: str, network: str) -> str:
    return f'mmaction::skeleton/{folder}/{network}_8xb16-{{stream}}-u100-80e_ntu60-xsub-keypoint-{{coords}}.py'


_GRAPHS = dict(
    stgcn=_Graph('stgcn/stgcn_pyskl_', _configs('stgcn', 'stgcn'), {}, '3.1M', {
        'ntu60 xsub 3d': '87.8 88.6 85.8 86.2', 'ntu60 xsub 2d': '89.0 91.2 86.7 87.8',
        'ntu60 xview 3d': '95.5 95.0 93.7 92.8', 'ntu60 xview 2d': '98.0 96.5 95.6 95.4',
        'ntu120 xsub 3d': '82.1 83.7 80.3 80.6', 'ntu120 xsub 2d': '80.1 83.4 78.6 79.8',
        'ntu120 xset 3d': '84.5 85.8 82.7 83.0', 'ntu120 xset 2d': '84.2 87.7 82.5 83.5'}),
    stgcnpp=_Graph('stgcnpp/stgcnpp_', _configs('stgcnpp', 'stgcnpp'), {}, '1.4M', {
        'ntu60 xsub 3d': '89.3 90.1 87.5 87.3', 'ntu60 xsub 2d': '89.3 92.3 84.0 88.8',
        'ntu60 xview 3d': '95.6 95.5 94.3 93.8', 'ntu60 xview 2d': '97.4 97.2 93.4 95.4',
        'ntu120 xsub 3d': '83.2 85.6 80.4 81.5', 'ntu120 xsub 2d': '84.4 84.8 76.4 81.1',
        'ntu120 xset 3d': '85.6 87.5 84.3 83.0', 'ntu120 xset 2d': '88.1 88.5 82.6 84.1'}),
    aagcn=_Graph('aagcn/aagcn_pyskl_', _configs('2s-agcn', '2s-agcn'), {'model.backbone.gcn_attention': True}, '3.7M', {
        'ntu60 xsub 3d': '89.0 89.1 86.9 86.6', 'ntu60 xsub 2d': '89.7 92.2 88.7 88.8',
        'ntu60 xview 3d': '95.7 95.2 93.9 92.4', 'ntu60 xview 2d': '97.1 96.8 95.5 95.9',
        'ntu120 xsub 3d': '82.8 84.7 80.0 80.2', 'ntu120 xsub 2d': '80.2 84.2 80.9 81.1',
        'ntu120 xset 3d': '84.8 86.2 82.0 82.8', 'ntu120 xset 2d': '86.3 88.2 85.1 85.1'}),
    # the clips of PYSKL's ST-GCN, in the backbone that is ours
    ctrgcn=_Graph('ctrgcn/ctrgcn_pyskl_', _configs('stgcn', 'stgcn'), {'model.backbone': 'CTRGCN'}, '1.5M', {
        'ntu60 xsub 3d': '89.6 90.0 88.0 87.5', 'ntu60 xsub 2d': '90.6 92.7 89.4 90.3',
        'ntu60 xview 3d': '95.6 95.4 94.4 93.6', 'ntu60 xview 2d': '96.9 97.6 94.8 95.6',
        'ntu120 xsub 3d': '84.0 85.9 81.1 82.2', 'ntu120 xsub 2d': '82.2 84.6 82.3 82.1',
        'ntu120 xset 3d': '85.9 87.4 84.1 83.9', 'ntu120 xset 2d': '84.5 88.6 85.6 85.6'}))


class _Volumes(NamedTuple):
    """A network of heatmap volumes.

    ``folder``: PYSKL's folder; ``joint``, ``limb``: configs; ``classes``: the option that sets the number of classes;
    ``accuracies``: by data set and protocol, those of joint and limb, or of joint alone.
    """
    folder: str
    joint: str
    limb: str
    classes: str
    parameters: str
    accuracies: Mapping[str, str]


_SLOWONLY = 'mmaction::skeleton/posec3d/slowonly_r50_8xb16-u48-240e_ntu60-xsub-'
_PRETRAINED = 'mmaction::skeleton/posec3d/slowonly_kinetics400-pretrained-r50_8xb16-u48-120e_ucf101-split1-keypoint.py'
_HEAD = 'model.cls_head.num_classes'
_VOLUMES = dict(
    posec3d=_Volumes('slowonly_r50_{}', f'{_SLOWONLY}keypoint.py', f'{_SLOWONLY}limb.py', _HEAD, '2.0M', {
        'ntu60 xsub': '93.7 93.4', 'ntu60 xview': '96.5 96.0', 'ntu120 xsub': '85.9 85.9',
        'ntu120 xset': '89.7 89.7', 'gym': '93.8 93.8'}),
    c3d=_Volumes('c3d_light_{}', 'posec3d/c3dlight_ntu60_2d.py', 'posec3d/c3dlight_ntu60_2d.py', 'num_classes',
                 '3.4M', {'ntu60 xsub': '92.7 92.6', 'gym': '91.8 91.2'}),
    x3d=_Volumes('x3d_shallow_{}', 'posec3d/x3dshallow_ntu60_2d.py', 'posec3d/x3dshallow_ntu60_2d.py', 'num_classes',
                 '0.3M', {'ntu60 xsub': '92.1 91.6', 'gym': '91.4 90.0'}))
# fine-tuned from Kinetics-400, on the first split
_TUNED = {'ucf101': 86.9, 'hmdb51': 69.4}


def pyskl_entries() -> Iterator[ZooEntry]:
    """One entry per checkpoint; PYSKL's names begin with ``pyskl_``."""
    for network, graph in _GRAPHS.items():
        for said, accuracies in graph.accuracies.items():
            data, protocol, coords = said.split()
            options = _graph_options(graph.options, data, LAYOUTS[int(coords[0])])
            for stream, top1 in zip(_FILES, accuracies.split()):
                made = _Trained(network, data, protocol, stream, float(top1), graph.parameters, int(coords[0]))
                yield made.entry(
                    graph.config.format(stream=stream.replace('_', '-'), coords=coords), options,
                    f'{graph.folder}{data}_{protocol}_{_ANNOTATIONS[coords]}/{_FILES[stream]}')
    for network, one in _VOLUMES.items():
        for said, accuracies in one.accuracies.items():
            data, _, protocol = said.partition(' ')
            for stream, top1 in zip(('joint', 'limb'), accuracies.split()):
                config = getattr(one, stream)
                options = {} if data == 'ntu60' else {one.classes: CLASSES[data][1]}
                if stream == 'limb' and config == one.joint:
                    options['model.data_preprocessor.stream'] = 'limb'
                made = _Trained(network, data, protocol, stream, float(top1), one.parameters)
                yield made.entry(config, options, f'posec3d/{one.folder.format(said.replace(" ", "_"))}/{stream}')
    for data, top1 in _TUNED.items():
        yield _Trained('posec3d', data, 'split1', 'joint', top1, '3.1M').entry(
            _PRETRAINED, {_HEAD: CLASSES[data][1]}, f'posec3d/slowonly_r50_{data}_k400p/s1_joint')


def _graph_options(options: Mapping[str, Any], data: str, layout: str) -> dict[str, Any]:
    """A table's options for a data set and a layout; a backbone is named alone, and takes any layout."""
    made = dict(options)
    if 'model.backbone' in made:
        made['model.backbone'] = dict(_delete_=True, type=made['model.backbone'], layout=layout)
    return made if data == 'ntu60' else {**made, _HEAD: CLASSES[data][1]}


class _Trained(NamedTuple):
    """One training; ``coords``: 0 for volumes."""
    network: str
    data: str
    protocol: str
    stream: str
    top1: float
    parameters: str
    coords: int = 0

    def entry(self, config: str, options: Mapping[str, Any], file: str) -> ZooEntry:
        """Its entry; ``file`` is PYSKL's, without ``.pth``."""
        names, count = CLASSES[self.data]
        name = short_name(self.network, self.data, self.protocol, self.coords, self.stream)
        coords = self.coords or 2
        return ZooEntry(
            name=f'pyskl_{name}', network=self.network, source='PYSKL', config=config, url=f'{_ROOT}/{file}.pth',
            data=self.data, protocol=self.protocol, layout=LAYOUTS[coords], coords=coords, stream=self.stream,
            classes=names, num_classes=count, persons=2 if self.coords else None, top1=self.top1,
            measure='mean class' if self.data == 'gym' else 'top-1', parameters=self.parameters, options=options)
