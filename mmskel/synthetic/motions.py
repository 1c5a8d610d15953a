"""A small labelled motion data set made from scratch: figures with joints doing ten everyday actions.

For quick starts, tests and tutorials, without downloading a benchmark first. Each figure is posed by
forward kinematics, so its bones keep their lengths; bodies, style, speed, phase, amplitude, handedness, view and sensor
noise vary. ``sit_down`` and ``stand_up`` are one motion run forwards and backwards, so order in time matters.

Axes are those of Kinect and N-UCLA: metres, y up, z away from the camera, x towards the right-hand side of a person
who faces the camera. ``T`` frames, ``V`` joints.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mmskel.data.annotation_file import AnnotationFile, save_annotation_file
from mmskel.files.errors import UserError
from mmskel.skeleton import Clip, Layout, LayoutError, get_layout
from mmskel.synthetic.actions import ACTIONS, SIDES, Pose, Take, ease

FPS = 30.
IMAGE_SIZE = (480, 640)  # height, width of the projection, pixels
FOCAL_LENGTH = 525.  # of the projection, pixels; a Kinect's colour camera

CLASS_NAMES = tuple(name.replace('_', ' ') for name in ACTIONS)
"""The ten class names, in label order."""

# joint: (parent joint, segment it turns with, offset in metres: right, up, back; what scales it).
# '*' stands for right and left; offsets are those of the right-hand side of a body of 1.70 m.
_BODY = {
    'spine': ('pelvis', 'waist', (0, .07, .01), 'trunk'),
    'spine1': ('pelvis', 'waist', (0, .07, .01), 'trunk'),
    'spine2': ('spine1', 'trunk', (0, .17, .01), 'trunk'),
    'spine3': ('spine2', 'trunk', (0, .06, -.01), 'trunk'),
    'spine_shoulder': ('spine', 'trunk', (0, .35, 0), 'trunk'),
    'neck': ('spine_shoulder', 'head', (0, .08, -.01), 'trunk'),
    'head': ('neck', 'head', (0, .12, -.02), 'trunk'),
    'nose': ('neck', 'head', (0, .09, -.12), 'trunk'),
    '*_eye': ('nose', 'head', (.033, .035, .02), 'trunk'),
    '*_ear': ('nose', 'head', (.075, .01, .10), 'trunk'),
    '*_collar': ('spine_shoulder', 'trunk', (.06, -.02, 0), 'shoulders'),
    '*_shoulder': ('spine_shoulder', 'trunk', (.17, -.05, 0), 'shoulders'),
    '*_elbow': ('*_shoulder', '*_shoulder', (0, -.27, 0), 'arms'),
    '*_wrist': ('*_elbow', '*_elbow', (0, -.24, 0), 'arms'),
    '*_hand': ('*_wrist', '*_elbow', (0, -.08, 0), 'arms'),
    '*_hand_tip': ('*_hand', '*_elbow', (0, -.08, 0), 'arms'),
    '*_thumb': ('*_hand', '*_elbow', (-.03, -.02, -.04), 'arms'),
    '*_hip': ('pelvis', 'pelvis', (.09, -.06, 0), 'hips'),
    '*_knee': ('*_hip', '*_hip', (0, -.42, 0), 'legs'),
    '*_ankle': ('*_knee', '*_knee', (0, -.40, 0), 'legs'),
    '*_foot': ('*_ankle', '*_ankle', (0, -.05, -.09), 'legs'),
    '*_heel': ('*_ankle', '*_ankle', (0, -.07, .05), 'legs'),
    '*_big_toe': ('*_ankle', '*_ankle', (-.03, -.07, -.16), 'legs'),
    '*_small_toe': ('*_ankle', '*_ankle', (.04, -.07, -.13), 'legs'),
}


@dataclass
class _Person:
    """A subject: proportions and habits."""
    scale: dict[str, float]
    speed: float
    size: float
    right_handed: float
    posture: dict[str, tuple[float, float]] = field(default_factory=dict)

    @classmethod
    def draw(cls, rng: np.random.Generator) -> _Person:
        height = rng.uniform(.88, 1.12)
        scale = {part: height * rng.uniform(.93, 1.07) for part in ('trunk', 'arms', 'legs')}
        scale |= {part: height * rng.uniform(.85, 1.18) for part in ('shoulders', 'hips')}
        return cls(scale, rng.uniform(.8, 1.25), rng.uniform(.82, 1.18), rng.choice((.2, .85)),
                   dict(trunk=(rng.uniform(-3, 7), 0.), head=(rng.uniform(-8, 12), 0.),
                        shoulder=(rng.uniform(-8, 8), rng.uniform(4, 16)), elbow=(rng.uniform(5, 28), 0.),
                        hip=(0., rng.uniform(1, 6)), knee=(rng.uniform(0, 6), 0.)))


def _stand(person: _Person, take: Take) -> Pose:
    """A figure standing at ease: the person's posture, breathing and slow sway."""
    frames = len(take.seconds)
    paired = {f'{side}_{joint}' for side in SIDES for joint in ('shoulder', 'elbow', 'hip', 'knee', 'ankle')}
    pose = Pose({name: np.zeros((frames, 3)) for name in ('trunk', 'head', *sorted(paired))},
                 np.zeros(frames), np.zeros(frames))
    for segment in pose.angles:
        flex, side = person.posture.get(segment.split('_')[-1], (0., 0.))
        slow = 0. if segment.endswith(('knee', 'hip', 'ankle')) else 2.5
        pose.add(segment, flex + slow * take.wave(.2, .7), side + .6 * slow * take.wave(.2, .7))
    pose.add('trunk', twist=take.between(-8, 8))
    pose.add('head', twist=take.between(-20, 20))
    stride = take.between(-14, 14)
    pose.add('right_hip', stride)
    pose.add('left_hip', -stride)
    for side in SIDES:
        if take.rng.random() < .6:  # an arm that does something else: on the hip, at the chin, a phone
            busy = ease(take.wave(.1, .5) * 2 + take.between(-.5, 1.5))
            pose.blend(f'{side}_shoulder', busy, take.between(-20, 90), take.between(5, 95), take.between(-85, 45))
            pose.blend(f'{side}_elbow', busy, take.between(15, 125))
    return pose


def _rotation(angles: np.ndarray, mirror: float = 1.) -> np.ndarray:
    """(T, 3) degrees flexion, sideways, twist -> (T, 3, 3): twist about y, then flexion about x, then side about z."""
    (cf, cs, ct), (sf, ss, st) = np.cos(np.radians(angles)).T, np.sin(np.radians(angles)).T
    ss, st = mirror * ss, mirror * st
    rows = (cs * ct - ss * sf * st, -ss * cf, cs * st + ss * sf * ct,
            ss * ct + cs * sf * st, cs * cf, ss * st - cs * sf * ct,
            -cf * st, sf, cf * ct)
    return np.stack(rows, -1).reshape(-1, 3, 3)


def _forward_kinematics(pose: Pose, person: _Person, mirrored: bool) -> dict[str, np.ndarray]:
    """Joint name -> (T, 3) metres: right, up, back of a figure that faces away from +z and stands on y = 0."""
    # a left-handed person does everything the other way round
    angle = {name: pose.angles[_other_side(name) if mirrored else name] for name in pose.angles}
    flip = -1. if mirrored else 1.
    trunk = angle['trunk'] * (-1, 1, 1)  # a lean is a turn about x against the limbs' flexion
    turn = dict(pelvis=np.broadcast_to(np.eye(3), (len(pose.rise), 3, 3)), waist=_rotation(.5 * trunk, flip),
                trunk=_rotation(trunk, flip))
    turn['head'] = turn['trunk'] @ _rotation(angle['head'] * (-1, 1, 1), flip)
    for side, sign in zip(SIDES, (1., -1.)):
        hip, knee = angle[f'{side}_hip'], angle[f'{side}_knee'] * (-1, 1, 1)
        # the sole stays level while the leg stands, and follows the shin where the leg swings
        level = np.where(pose.support == '', .5, 1.) * -(hip + knee) * (1, 0, 0)
        for name, parent, angles in (('shoulder', 'trunk', angle[f'{side}_shoulder']),
                                     ('elbow', f'{side}_shoulder', angle[f'{side}_elbow']),
                                     ('hip', 'pelvis', hip), ('knee', f'{side}_hip', knee),
                                     ('ankle', f'{side}_knee', angle[f'{side}_ankle'] + level)):
            turn[f'{side}_{name}'] = turn[parent] @ _rotation(angles, sign)
    place = dict(pelvis=np.zeros((len(pose.rise), 3)))
    for joint, (parent, segment, offset, part) in _BODY.items():
        for side, sign in zip(SIDES, (1., -1.)) if '*' in joint else (('', 1.), ):
            offset_here = np.multiply(offset, (sign, 1, 1)) * person.scale[part]
            place[joint.replace('*', side)] = (place[parent.replace('*', side)]
                                               + turn[segment.replace('*', side)] @ offset_here)
    return _on_the_floor(place, pose, mirrored)


def _other_side(name: str) -> str:
    return name.replace('left', '*').replace('right', 'left').replace('*', 'right')


def _on_the_floor(place: dict[str, np.ndarray], pose: Pose, mirrored: bool) -> dict[str, np.ndarray]:
    """Moves the figure so that its lower foot touches the floor and its standing feet do not slide."""
    soles = np.stack([place[f'{side}_{end}'][:, 1] for side in SIDES for end in ('heel', 'big_toe')])
    shift = np.zeros_like(place['pelvis'])
    shift[:, 1] = pose.rise - soles.min(0)
    shift[:, 2] = -pose.travel
    stands = {'both': SIDES, '': ()}.get(pose.support, (_other_side(pose.support) if mirrored else pose.support, ))
    if stands:
        feet = np.mean([place[f'{side}_ankle'] for side in stands], 0)
        shift[:, ::2] -= feet[:, ::2] - feet[:1, ::2]
    return {joint: at + shift for joint, at in place.items()}


def _filmed(joints: np.ndarray, rng: np.random.Generator, tilt: float = 9.) -> np.ndarray:
    """(T, V, 3) on the floor -> (T, V, 3) in the axes of a camera somewhere in front of the figure."""
    yaw, pitch = np.radians(rng.uniform(-80, 80)), np.radians(rng.uniform(-tilt, tilt / 2))
    drift = np.radians(rng.uniform(-30, 30)) * np.linspace(-1, 1, len(joints))[:, None] + yaw
    x, y, z = joints[..., 0], joints[..., 1], joints[..., 2]
    z = z - (z.max() + z.min()) / 2
    x, z = x * np.cos(drift) + z * np.sin(drift), z * np.cos(drift) - x * np.sin(drift)
    x, y, z = x + rng.uniform(-.6, .6), y - rng.uniform(.7, 1.4), z + rng.uniform(2.4, 3.8)
    return np.stack((x, y * np.cos(pitch) - z * np.sin(pitch), y * np.sin(pitch) + z * np.cos(pitch)), -1)


def _project(joints: np.ndarray) -> np.ndarray:
    """(T, V, 3) metres -> (T, V, 2) pixels of :data:`IMAGE_SIZE`, x to the right of the image, y down."""
    height, width = IMAGE_SIZE
    depth = np.maximum(joints[..., 2], .1)
    return np.stack((width / 2 - FOCAL_LENGTH * joints[..., 0] / depth,
                     height / 2 - FOCAL_LENGTH * joints[..., 1] / depth), -1)


def _drop_joints(keypoint: np.ndarray, score: np.ndarray, rng: np.random.Generator, share: float) -> None:
    """Sets runs of frames of some joints, ``share`` of all joints on average, to zero with score 0, in place."""
    frames, joints = score.shape
    for joint in np.flatnonzero(rng.random(joints) < share):
        first = int(rng.integers(frames))
        run = slice(first, first + int(rng.integers(2, max(frames // 3, 3))))
        keypoint[run, joint], score[run, joint] = 0, 0


def _known_joints(layout: Layout) -> None:
    known = {joint.replace('*', side) for joint in ('pelvis', *_BODY) for side in SIDES}
    missing = [joint for joint in layout.joints if joint not in known]
    if missing:
        raise LayoutError(f"the synthetic figure has no {', '.join(missing[:5])}{' ...' if missing[5:] else ''}, which "
                          f"layout '{layout.name}' needs; bodies without fingers and faces work, e.g. kinect20")


def make_motion_clips(num_per_class: int, seed: int = 0, layout: str | Layout = 'kinect20', *, num_subjects: int = 10,
                      noise: float = .01, dropout: float = .03, project: bool = False) -> list[Clip]:
    """Clips of the ten actions of :data:`CLASS_NAMES`, 20 to 80 frames at 30 fps; the same for the same arguments.

    A clip depends only on ``seed``, its class, subject and repetition: asking for more clips adds to the same.

    Args:
        num_per_class: Clips per class; subjects take turns.
        seed: Seed of everything random.
        layout: Layout of a body whose joints the figure has: any but those with fingers or faces.
        num_subjects: Number of different bodies; at most ``num_per_class`` are used.
        noise: Standard deviation of the sensor noise per coordinate in metres; projected clips get 200 pixels per
            metre of it, so 2 by default.
        dropout: Share of joints that are missing (zeros, score 0) for some of a clip's frames.
        project: Whether clips are projected. False: (1, T, V, 3) metres. True: (1, T, V, 2) pixels of a pinhole camera,
            u = W/2 - f x / z and v = H/2 - f y / z with f = 525 and an image of 480 x 640, seen unmirrored: the right
            hand of a person who faces the camera is on the left; scores are like a detector's, 0.55 to 1.

    Returns:
        The clips, class by class, with ids like ``'wave_s03_r05'``: subject 3, repetition 5.

    Raises:
        LayoutError: If the layout has joints the figure lacks.
        UserError: If a number is out of range.

    Example:
        >>> clips = make_motion_clips(num_per_class=1, layout='coco17', project=True)
        >>> len(clips), clips[0].id, clips[0].keypoint.shape[2:], clips[0].unit
        (10, 'wave_s00_r00', (17, 2), 'pixel')
    """
    table = get_layout(layout)
    _known_joints(table)
    if num_per_class < 1 or num_subjects < 1:
        raise UserError(f'num_per_class is {num_per_class} and num_subjects {num_subjects}; both must be at least 1')
    if noise < 0 or not 0 <= dropout < 1:
        raise UserError(f'noise is {noise} and dropout {dropout}; expected noise >= 0 and 0 <= dropout < 1')
    persons = [_Person.draw(np.random.default_rng([seed, 1, subject])) for subject in range(num_subjects)]
    clips = []
    for label, action in enumerate(ACTIONS):
        for count in range(num_per_class):
            subject, repetition = count % num_subjects, count // num_subjects
            rng = np.random.default_rng([seed, 2, label, subject, repetition])
            place = _perform(action, persons[subject], rng)
            joints = _filmed(np.stack([place[joint] for joint in table.joints], 1), rng)
            joints = joints + rng.normal(0, noise, joints.shape) * (not project)
            score = np.ones(joints.shape[:2], np.float32)
            if project:
                joints = _project(joints)
                joints = joints + rng.normal(0, 200 * noise, joints.shape)
                score = rng.uniform(.55, 1, score.shape).astype(np.float32)
            joints = joints.astype(np.float32)
            _drop_joints(joints, score, rng, dropout)
            clips.append(Clip(f'{action}_s{subject:02d}_r{repetition:02d}', joints[None], score[None], table.name,
                              'pixel' if project else 'metre', IMAGE_SIZE if project else None, FPS, label))
    return clips


def _perform(action: str, person: _Person, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Joint name -> (T, 3) metres on the floor: one person doing an action once."""
    seconds = np.arange(int(rng.integers(20, 81))) / FPS
    take = Take(rng, seconds, person.size * rng.uniform(.75, 1.15), person.speed * rng.uniform(.85, 1.15))
    pose = _stand(person, take)
    ACTIONS[action](pose, take)
    return _forward_kinematics(pose, person, mirrored=rng.random() > person.right_handed)


def write_motion_dataset(path: str | Path, num_per_class: int = 40, seed: int = 0, layout: str | Layout = 'kinect20',
                         *, num_subjects: int = 10, test_share: float = .3, noise: float = .01, dropout: float = .03,
                         project: bool = False) -> AnnotationFile:
    """Writes :func:`make_motion_clips` as an annotation file with splits ``train`` and ``test`` by subject.

    Args:
        path: File to write, ``.pkl``.
        num_per_class, seed, layout, num_subjects, noise, dropout, project: See :func:`make_motion_clips`.
        test_share: Share of the subjects, the last ones, whose clips are the test split; at least one, never all.

    Raises:
        LayoutError, ValueError: See :func:`make_motion_clips`; also if there are fewer than two subjects.
    """
    subjects = min(num_subjects, num_per_class)
    if subjects < 2 or not 0 < test_share < 1:
        raise UserError(f'{num_per_class} clips per class of {num_subjects} subjects, a test share of {test_share}: '
                        'expected at least two of both and a share between 0 and 1, for both splits to have subjects')
    clips = make_motion_clips(num_per_class, seed, layout, num_subjects=num_subjects, noise=noise, dropout=dropout,
                              project=project)
    first_test = subjects - min(max(round(test_share * subjects), 1), subjects - 1)
    split: dict[str, list[str]] = dict(train=[], test=[])
    for clip in clips:
        subject = int(clip.id.rsplit('_', 2)[1][1:])
        split['test' if subject >= first_test else 'train'].append(clip.id)
    return save_annotation_file(path, clips, split, dict(
        layout=get_layout(layout).name, class_names=list(CLASS_NAMES), num_subjects=subjects,
        source=f'mmskel.synthetic.motions, seed {seed}'))
