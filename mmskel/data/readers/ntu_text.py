"""The ``.skeleton`` text files of NTU RGB+D (Kinect v2): bodies with tracking ids, frame by frame."""
from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mmskel.data.readers.reader import ReadError

NUM_JOINTS = 25
_BODY_FIELDS = 10  # id, clipped edges, 4 hand states, restricted, lean x and y, tracking state
_JOINT_FIELDS = 12  # x y z, depth x y, colour x y, orientation w x y z, tracking state


@dataclass
class Recording:
    """What one file holds.

    Args:
        frames: Per frame the bodies in file order: (id, (25, 3) float32 metres, y up, z away from the camera).
            A frame without a body is an empty list. Ids are text: they have 64 bits, and no float holds them.
        lost_joints: Number of joints whose x, y or z was NaN or infinite; they are zeros.
    """
    frames: list[list[tuple[str, np.ndarray]]]
    lost_joints: int = 0

    def tracks(self, renumbered: bool = False) -> dict[str, tuple[list[int], np.ndarray]]:
        """Body id -> frame indices and (n, 25, 3) joints, in order of first appearance.

        Args:
            renumbered: Count only frames that have a body, as the published denoising does.
        """
        found: dict[str, tuple[list[int], list[np.ndarray]]] = {}
        frames = [f for f in self.frames if f] if renumbered else self.frames
        for index, bodies in enumerate(frames):
            for body, joints in bodies:
                indices, poses = found.setdefault(body, ([], []))
                indices.append(index)
                poses.append(joints)
        return {body: (indices, np.stack(poses)) for body, (indices, poses) in found.items()}


def parse_skeleton(text: str, name: str) -> Recording:
    """Reads a ``.skeleton`` file; any line ends, NaN allowed.

    Args:
        text: The file's text.
        name: What errors call the file.

    Raises:
        ReadError: If the text breaks the format; names the line.
    """
    lines = text.split('\n')  # a carriage return before it is white space like any other
    while lines and not lines[-1].strip():
        lines.pop()
    at, missing = 0, 0

    def wrong(expected: str) -> ReadError:
        found = f"'{lines[at].strip()[:60]}'" if at < len(lines) else 'the end of the file'
        return ReadError(f"'{name}' line {at + 1}: found {found}; expected {expected}")

    def count(what: str) -> int:
        nonlocal at
        word = lines[at].strip() if at < len(lines) else ''
        if not (word.isascii() and word.isdigit()):
            raise wrong(what)
        at += 1
        return int(word)

    frames: list[list[tuple[str, np.ndarray]]] = []
    num_frames = count('the number of frames')
    for frame in range(num_frames):
        where = f'frame {frame + 1} of {num_frames}'
        bodies: dict[str, np.ndarray] = {}
        for _ in range(count(f'the number of bodies in {where}')):
            fields = lines[at].split() if at < len(lines) else []
            if len(fields) != _BODY_FIELDS:
                raise wrong(f'a body of {where}: {_BODY_FIELDS} fields, the first its id')
            body = fields[0]
            if body in bodies:
                raise wrong(f'another body id, since {where} already has this body')
            at += 1
            if count(f'the number of joints, {NUM_JOINTS}') != NUM_JOINTS:
                at -= 1
                raise wrong(f'the number of joints, {NUM_JOINTS}')
            rows = []
            for _ in range(NUM_JOINTS):
                fields = lines[at].split() if at < len(lines) else []
                try:
                    x, y, z = map(float, fields[:3])
                except ValueError:
                    fields = []
                if len(fields) != _JOINT_FIELDS:
                    raise wrong(f'joint {len(rows) + 1} of {NUM_JOINTS} in {where}: {_JOINT_FIELDS} numbers')
                if not (math.isfinite(x) and math.isfinite(y) and math.isfinite(z)):
                    x = y = z = 0.
                    missing += 1
                rows.append((x, y, z))
                at += 1
            bodies[body] = np.array(rows, np.float32)
        frames.append(list(bodies.items()))
    if at < len(lines):
        raise wrong(f'the end of the file after {num_frames} frames')
    if not frames:
        raise ReadError(f"'{name}' says it has 0 frames; expected at least one")
    return Recording(frames, missing)
