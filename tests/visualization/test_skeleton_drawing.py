import time

import numpy as np
import pytest

from mmskel.skeleton import LAYOUTS, Clip, ClipError, Layout, get_layout
from mmskel.synthetic.motions import make_motion_clips
from mmskel.visualization import palette
from mmskel.visualization.skeleton_drawing import Scene, draw_frames
from mmskel.visualization.stage import Stage


@pytest.fixture
def flat():
    """A coco17 figure in an image, one frame in four without its left arm."""
    clip = make_motion_clips(1, 1, 'coco17', project=True, noise=0, dropout=0)[0]
    missing = [get_layout('coco17').index(f'left_{joint}') for joint in ('elbow', 'wrist')]
    clip.keypoint[0, ::4, missing], clip.score[0, ::4, missing] = 0, 0
    return clip


@pytest.fixture
def solid():
    return make_motion_clips(1, 0, noise=0, dropout=0)[0]


def _any_clip(layout, coords=2, persons=1, frames=3):
    """Joints of any layout at random places that do not hide each other."""
    rng = np.random.default_rng(0)
    V = get_layout(layout).num_joints
    keypoint = rng.uniform(100, 400, (persons, frames, V, coords))
    return Clip('any', keypoint, np.ones((persons, frames, V)), layout, 'pixel' if coords == 2 else 'metre',
                (480, 480) if coords == 2 else None)


def _is(pixel, colour, tolerance=60):
    return np.abs(pixel.astype(int) - colour).sum() < tolerance


def test_joints_are_drawn_where_they_are_in_their_colours(flat):
    scene = Scene(flat, 400)
    table, colours = get_layout('coco17'), palette.joint_colours(get_layout('coco17'))
    for t in range(1, flat.num_frames, 7):
        image = scene.frame(t)
        places = scene.stage.place(flat.keypoint[:, t], t)[0][0]
        for joint in ('left_wrist', 'right_wrist', 'left_ankle', 'right_knee', 'left_shoulder'):
            v = table.index(joint)
            if flat.score[0, t, v]:
                x, y = places[v].round().astype(int)
                assert _is(image[y, x], colours[v]), (t, joint)


def test_bones_are_drawn_between_their_joints(flat):
    scene, table = Scene(flat, 400), get_layout('coco17')
    legs = [bone for bone in palette.bones(table) if table.joints[bone[0]].endswith(('knee', 'ankle'))]
    seen = []
    for t in range(flat.num_frames):
        image, places = scene.frame(t), scene.stage.place(flat.keypoint[:, t], t)[0][0]
        for child, parent, colour in legs:
            x, y = places[[child, parent]].mean(0).round().astype(int)
            seen.append(_is(image[y, x], colour))
    assert np.mean(seen) > .6  # one leg may hide the other


def test_missing_joints_and_their_bones_are_not_drawn(flat):
    arm, light = (palette.joint_colours(get_layout('coco17'))[get_layout('coco17').index(j)]
                  for j in ('left_elbow', 'left_eye'))
    assert arm != light
    frames = draw_frames(flat, 300)

    def count(image):
        return (np.abs(image.astype(int) - arm).sum(-1) < 30).sum()

    for t in range(0, flat.num_frames - 1, 4):
        # the shoulder keeps its dot; the arm is gone
        assert count(frames[t]) < .4 * count(frames[t + 1])


def test_a_zero_with_a_score_of_zero_leaves_no_trace_at_the_origin():
    clip = _any_clip('coco17')
    clip.keypoint[0, :, 3:], clip.score[0, :, 3:] = 0, 0
    whole, alone = draw_frames(clip, 200), Stage.of(clip, (200, 200))
    seen = alone.place(clip.keypoint[0, 0, :3], 0)[0]
    assert (seen > 0).all() and (seen < 200).all()
    inked = np.argwhere((whole[0] < 200).any(-1))[:, ::-1]
    nearest = np.linalg.norm(inked[:, None] - seen[None], axis=-1).min(1)
    bones = [np.linspace(seen[a], seen[b], 50) for a, b in ((0, 1), (0, 2))]
    along = np.linalg.norm(inked[:, None] - np.concatenate(bones)[None], axis=-1).min(1)
    assert len(inked) and np.minimum(nearest, along).max() < 8


def test_nothing_seen_is_an_empty_picture():
    clip = Clip('empty', np.zeros((1, 2, 17, 2)), layout='coco17', image_size=(100, 100))
    assert (draw_frames(clip, 64) == 255).all(-1).mean() > .8  # the border of the image
    dot = Clip('dot', np.full((1, 2, 17, 2), 30.), layout='coco17', image_size=(100, 100))
    assert .7 < (draw_frames(dot, 64) == 255).all(-1).mean() < 1
    clip = Clip('empty', np.zeros((1, 2, 25, 3)), layout='ntu25')
    assert draw_frames(clip, 64).shape == (2, 64, 64, 3)


def test_axes_share_one_scale_and_pixels_keep_their_directions(flat):
    stage = Stage.of(flat, (300, 500))
    origin, right, below = stage.place(np.array([(0., 0), (10, 0), (0, 10)]), 0)[0]
    np.testing.assert_allclose(right - origin, below[::-1] - origin[::-1])
    assert right[0] > origin[0] and below[1] > origin[1]


def test_metres_are_y_up_and_the_right_hand_of_somebody_who_faces_us_is_on_the_left(solid):
    stage = Stage.of(solid, (400, 400), turn=0)
    centre, up, right, far = (stage.place(stage.centre + offset, 0) for offset in
                              ((0, 0, 0), (0, .1, 0), (.1, 0, 0), (0, 0, .1)))
    assert up[0][1] < centre[0][1] - 5 and abs(up[0][0] - centre[0][0]) < 1e-6
    assert right[0][0] < centre[0][0] - 5 and far[1] > centre[1]
    np.testing.assert_allclose(np.linalg.norm(up[0] - centre[0]), np.linalg.norm(right[0] - centre[0]), rtol=.05)


def test_the_view_of_a_solid_clip_swings_and_everything_stays_inside(solid):
    still, swinging = Stage.of(solid, (300, 300), turn=0), Stage.of(solid, (300, 300), turn=60)
    assert not still.yaw.any() and np.degrees(np.ptp(swinging.yaw)) == pytest.approx(60, rel=.02)
    for t in range(solid.num_frames):
        places = swinging.place(solid.keypoint[0, t], t)[0]
        assert places.min() > 0 and places.max() < 300
    moved = [stage.place(solid.keypoint[0, solid.num_frames // 4], solid.num_frames // 4)[0]
             for stage in (still, swinging)]
    assert np.abs(moved[0] - moved[1]).max() > 5


def test_one_stray_joint_does_not_make_everybody_small(solid):
    seen = Stage.of(solid, (300, 300), turn=0).scale
    solid.keypoint[0, 3, 5] = (40, -30, 90)
    assert Stage.of(solid, (300, 300), turn=0).scale > .4 * seen


def test_the_floor_is_round_and_under_the_feet(solid):
    stage = Stage.of(solid, (300, 300))
    lines = stage.floor_lines()
    assert np.ptp(lines[..., 1]) == 0
    foot = solid.keypoint[0, :, get_layout('kinect20').index('left_foot'), 1]
    assert abs(lines[0, 0, 1] - foot.min()) < .12
    np.testing.assert_allclose(np.linalg.norm((lines - stage.centre)[..., ::2], axis=-1), stage.reach)


@pytest.mark.parametrize('layout', sorted(LAYOUTS))
@pytest.mark.parametrize('coords', [2, 3])
def test_every_layout_is_drawn(layout, coords):
    frames = draw_frames(_any_clip(layout, coords, persons=2, frames=2), 160)
    assert frames.shape == (2, 160, 160, 3) and frames.dtype == np.uint8
    assert (frames < 200).any(-1).mean() > .02


def test_a_layout_of_ones_own_is_drawn_without_pairs_or_parts():
    star = Layout('star5', ('a', 'b', 'c', 'd', 'e'), ((1, 0), (2, 0), (3, 0), (4, 0)), 0)
    assert palette.joint_colours(star) == [palette.joint_colours(star)[0]] * 5
    parted = Layout('star5', star.joints, star.edges, 0, parts={'arm': (1, 2), 'tail': (3, 4)})
    colours = palette.joint_colours(parted)
    assert colours[1] == colours[2] != colours[3] == colours[4]


def test_several_persons_are_told_apart():
    clip = _any_clip('coco17', persons=2)
    scene = Scene(clip, 300)
    image, places = scene.frame(0), scene.stage.place(clip.keypoint[:, 0], 0)[0]
    top = int(np.argmax(scene.joint_widths))
    shown = [_is(image[y, x], palette.PERSONS[m]) for m in range(2)
             for x, y in [places[m, top].round().astype(int)]]
    assert any(shown)
    alone = Scene(Clip('one', clip.keypoint[:1], clip.score[:1], 'coco17', image_size=(480, 480)), 300)
    assert scene.several and not alone.several


@pytest.mark.parametrize('layout', ['coco17', 'kinect20', 'ntu25', 'smpl24', 'halpe26', 'coco_wholebody133'])
def test_left_and_right_never_share_a_colour(layout):
    table = get_layout(layout)
    colours = palette.joint_colours(table)
    for left, right in table.pairs:
        if not table.joints[left].startswith('face'):
            assert colours[left] != colours[right], table.joints[left]


def test_fingers_have_a_colour_each():
    colours = palette.joint_colours(get_layout('hand21'))
    assert len(set(colours)) == 6 and len({colours[i] for i in range(1, 5)}) == 1


def test_size_may_be_a_rectangle_and_a_wrong_clip_is_refused(flat):
    assert draw_frames(flat, (120, 200)).shape[1:] == (120, 200, 3)
    flat.score[0, 0, 0] = np.nan
    with pytest.raises(ClipError, match='NaN'):
        draw_frames(flat)


def test_a_frame_takes_milliseconds(solid):
    scene = Scene(solid, 320)
    scene.frame(0)
    begin = time.process_time()
    for t in range(20):
        scene.frame(t)
    assert (time.process_time() - begin) / 20 < .02


def test_objects_of_flat_clips_are_rings():
    from mmskel.visualization import palette
    keypoint = np.random.default_rng(0).uniform(20, 180, (1, 2, 17, 2)).astype(np.float32)
    ball = np.array([[100, 100, 1], [0, 0, 0]], np.float32)
    scene = Scene(Clip('c', keypoint, layout='coco17', image_size=(200, 200), objects=dict(ball=ball)), 300)
    has = [(scene.frame(t) == palette.OBJECTS[0]).all(-1).any() for t in range(2)]
    assert has == [True, False]
