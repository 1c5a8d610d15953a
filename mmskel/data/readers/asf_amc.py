"""Acclaim's motion capture: a skeleton of bones (ASF), angles per frame (AMC), and the positions that both describe.

Symbols: T frames, B bones.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from mmskel.data.readers.reader import ReadError
from mmskel.files.errors import UserError

_INCH = 0.0254  # metres; lengths are inches over the file's length unit


@dataclass
class Bone:
    """One bone: the rest position of its end relative to its beginning, and its rotations.

    Args:
        direction: (3,) unit vector in the world's axes.
        length: Length in the file's units.
        axis: (3, 3) axes that its angles are about.
        dof: Names of the angles of every frame, of ``rx``, ``ry``, ``rz``, in the file's order.
        parent: Name of the bone before it, ``'root'`` for the first ones.
    """
    direction: np.ndarray
    length: float
    axis: np.ndarray
    dof: tuple[str, ...] = ()
    parent: str = ''


@dataclass
class Skeleton:
    """The content of an ASF file: bones in the order of the hierarchy, parents first.

    Args:
        bones: Name -> bone.
        scale: Metres per unit of length.
        degrees: Whether angles are in degrees.
        root_order: Order of the root's numbers in AMC files, ``('TX', ..., 'RZ')``.
        root_axis: (3, 3) axes of the root.
        root_start: (3,) position of the root at rest, in the file's units.
    """
    bones: dict[str, Bone] = field(default_factory=dict)
    scale: float = _INCH
    degrees: bool = True
    root_order: tuple[str, ...] = ('TX', 'TY', 'TZ', 'RX', 'RY', 'RZ')
    root_axis: np.ndarray = field(default_factory=lambda: np.eye(3))
    root_start: np.ndarray = field(default_factory=lambda: np.zeros(3))


def rotation(angles: Mapping[str, np.ndarray | float]) -> np.ndarray:
    """(..., 3, 3) for column vectors: first about x, then y, then z; angles in radians, a missing one is 0."""
    shape = np.broadcast_shapes(*(np.shape(angle) for angle in angles.values())) if angles else ()
    turn = np.broadcast_to(np.eye(3), (*shape, 3, 3))
    for place, axis in enumerate('xyz'):
        if axis not in angles:
            continue
        angle = np.broadcast_to(angles[axis], shape)
        one = np.zeros((*shape, 3, 3))
        a, b = (place + 1) % 3, (place + 2) % 3
        one[..., place, place] = 1
        one[..., a, a] = one[..., b, b] = np.cos(angle)
        one[..., b, a], one[..., a, b] = np.sin(angle), -np.sin(angle)
        turn = one @ turn
    return turn


def parse_asf(text: str, name: str) -> Skeleton:
    """Reads an ASF file.

    Raises:
        ReadError: If the text violates the format; names the line.
    """
    skeleton, section, bone = Skeleton(), '', {}
    for place, line in enumerate(text.splitlines(), 1):
        words = line.partition('#')[0].split()
        if not words:
            continue
        if words[0].startswith(':'):
            section = words[0][1:].lower()
            continue
        try:
            if section == 'units':
                _unit(skeleton, words)
            elif section == 'root':
                _root(skeleton, words)
            elif section == 'bonedata':
                if words[0] == 'end':
                    skeleton.bones[bone['name'][0]] = _bone(bone, skeleton.degrees)
                    bone = {}
                elif words[0] != 'begin':
                    bone[words[0]] = words[1:]
            elif section == 'hierarchy' and words[0] not in ('begin', 'end'):
                for child in words[1:]:
                    skeleton.bones[child].parent = words[0]
        except (KeyError, ValueError, IndexError) as error:
            raise ReadError(f"'{name}' line {place}: '{line.strip()[:60]}' is not valid there in an ASF file "
                            f'({type(error).__name__}: {error})') from None
    skeleton.bones = _parents_first(skeleton.bones, name)
    return skeleton


def _unit(skeleton: Skeleton, words: list[str]) -> None:
    if words[0] == 'length':
        skeleton.scale = _INCH / float(words[1])
    elif words[0] == 'angle':
        skeleton.degrees = words[1].lower().startswith('deg')


def _radians(values: list[str], degrees: bool) -> np.ndarray:
    numbers = np.array([float(value) for value in values])
    return np.deg2rad(numbers) if degrees else numbers


def _root(skeleton: Skeleton, words: list[str]) -> None:
    if words[0] == 'order':
        skeleton.root_order = tuple(word.upper() for word in words[1:])
    elif words[0] == 'position':
        skeleton.root_start = np.array([float(word) for word in words[1:4]])
    elif words[0] == 'orientation':
        skeleton.root_axis = rotation(dict(zip('xyz', _radians(words[1:4], skeleton.degrees))))


def _bone(said: Mapping[str, list[str]], degrees: bool) -> Bone:
    order = said['axis'][3].lower() if len(said['axis']) > 3 else 'xyz'
    if order != 'xyz':
        raise UserError(f'axes in the order {order}')
    return Bone(np.array([float(word) for word in said['direction'][:3]]), float(said['length'][0]),
                rotation(dict(zip('xyz', _radians(said['axis'][:3], degrees)))),
                tuple(word.lower() for word in said.get('dof', ())))


def _parents_first(bones: dict[str, Bone], name: str) -> dict[str, Bone]:
    found: dict[str, Bone] = {}
    while len(found) < len(bones):
        new = {key: bone for key, bone in bones.items()
               if key not in found and (bone.parent == 'root' or bone.parent in found)}
        if not new:
            missing = [key for key in bones if key not in found]
            raise ReadError(f"'{name}': no path from the root to {', '.join(missing[:3])}; is its :hierarchy complete?")
        found.update(new)
    if not found:
        raise ReadError(f"'{name}' has no bones; expected an ASF file with :bonedata and :hierarchy")
    return found


def parse_amc(text: str, name: str) -> dict[str, np.ndarray]:
    """Reads an AMC file: bone -> (T, n) numbers, as written there.

    Raises:
        ReadError: If a frame lacks a bone of the first one, or holds something that is not a number; names the line.
    """
    frames: list[dict[str, list[float]]] = []
    for place, line in enumerate(text.splitlines(), 1):
        words = line.partition('#')[0].split()
        if not words or words[0].startswith(':'):
            continue
        if len(words) == 1 and words[0].isdigit():
            frames.append({})
            continue
        try:
            frames[-1][words[0]] = [float(word) for word in words[1:]]
        except (ValueError, IndexError):
            raise ReadError(f"'{name}' line {place}: found '{line.strip()[:60]}'; expected the number of a frame, or a "
                            'bone and its angles') from None
    if not frames:
        raise ReadError(f"'{name}' holds no frame; expected an AMC file")
    sizes = {bone: len(values) for bone, values in frames[0].items()}
    for number, frame in enumerate(frames, 1):
        if {bone: len(values) for bone, values in frame.items()} != sizes:
            raise ReadError(f"'{name}': frame {number} of {len(frames)} has other bones or angles than the first")
    return {bone: np.array([frame[bone] for frame in frames]) for bone in sizes}


def positions(skeleton: Skeleton, motion: Mapping[str, np.ndarray], name: str) -> dict[str, np.ndarray]:
    """Root and ends of all bones, by forward kinematics: name -> (T, 3) metres.

    A bone's end is its beginning plus its rest direction under all rotations from the root on; its own rotation is
    about its own axes.

    Raises:
        ReadError: A motion without the root, or with other angles than the skeleton's bones have.
    """
    if 'root' not in motion or motion['root'].shape[1] != len(skeleton.root_order):
        raise ReadError(f"'{name}' has no root of {len(skeleton.root_order)} numbers, which its skeleton requires")
    unit = np.pi / 180 if skeleton.degrees else 1.
    root = dict(zip(skeleton.root_order, motion['root'].T))
    axis = skeleton.root_axis
    angles = {letter: root[f'R{letter.upper()}'] * unit for letter in 'xyz' if f'R{letter.upper()}' in root}
    turns = {'root': axis @ rotation(angles) @ axis.T}
    start = np.stack([root.get(f'T{letter}', np.zeros(len(motion['root']))) for letter in 'XYZ'], 1)
    ends = {'root': start + skeleton.root_start}
    for key, bone in skeleton.bones.items():
        turn = turns[bone.parent]
        if bone.dof and key in motion:
            if motion[key].shape[1] != len(bone.dof):
                raise ReadError(f"'{name}': bone '{key}' has {motion[key].shape[1]} angles, its skeleton "
                                f'{len(bone.dof)}')
            own = {letter[1]: angle * unit for letter, angle in zip(bone.dof, motion[key].T)}
            turn = turn @ bone.axis @ rotation(own) @ bone.axis.T
        turns[key] = turn
        ends[key] = ends[bone.parent] + turn @ (bone.length * bone.direction)
    return {key: end * skeleton.scale for key, end in ends.items()}
