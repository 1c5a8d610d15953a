"""SKEL fitted to 3-D joints of any layout: a Kinect's, lifted 2-D poses, motion-capture markers; joints may be missing.

The person's bone lengths come first, as medians over the sequence; then every frame is a least-squares problem of its
angles and translation. What nobody sees (twist of the forearm, toes) stays near 0, and limits are a soft penalty.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mmskel.body.align import unwrapped
from mmskel.body.errors import BodyError
from mmskel.body.jacobian import joint_jacobian, motion
from mmskel.body.least_squares import Local, minimise
from mmskel.body.skel import SKEL
from mmskel.body.skel_joints import ANGLES, LIMITS, PARENTS
from mmskel.body.skel_shape import SkelShape
from mmskel.skeleton import Layout, get_layout, joint_map

_STEPS, _TOLERANCE, _BLOCK = 30, 1e-4, 512
_FEWEST = 4  # points a frame needs: fewer do not say how the trunk is turned
_POINT, _OUTSIDE = 0.02, 0.03  # standard deviations: a point's in metres, beyond a limit in radians
# joints that every project puts elsewhere in the trunk: they count this much less, except in SKEL's own layout
_TRUNK_JOINTS, _LOOSER = [0, 11, 12, 13, 14, 19], 5.
_RATIOS = 0.5, 2.
# standard deviation of an angle in radians: how freely it may leave 0
_FREE, _STIFF = 1.5, {'lumbar': 0.5, 'thorax': 0.5, 'head': 0.5, 'scapula': 0.15, 'subtalar': 0.2, 'mtp': 0.2,
                      'pro_sup': 0.3, 'wrist': 0.3}
# (joint a, joint b, joints whose offset from their parent lies between), both sides together
_SEGMENTS = (((1, 2, (2, )), (6, 7, (7, ))), ((2, 3, (3, 4, 5)), (7, 8, (8, 9, 10))),
             ((15, 16, (16, )), (20, 21, (21, ))), ((16, 18, (17, 18)), (21, 23, (22, 23))),
             ((1, 6, (1, 6)), ), ((15, 20, (14, 15, 19, 20)), ))
_TRUNK = ((1, 6), (15, 20), (11, 12, 13))  # from the middle of the hips to the middle of the shoulders


@dataclass(frozen=True)
class PointFit:
    """A sequence of SKEL fitted to points.

    Args:
        poses: (T, 46) angles in radians, unwrapped along time; 0 in frames that were not fitted.
        trans: (T, 3) translations.
        joints: (T, 24, 3) joints; 0 in frames that were not fitted.
        error: (T, P) distance of every point from the body's; NaN where the point is missing.
        fitted: (T,) whether a frame had enough points.
        scales: Length of the person's thighs, shanks, upper arms, forearms, hips, shoulders and trunk, relative to the
            body's.
    """
    poses: np.ndarray
    trans: np.ndarray
    joints: np.ndarray
    error: np.ndarray
    fitted: np.ndarray
    scales: tuple[float, ...]


def fit_points(skel: SKEL, points: np.ndarray, layout: str | Layout, seen: np.ndarray | None = None) -> PointFit:
    """Fits SKEL to the joints of one person.

    Args:
        skel: Body.
        points: (T, V, 3) joints in metres, y or z up, any origin.
        layout: Joint order of the points; joints without a counterpart in SKEL are ignored.
        seen: (T, V) bool, which joints are there; default: those that are not exactly 0.

    Raises:
        BodyError: A wrong shape, numbers that are not finite, a layout that shares too few joints with the body, or no
            frame with enough points.

    Example:
        >>> import numpy as np
        >>> from mmskel.body import SKEL, tube_body
        >>> from mmskel.synthetic.motions import make_motion_clips
        >>> clip = make_motion_clips(num_per_class=1, layout='kinect20')[0]
        >>> fit = fit_points(SKEL(tube_body('skel')), clip.keypoint[0, :4], 'kinect20')
        >>> fit.poses.shape, bool(np.nanmean(fit.error) < 0.1)
        ((4, 46), True)
    """
    matrix, used = _origins(layout)
    points = np.asarray(points, np.float32)
    if points.ndim != 3 or points.shape[1:] != (len(matrix), 3) or not len(points):
        raise BodyError(f"points have shape {points.shape}; expected (T, {len(matrix)}, 3) with at least one frame, "
                        f"the joints of '{get_layout(layout).name}'")
    seen = (points != 0).any(2) if seen is None else np.asarray(seen, bool)
    if seen.shape != points.shape[:2]:
        raise BodyError(f'seen has shape {seen.shape}; expected {points.shape[:2]}')
    if not np.isfinite(points[seen]).all():
        raise BodyError('points hold NaN or infinity; mark missing joints by seen=False')
    counted = seen & used
    points = np.where(counted[..., None], points, 0)  # what is missing may be anything
    fitted = counted.sum(1) >= _FEWEST
    if not fitted.any():
        raise BodyError(f'no frame has {_FEWEST} joints that the body shares; the most in a frame: '
                        f'{counted.sum(1).max()}')
    shape, scales = person_shape(skel, points, counted, matrix)
    poses, trans, joints = (np.zeros((len(points), *size), np.float32) for size in ((46, ), (3, ), (24, 3)))
    error = np.full(points.shape[:2], np.nan, np.float32)
    rows = np.flatnonzero(fitted)
    with torch.no_grad():
        for start in range(0, len(rows), _BLOCK):
            block = rows[start:start + _BLOCK]
            problem = _PointProblem(skel, shape, points[block], counted[block], matrix)
            found, moved, placed = problem.solve()
            poses[block], trans[block], joints[block] = found.numpy(), moved.numpy(), placed.numpy()
    poses[rows] = unwrapped(poses[rows])
    error[counted] = np.linalg.norm(matrix @ joints - points, axis=2)[counted]
    error[~fitted] = np.nan
    return PointFit(poses, trans, joints, error, fitted, scales)


def _origins(layout: str | Layout) -> tuple[np.ndarray, np.ndarray]:
    """(V, 24) each joint of the layout as a mean of SKEL's, and (V,) whether it has a counterpart."""
    found = joint_map('skel24', layout, missing='zero')
    matrix = np.zeros((len(found.joints), 24), np.float32)
    for row, origin in zip(matrix, found.joints):
        row[list(origin)] = 1 / max(len(origin), 1)
    used = matrix.any(1)
    if used.sum() < _FEWEST:
        raise BodyError(f"layout '{get_layout(layout).name}' shares {used.sum()} joints with the body; at least "
                        f'{_FEWEST} are needed')
    return matrix, used


def person_shape(skel: SKEL, points: np.ndarray, seen: np.ndarray,
                 matrix: np.ndarray) -> tuple[SkelShape, tuple[float, ...]]:
    """The body with the person's bone lengths, medians over the frames.

    Args:
        skel: Body.
        points: (T, V, 3) joints.
        seen: (T, V) which are there.
        matrix: (V, 24) each joint as a mean of SKEL's.

    Returns:
        The shape, and the scale of every segment; a segment that no frame shows has the median of the others.
    """
    rest = skel.shape(torch.zeros(1, 10, dtype=skel.template.dtype)).joints[0].numpy()
    at = {int(row.argmax()): place for place, row in enumerate(matrix) if row.max() == 1}

    def ratio(length: np.ndarray, both: np.ndarray, ours: float) -> list[float]:
        return [float(np.median(length[both])) / ours] if both.any() else []

    def between(a: int, b: int) -> list[float]:
        if a not in at or b not in at:
            return []
        length = np.linalg.norm(points[:, at[a]] - points[:, at[b]], axis=1)
        return ratio(length, seen[:, at[a]] & seen[:, at[b]], float(np.linalg.norm(rest[a] - rest[b])))

    found = [[one for a, b, _ in sides for one in between(a, b)] for sides in _SEGMENTS]
    hips, shoulders, spine = _TRUNK
    trunk = []
    if all(joint in at for joint in (*hips, *shoulders)):
        ends = [points[:, [at[j] for j in pair]].mean(1) for pair in (hips, shoulders)]
        both = seen[:, [at[j] for j in (*hips, *shoulders)]].all(1)
        ours = np.linalg.norm(rest[list(hips)].mean(0) - rest[list(shoulders)].mean(0))
        trunk = ratio(np.linalg.norm(ends[0] - ends[1], axis=1), both, float(ours))
    scales = [float(np.mean(one)) if one else None for one in (*found, trunk)]
    usual = float(np.median([one for one in scales if one is not None])) if any(scales) else 1.
    scales = [min(max(usual if one is None else one, _RATIOS[0]), _RATIOS[1]) for one in scales]
    factor = np.full(24, usual, np.float32)
    for scale, sides in zip(scales, (*_SEGMENTS, ((0, 0, spine), ))):
        factor[[joint for _, _, joints in sides for joint in joints]] = scale
    scaled = rest.copy()
    for joint, parent in enumerate(PARENTS[1:], 1):
        scaled[joint] = scaled[parent] + factor[joint] * (rest[joint] - rest[parent])
    moved = torch.from_numpy(scaled - rest)[None].to(skel.template)
    return skel.shape(torch.zeros(1, 10, dtype=skel.template.dtype), moved), tuple(scales)


class _PointProblem:
    """Some frames of one person as least-squares problems of angles and translation."""

    def __init__(self, skel: SKEL, shape: SkelShape, points: np.ndarray, seen: np.ndarray, matrix: np.ndarray):
        self.skel, self.shape = skel, shape
        self.matrix, self.points = torch.from_numpy(matrix), torch.from_numpy(points)
        self.seen = torch.from_numpy(seen).float()
        loose = self.matrix[:, _TRUNK_JOINTS].sum(1) > 0.5
        own = self.matrix.shape == (24, 24) and bool((self.matrix == torch.eye(24)).all())
        self.spread = torch.where(loose & (not own), _POINT * _LOOSER, _POINT)
        spread = [next((s for part, s in _STIFF.items() if name.startswith(part)), _FREE) for name in ANGLES]
        self.prior = torch.tensor(spread)**-2
        self.prior[:3] = 0
        self.low, self.high = (torch.from_numpy(side).float() for side in LIMITS.T)

    def solve(self) -> tuple[Tensor, Tensor, Tensor]:
        """Angles (B, 46), translation (B, 3) and joints (B, 24, 3)."""
        start = torch.zeros(len(self.points), 49)
        turn, start[:, :3] = self._trunk()
        start[:, 3], start[:, 4], start[:, 5] = turn
        x, _ = minimise(self.evaluate, start, _STEPS, _TOLERANCE)
        return x[:, 3:], x[:, :3], self.skel.joints(x[:, 3:], self.shape, x[:, :3])

    def _trunk(self) -> tuple[tuple[Tensor, Tensor, Tensor], Tensor]:
        """Root angles and translation that lay hips and shoulders at rest on the points (Kabsch)."""
        rest = self.matrix @ self.shape.joints[0]
        of_trunk = (self.matrix[:, [1, 6, 15, 20, 0, 12, 14, 19]].sum(1) > 0.5).float()
        weight = self.seen * of_trunk
        weight = torch.where(weight.sum(1, keepdim=True) >= 3, weight, self.seen)[..., None]
        total = weight.sum(1, keepdim=True)
        ours, theirs = (weight * rest).sum(1, keepdim=True) / total, (weight * self.points).sum(1, keepdim=True) / total
        u, _, v = torch.linalg.svd((weight * (self.points - theirs)).mT @ (rest - ours))
        flip = torch.ones(len(u), 3)
        flip[:, 2] = torch.linalg.det(u @ v).sign()
        turn = (u * flip[:, None]) @ v
        root = self.shape.joints[0, 0]
        trans = theirs[:, 0] - (turn @ (ours[:, 0] - root)[..., None])[..., 0] - root
        K, a_rot = self.shape.orientation[0, 0], self.skel.a_pose[0, :3, :3]
        L = a_rot @ K.T @ turn @ K @ a_rot.T
        return (torch.atan2(L[:, 1, 0], L[:, 1, 1]), -torch.asin(L[:, 1, 2].clamp(-1, 1)),
                torch.atan2(L[:, 0, 2], L[:, 2, 2])), trans

    def evaluate(self, x: Tensor, rows: Tensor) -> Local:
        """Loss, gradient and curvature."""
        trans, poses = x[:, :3, None], x[:, 3:]
        found = motion(self.skel, poses, self.shape)
        seen = self.seen[rows, None]  # (b, 1, P)
        residual = (found.joints.permute(2, 0, 1) @ self.matrix.T + trans - self.points[rows].mT) * seen / self.spread
        jacobian = joint_jacobian(found) @ self.matrix.T
        eye = torch.eye(3)[None, :, :, None].expand(len(x), -1, -1, jacobian.shape[3])
        jacobian = (torch.cat((eye, jacobian), 1) * seen[:, None] / self.spread).flatten(2)
        outside = (poses - self.high).clamp(min=0) + (poses - self.low).clamp(max=0)
        beyond = (outside != 0).float() / _OUTSIDE**2
        loss = residual.square().sum((1, 2)) + (self.prior * poses.square()).sum(1) + (beyond * outside.square()).sum(1)
        gradient = (jacobian @ residual.flatten(1)[..., None])[..., 0]
        curvature = jacobian @ jacobian.mT
        gradient[:, 3:] += self.prior * poses + beyond * outside
        curvature.diagonal(dim1=1, dim2=2)[:, 3:] += self.prior + beyond
        return Local(loss, 2 * gradient, 2 * curvature)
