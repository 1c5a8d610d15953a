"""The skeletons of the field as tables: joint names in data order, bones as (child, parent), the centre.

Kinect and OpenPose bones are those of the published ST-GCN and CTR-GCN graphs (the fingertip of Kinect v2 hangs on
the thumb); the other tables follow their data sets' own skeletons, reduced to a tree. Joint names are shared by all
tables, so one layout converts to another by name (:mod:`mmskel.skeleton.conversion`).
"""
from __future__ import annotations

from mmskel.files.text import brief
from mmskel.skeleton.layout import Layout, LayoutError

_SIDES = ('left', 'right')
_FINGERS = ('thumb', 'forefinger', 'middle_finger', 'ring_finger', 'pinky_finger')

_COCO17 = ('nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear', 'left_shoulder', 'right_shoulder', 'left_elbow',
           'right_elbow', 'left_wrist', 'right_wrist', 'left_hip', 'right_hip', 'left_knee', 'right_knee',
           'left_ankle', 'right_ankle')
_COCO17_EDGES = ((15, 13), (13, 11), (16, 14), (14, 12), (11, 5), (12, 6), (9, 7), (7, 5), (10, 8), (8, 6), (5, 0),
                 (6, 0), (1, 0), (3, 1), (2, 0), (4, 2))
_OPENPOSE18 = ('nose', 'neck', 'right_shoulder', 'right_elbow', 'right_wrist', 'left_shoulder', 'left_elbow',
               'left_wrist', 'right_hip', 'right_knee', 'right_ankle', 'left_hip', 'left_knee', 'left_ankle',
               'right_eye', 'left_eye', 'right_ear', 'left_ear')
_OPENPOSE25 = (*_OPENPOSE18[:8], 'pelvis', *_OPENPOSE18[8:], 'left_big_toe', 'left_small_toe', 'left_heel',
               'right_big_toe', 'right_small_toe', 'right_heel')
_KINECT20 = ('pelvis', 'spine', 'spine_shoulder', 'head', 'left_shoulder', 'left_elbow', 'left_wrist', 'left_hand',
             'right_shoulder', 'right_elbow', 'right_wrist', 'right_hand', 'left_hip', 'left_knee', 'left_ankle',
             'left_foot', 'right_hip', 'right_knee', 'right_ankle', 'right_foot')
_KINECT20_EDGES = ((0, 1), (1, 2), (3, 2), (4, 2), (5, 4), (6, 5), (7, 6), (8, 2), (9, 8), (10, 9), (11, 10), (12, 0),
                   (13, 12), (14, 13), (15, 14), (16, 0), (17, 16), (18, 17), (19, 18))
_NTU25 = ('pelvis', 'spine', 'neck', *_KINECT20[3:], 'spine_shoulder', 'left_hand_tip', 'left_thumb',
          'right_hand_tip', 'right_thumb')
# position of every Kinect v1 joint in MSR-Action3D's order (counted from 0)
_KINECT20_IN_MSR = (6, 3, 2, 19, 0, 7, 9, 11, 1, 8, 10, 12, 4, 13, 15, 17, 5, 14, 16, 18)
_SMPL24 = ('pelvis', 'left_hip', 'right_hip', 'spine1', 'left_knee', 'right_knee', 'spine2', 'left_ankle',
           'right_ankle', 'spine3', 'left_foot', 'right_foot', 'neck', 'left_collar', 'right_collar', 'head',
           'left_shoulder', 'right_shoulder', 'left_elbow', 'right_elbow', 'left_wrist', 'right_wrist', 'left_hand',
           'right_hand')
_SMPL24_PARENTS = (0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21)
# SKEL's anatomical joints: hip, knee and ankle centres, the lumbar joint and the thorax in the spine, the skull's base
# (neck), the shoulder blades, glenohumeral centres, both bones of the elbow, wrists
_SKEL24 = ('pelvis', 'right_hip', 'right_knee', 'right_ankle', 'right_heel', 'right_toe', 'left_hip', 'left_knee',
           'left_ankle', 'left_heel', 'left_toe', 'lumbar_spine', 'spine', 'neck', 'right_scapula', 'right_shoulder',
           'right_elbow', 'right_radius', 'right_wrist', 'left_scapula', 'left_shoulder', 'left_elbow', 'left_radius',
           'left_wrist')
_SKEL24_EDGES = ((0, 11), (1, 0), (2, 1), (3, 2), (4, 3), (5, 4), (6, 0), (7, 6), (8, 7), (9, 8), (10, 9), (12, 11),
                 (13, 12), (14, 12), (15, 14), (16, 15), (17, 16), (18, 17), (19, 12), (20, 19), (21, 20), (22, 21),
                 (23, 22))
_HALPE26 = (*_COCO17, 'head', 'neck', 'pelvis', 'left_big_toe', 'right_big_toe', 'left_small_toe', 'right_small_toe',
            'left_heel', 'right_heel')
# Human3.6M: the spine's upper end is between the shoulders, the neck's at the chin
_H36M17 = ('pelvis', 'right_hip', 'right_knee', 'right_ankle', 'left_hip', 'left_knee', 'left_ankle', 'spine',
           'spine_shoulder', 'neck', 'head', 'left_shoulder', 'left_elbow', 'left_wrist', 'right_shoulder',
           'right_elbow', 'right_wrist')
_H36M17_PARENTS = (0, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15)
# the joints of SBU and the bones' ends of HDM05, in the order of the files
_SBU15 = ('head', 'neck', 'spine', 'left_shoulder', 'left_elbow', 'left_hand', 'right_shoulder', 'right_elbow',
          'right_hand', 'left_hip', 'left_knee', 'left_foot', 'right_hip', 'right_knee', 'right_foot')
_HDM31 = ('pelvis', *(f'{side}_{joint}' for side in _SIDES for joint in ('hip', 'knee', 'ankle', 'foot', 'toe')),
          'lower_spine', 'spine', 'spine_shoulder', 'neck', 'upper_neck', 'head',
          *(f'{side}_{joint}' for side in _SIDES for joint in ('shoulder', 'elbow', 'wrist', 'hand_root', 'hand',
                                                               'hand_tip', 'thumb')))
_HDM31_PARENTS = (0, 0, 1, 2, 3, 4, 0, 6, 7, 8, 9, 0, 11, 12, 13, 14, 15, 13, 17, 18, 19, 20, 21, 20, 13, 24, 25, 26,
                  27, 28, 27)
# Penn Action: a head and twelve joints, left before right
_PENN13 = ('head', *(f'{side}_{joint}' for joint in ('shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle')
                     for side in _SIDES))
# MediaPipe's pose landmarks (BlazePose)
_MEDIAPIPE33 = ('nose', *(f'{side}_{joint}' for side in _SIDES for joint in ('eye_inner', 'eye', 'eye_outer')),
                *(f'{side}_{joint}' for joint in ('ear', 'mouth', 'shoulder', 'elbow', 'wrist', 'pinky', 'index',
                                                  'thumb', 'hip', 'knee', 'ankle', 'heel', 'foot_index')
                  for side in _SIDES))
_HAND21 = ('wrist', *(f'{finger}{i}' for finger in _FINGERS for i in range(1, 5)))

# The 68 face points as a symmetric tree: bridge of the nose on the nose, brows and eyes on the bridge, mouth under
# the nose, jaw on the lower lip. (child, parent), numbers of the 68-point scheme; the bridge's end 30 hangs on 'nose'.
_FACE_CHAINS = ((30, 29, 28, 27), (30, 33, 32, 31), (33, 34, 35), (27, 21, 20, 19, 18, 17), (27, 22, 23, 24, 25, 26),
                (27, 39, 38, 37, 36), (39, 40, 41), (27, 42, 43, 44, 45), (42, 47, 46), (33, 51, 50, 49, 48),
                (51, 52, 53, 54), (51, 62, 61, 60), (62, 63, 64), (62, 66, 67), (66, 65), (66, 57, 58, 59),
                (57, 56, 55), (57, 8, 7, 6, 5, 4, 3, 2, 1, 0), (8, 9, 10, 11, 12, 13, 14, 15, 16))
_FACE_PAIRS = (*((i, 16 - i) for i in range(8)), *((17 + i, 26 - i) for i in range(5)), (31, 35), (32, 34), (36, 45),
               (37, 44), (38, 43), (39, 42), (40, 47), (41, 46), (48, 54), (49, 53), (50, 52), (59, 55), (58, 56),
               (60, 64), (61, 63), (67, 65))


def body_parts(joints: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
    """Joint names -> body parts (head, torso, limbs by side, face, hands or fingers), by the words in the names."""
    parts: dict[str, list[int]] = {}
    hand_only = 'left_shoulder' not in joints
    for i, joint in enumerate(joints):
        side = next((s for s in _SIDES if joint.startswith(s)), '')
        word = joint.removeprefix(side + '_') if side else joint
        finger = next((f for f in _FINGERS if word.startswith(f) and word[-1].isdigit()), None)
        if finger:
            part = finger if hand_only else f'{side}_hand'
        elif word.startswith('face'):
            part = 'face'
        elif word in ('eye', 'eye_inner', 'eye_outer', 'ear', 'mouth', 'nose', 'head'):
            part = 'head'
        elif word in ('hand_root', ):
            part = f'{side}_hand'
        elif side and word in ('shoulder', 'elbow', 'wrist', 'hand', 'hand_tip', 'thumb', 'collar', 'scapula',
                                 'radius', 'pinky', 'index'):
            part = f'{side}_arm'
        elif side:
            part = f'{side}_leg'
        else:
            part = 'torso' if not hand_only else 'wrist'
        parts.setdefault(part, []).append(i)
    return {part: tuple(members) for part, members in parts.items()}


def _hand(joints: tuple[str, ...], prefix: str, root: int) -> list[tuple[int, int]]:
    edges = []
    for finger in _FINGERS:
        chain = [root, *(joints.index(f'{prefix}{finger}{i}') for i in range(1, 5))]
        edges += list(zip(chain[1:], chain[:-1]))
    return edges


def _table(name, joints, edges, centre, links=(), bone_origins=(), limbs=()) -> Layout:
    return Layout.from_tree(name, joints, edges, joints.index(centre), body_parts(joints), links, bone_origins, limbs)


def _wholebody() -> Layout:
    joints = (*_COCO17, 'left_big_toe', 'left_small_toe', 'left_heel', 'right_big_toe', 'right_small_toe',
              'right_heel', *(f'face-{i}' for i in range(68)),
              *(f'{side}_{j}' for side in _SIDES for j in ('hand_root', *_HAND21[1:])))
    at = joints.index
    edges = [*_COCO17_EDGES, (at('face-30'), at('nose'))]
    for side in _SIDES:
        edges += [(at(f'{side}_{toe}'), at(f'{side}_ankle')) for toe in ('big_toe', 'small_toe', 'heel')]
        edges += [(at(f'{side}_hand_root'), at(f'{side}_wrist'))]
        edges += _hand(joints, f'{side}_', at(f'{side}_hand_root'))
    for chain in _FACE_CHAINS:
        edges += [(at(f'face-{a}'), at(f'face-{b}')) for b, a in zip(chain[:-1], chain[1:])]
    sided = Layout.from_tree('coco_wholebody133', joints, edges, at('nose'), body_parts(joints))
    # the 68-point scheme counts from the person's right cheek (0) to the left (16)
    face = tuple((at(f'face-{left}'), at(f'face-{right}')) for right, left in _FACE_PAIRS)
    return Layout(sided.name, joints, sided.edges, sided.centre, sided.pairs + face, sided.parts,
                  links=((5, 6), (11, 12)))


def _tables() -> dict[str, Layout]:
    msr_joints = [''] * 20
    for joint, place in zip(_KINECT20, _KINECT20_IN_MSR):
        msr_joints[place] = joint
    msr_edges = [(_KINECT20_IN_MSR[a], _KINECT20_IN_MSR[b]) for a, b in _KINECT20_EDGES]
    halpe = _HALPE26.index
    halpe_edges = [(halpe(f'{s}_{a}'), halpe(b if b in _HALPE26 else f'{s}_{b}')) for s in _SIDES for a, b in (
        ('ankle', 'knee'), ('knee', 'hip'), ('hip', 'pelvis'), ('shoulder', 'neck'), ('elbow', 'shoulder'),
        ('wrist', 'elbow'), ('eye', 'nose'), ('ear', 'eye'), ('big_toe', 'ankle'), ('small_toe', 'ankle'),
        ('heel', 'ankle'))] + [(halpe('head'), halpe('neck')), (halpe('pelvis'), halpe('neck')),
                               (halpe('nose'), halpe('head'))]
    mediapipe = _MEDIAPIPE33.index
    mediapipe_edges = [(mediapipe(f'{side}_{a}'), mediapipe(b if b == 'nose' else f'{side}_{b}')) for side in _SIDES
                       for a, b in (('eye_inner', 'nose'), ('eye', 'eye_inner'), ('eye_outer', 'eye'),
                                    ('ear', 'eye_outer'), ('mouth', 'nose'), ('shoulder', 'nose'),
                                    ('elbow', 'shoulder'), ('wrist', 'elbow'), ('pinky', 'wrist'), ('index', 'wrist'),
                                    ('thumb', 'wrist'), ('hip', 'shoulder'), ('knee', 'hip'), ('ankle', 'knee'),
                                    ('heel', 'ankle'), ('foot_index', 'heel'))]
    tables = (
        _table('coco17', _COCO17, _COCO17_EDGES, 'nose', links=((5, 6), (11, 12)),
               bone_origins=(0, 0, 0, 1, 2, 0, 0, 5, 6, 7, 8, 0, 0, 11, 12, 13, 14),
               limbs=((0, 5), (0, 6), (5, 7), (7, 9), (6, 8), (8, 10), (5, 11), (11, 13), (13, 15), (6, 12), (12, 14),
                      (14, 16), (0, 1), (0, 2), (1, 3), (2, 4), (11, 12))),
        _table('openpose18', _OPENPOSE18,
               ((4, 3), (3, 2), (7, 6), (6, 5), (13, 12), (12, 11), (10, 9), (9, 8), (11, 5), (8, 2), (5, 1), (2, 1),
                (0, 1), (15, 0), (14, 0), (17, 15), (16, 14)), 'neck',
               bone_origins=(0, 0, 1, 2, 3, 1, 5, 6, 2, 8, 9, 5, 11, 12, 0, 0, 14, 15)),
        _table('openpose25', _OPENPOSE25,
               ((0, 1), (2, 1), (3, 2), (4, 3), (5, 1), (6, 5), (7, 6), (8, 1), (9, 8), (10, 9), (11, 10), (12, 8),
                (13, 12), (14, 13), (15, 0), (16, 0), (17, 15), (18, 16), (19, 14), (20, 19), (21, 14), (22, 11),
                (23, 22), (24, 11)), 'neck'),
        _table('ntu25', _NTU25,
               ((0, 1), (1, 20), (2, 20), (3, 2), (4, 20), (5, 4), (6, 5), (7, 6), (8, 20), (9, 8), (10, 9),
                (11, 10), (12, 0), (13, 12), (14, 13), (15, 14), (16, 0), (17, 16), (18, 17), (19, 18), (21, 22),
                (22, 7), (23, 24), (24, 11)), 'spine_shoulder'),
        # NTU without the joint between the shoulders, whose neighbours hang on the middle of the spine (ST-GCN's code)
        _table('ntu24', tuple(j for j in _NTU25 if j != 'spine_shoulder'),
               ((0, 1), (1, 2), (3, 2), (4, 1), (5, 4), (6, 5), (7, 6), (8, 1), (9, 8), (10, 9), (11, 10), (12, 0),
                (13, 12), (14, 13), (15, 14), (16, 0), (17, 16), (18, 17), (19, 18), (20, 21), (21, 7), (22, 23),
                (23, 11)), 'neck'),
        _table('kinect20', _KINECT20, _KINECT20_EDGES, 'spine_shoulder'),
        _table('kinect20_msr', tuple(msr_joints), msr_edges, 'spine_shoulder'),
        _wholebody(),
        _table('halpe26', _HALPE26, halpe_edges, 'neck', links=((11, 12), )),
        _table('mediapipe33', _MEDIAPIPE33, mediapipe_edges, 'nose',
               links=((9, 10), (11, 12), (23, 24), (17, 19), (18, 20), (27, 31), (28, 32))),
        # as COCO's: limbs on the shoulders, which hang on the head
        _table('penn13', _PENN13, ((1, 0), (2, 0), (3, 1), (4, 2), (5, 3), (6, 4), (7, 1), (8, 2), (9, 7), (10, 8),
                                   (11, 9), (12, 10)), 'head', links=((1, 2), (7, 8))),
        _table('hand21', _HAND21, _hand(_HAND21, '', 0), 'wrist'),
        _table('smpl24', _SMPL24, tuple((j, p) for j, p in enumerate(_SMPL24_PARENTS) if j != p), 'pelvis'),
        # edges point to the joint of smallest eccentricity; kinematics start at the pelvis, see mmskel.body
        _table('skel24', _SKEL24, _SKEL24_EDGES, 'lumbar_spine'),
        _table('sbu15', _SBU15,
               ((0, 1), (1, 2), (3, 1), (4, 3), (5, 4), (6, 1), (7, 6), (8, 7), (9, 2), (10, 9), (11, 10), (12, 2),
                (13, 12), (14, 13)), 'spine'),
        _table('hdm31', _HDM31, tuple((j, p) for j, p in enumerate(_HDM31_PARENTS) if j != p), 'pelvis'),
        _table('h36m17', _H36M17, tuple((j, p) for j, p in enumerate(_H36M17_PARENTS) if j != p), 'pelvis'),
    )
    return {table.name: table for table in tables}


LAYOUTS: dict[str, Layout] = _tables()
"""Every layout known by name; :func:`register_layout` adds one."""

# names that other projects use for the same joint order
ALIASES = {'coco': 'coco17', 'penn_action': 'penn13', 'openpose': 'openpose18', 'nturgb+d': 'ntu25',
           'coco_wholebody': 'coco_wholebody133', 'nw_ucla': 'kinect20', 'utkinect': 'kinect20', 'smpl': 'smpl24',
           'skel': 'skel24', 'h36m': 'h36m17', 'sbu': 'sbu15', 'hdm05': 'hdm31', 'mediapipe': 'mediapipe33',
           'blazepose': 'mediapipe33', 'blazepose33': 'mediapipe33'}


def get_layout(layout: str | Layout) -> Layout:
    """A layout by name (or alias such as MMAction2's ``'nturgb+d'``); a :class:`Layout` is returned.

    Raises:
        LayoutError: If the name is unknown; lists the known ones.
    """
    if isinstance(layout, Layout):
        return layout
    name = ALIASES.get(layout, layout) if isinstance(layout, str) else ''
    if name not in LAYOUTS:
        raise LayoutError(f"unknown layout {brief(layout)}; known: {', '.join(sorted(LAYOUTS))}. "
                          'Your own joint order: '
                          'mmskel.skeleton.register_layout(Layout(...)) or Layout.from_mmpose(dataset_info)')
    return LAYOUTS[name]


def register_layout(layout: Layout) -> Layout:
    """Registers a layout under its name, so that configs and files can use it.

    Raises:
        LayoutError: If another layout already has the name.
    """
    if LAYOUTS.get(layout.name, layout) != layout or layout.name in ALIASES:
        raise LayoutError(f"another layout is already called '{layout.name}'; choose a different name")
    LAYOUTS[layout.name] = layout
    return layout
