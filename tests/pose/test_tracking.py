"""Persons keep their numbers: simulated scenes with a known truth."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmskel.pose.motion import BoxMotion, to_centre, to_corners
from mmskel.pose.poses import Poses
from mmskel.pose.similarity import (
    box_iou,
    keypoint_similarity,
    log_bone_lengths,
    proportion_distance,
    sigmas_of,
)
from mmskel.pose.tracking import Tracker, TrackingOptions
from mmskel.pose.tracks import TrackRecord
from mmskel.skeleton import Clip, get_layout

# a standing person, height 1, centred: nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles
PERSON = np.array([(0, -.44), (.02, -.46), (-.02, -.46), (.05, -.45), (-.05, -.45), (.11, -.32), (-.11, -.32),
                   (.15, -.17), (-.15, -.17), (.16, -.02), (-.16, -.02), (.07, 0), (-.07, 0), (.08, .23), (-.08, .23),
                   (.08, .45), (-.08, .45)])


def tracks_to_clip(frames, numbers, max_persons=None, confirmed=None, order='importance'):
    """Dense arrays of the most important tracks of frames that are all at hand."""
    record = TrackRecord()
    for found, given in zip(frames, numbers, strict=True):
        record.add(found, given)
    return record.arrays(max_persons, confirmed, order)


def skeleton(x: float, y: float, height: float, phase: float = 0.0) -> np.ndarray:
    """(17, 2) pixels of a person in mid-stride."""
    joints, swing = PERSON.copy(), np.sin(phase)
    for joint, reach in ((9, .1), (7, .05), (14, .06), (16, .12)):
        joints[joint, 0] += reach * swing
    for joint, reach in ((10, .1), (8, .05), (13, .06), (15, .12)):
        joints[joint, 0] -= reach * swing
    return joints * height + (x, y)


def box_of(joints: np.ndarray) -> np.ndarray:
    low, high = joints.min(0), joints.max(0)
    return np.concatenate([low - .05 * (high - low), high + .05 * (high - low)])


def frame(*persons: np.ndarray, box_scores=0.9, joint_scores=0.8) -> Poses:
    """One frame from skeletons."""
    n = len(persons)
    return Poses(np.reshape([box_of(p) for p in persons], (n, 4)), np.broadcast_to(np.float32(box_scores), (n, )),
                 np.reshape(persons, (n, 17, 2)), np.full((n, 17), joint_scores, np.float32))


def walk(start: float, speed: float, y: float, height: float, frames: int, pace: float = .25) -> list[np.ndarray]:
    return [skeleton(start + speed * t, y, height, pace * t) for t in range(frames)]


def run(frames, layout='coco17', options=TrackingOptions()) -> tuple[list[np.ndarray], Tracker]:
    tracker = Tracker(layout, options)
    return [tracker.update(found) for found in frames], tracker


def switches(truth: list[np.ndarray], numbers: list[np.ndarray], confirmed: frozenset[int]) -> int:
    """How often a person's number differs from the one it had last (IDSW of CLEAR MOT), in confirmed tracks."""
    last, count = {}, 0
    for persons, given in zip(truth, numbers):
        for person, number in zip(persons, given):
            if number in confirmed:
                count += last.get(person, number) != number
                last[person] = number
    return count


def scene(seed: int, walkers: int = 5, frames: int = 200) -> tuple[list[Poses], list[np.ndarray]]:
    """Walkers who cross; noise of 1.5 % of the height, 8 % missed, 10 % with low scores; the detector's non-maximum
    suppression swallows whoever is hidden (IoU above 0.65) by a larger person; 3 % false alarms with low scores."""
    rng = np.random.default_rng(seed)
    heights = np.linspace(180, 320, walkers)
    starts, speeds = rng.uniform(100, 1180, walkers), rng.uniform(2, 6, walkers) * rng.choice([-1, 1], walkers)
    found, truth = [], []
    for t in range(frames):
        x = 640 - np.abs((starts + speeds * t) % 2160 - 1080) + 540 * 0.5  # to and fro
        poses = [skeleton(x[i], 400 + .2 * h, h, .2 * t + i) + rng.normal(0, .015 * h, (17, 2))
                 for i, h in enumerate(heights)]
        boxes = np.array([box_of(p) for p in poses])
        iou = box_iou(boxes, boxes)
        seen = [i for i in range(walkers) if rng.random() > .08 and (iou[i, i + 1:] < .65).all()]
        scores = np.where(rng.random(walkers) < .1, rng.uniform(.15, .39, walkers), rng.uniform(.6, .95, walkers))
        rng.shuffle(seen)
        given = frame(*[poses[i] for i in seen], box_scores=scores[seen])
        truth.append(np.array(seen, int))
        if rng.random() < .03:
            alarm = frame(skeleton(rng.uniform(0, 1280), 300, 150), box_scores=.2)
            given = Poses(*(np.concatenate([getattr(given, k), getattr(alarm, k)])
                            for k in ('boxes', 'box_scores', 'keypoint', 'score')))
            truth[-1] = np.append(truth[-1], 99)
        found.append(given)
    return found, truth


@pytest.mark.parametrize('seed', range(4))
def test_five_walkers_never_switch(seed):
    frames, truth = scene(seed)
    numbers, tracker = run(frames)
    assert sum(len(f) for f in frames) > 800
    assert switches(truth, numbers, tracker.confirmed) == 0
    told = {number for given in numbers for number in given if number in tracker.confirmed}
    assert told == tracker.confirmed and len(told) == 5
    covered = np.mean(np.concatenate([given[persons != 99] >= 0 for persons, given in zip(truth, numbers)]))
    assert covered > .98
    clip = tracks_to_clip(frames, numbers, confirmed=tracker.confirmed)
    assert clip.keypoint.shape == (5, 200, 17, 2) and clip.present.sum() >= .98 * sum((p != 99).sum() for p in truth)


def test_order_of_detections_does_not_matter():
    frames, _ = scene(7, frames=60)
    numbers, _ = run(frames)
    rng = np.random.default_rng(0)
    orders = [rng.permutation(len(found)) for found in frames]
    shuffled, _ = run([found.take(order) for found, order in zip(frames, orders)])
    for given, again, order in zip(numbers, shuffled, orders):
        np.testing.assert_array_equal(given[order], again)


def test_two_runs_are_equal():
    frames, _ = scene(3, frames=40)
    for a, b in zip(run(frames)[0], run(frames)[0]):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize('options', [TrackingOptions(), TrackingOptions(pose_weight=0)], ids=['pose', 'boxes'])
def test_crossing_persons_keep_their_numbers(options):
    a, b = walk(100, 5, 300, 200, 80), walk(500, -5, 315, 220, 80)
    frames = [frame(p, q) for p, q in zip(a, b)]
    numbers, tracker = run(frames, options=options)
    assert {tuple(given) for given in numbers} == {(0, 1)}


def test_poses_tell_apart_what_boxes_cannot():
    """Two persons in the same box, one with the arms up: only the skeletons differ."""
    down = skeleton(300, 300, 200)
    up = down.copy()
    up[[7, 8, 9, 10], 1] -= (50, 50, 90, 90)
    boxes = np.tile([200, 180, 400, 420], (2, 1))
    scores = np.full((2, 17), .8)
    first = Poses(boxes, [.9, .8], np.stack([down, up]), scores)
    second = Poses(boxes, [.8, .9], np.stack([down, up]), scores)
    # duplicates in the same place start no track, so they begin apart
    apart = Poses(boxes + [[0], [60]], [.9, .8], np.stack([down, up + 60]), scores)
    scenes = [apart, first, second, first, second]
    assert {tuple(given) for given in run(scenes)[0]} == {(0, 1)}
    assert {tuple(given) for given in run(scenes, options=TrackingOptions(pose_weight=0))[0]} == {(0, 1), (1, 0)}


def test_occluded_for_ten_frames_and_back():
    path = walk(100, 4, 300, 200, 60)
    other = walk(700, 0, 300, 240, 60)
    frames = [frame(other[t]) if 25 <= t < 35 else frame(path[t], other[t]) for t in range(60)]
    numbers, _ = run(frames)
    assert all(tuple(numbers[t]) == ((1, ) if 25 <= t < 35 else (0, 1)) for t in range(60))


def test_who_stops_behind_the_obstacle_is_found_again():
    """The prediction walks on, the person does not: found by search, 10 frames of 10 pixels away."""
    path = walk(100, 10, 300, 200, 20)
    frames = [frame(p) for p in path] + [frame()] * 10 + [frame(path[-1] + (t, 0)) for t in range(20)]
    numbers, _ = run(frames)
    assert {n for given in numbers for n in given} == {0}
    numbers, _ = run(frames, options=TrackingOptions(reach=0))
    assert {n for given in numbers for n in given} == {0, 1}


def test_a_leap_is_bridged():
    """12 images a second and a dive: the boxes of two frames hardly overlap."""
    path = [skeleton(300 + 38 * max(t - 5, 0), 300, 180) for t in range(12)]
    numbers, _ = run([frame(p) for p in path])
    assert [given.tolist() for given in numbers] == [[0]] * 12


def test_low_scores_carry_on_but_begin_nothing():
    path = walk(100, 4, 300, 200, 40)
    scores = [.2 if 10 <= t < 25 else .9 for t in range(40)]
    numbers, _ = run([frame(p, box_scores=s) for p, s in zip(path, scores)])
    assert {tuple(given) for given in numbers} == {(0, )}
    numbers, tracker = run([frame(p, box_scores=.2) for p in path])
    assert {tuple(given) for given in numbers} == {(-1, )} and not tracker.confirmed
    numbers, _ = run([frame(p, box_scores=.05 if t == 20 else .9) for t, p in enumerate(path)])
    assert [t for t, given in enumerate(numbers) if given[0] < 0] == [20]  # below low: ignored


def test_somebody_else_elsewhere_is_a_new_track():
    frames = [frame(p) for p in walk(100, 3, 300, 200, 20)] + [frame()] * 5 + [frame(p) for p in walk(900, -3, 300, 200, 20)]
    numbers, tracker = run(frames)
    assert [given.tolist() for given in numbers] == [[0]] * 20 + [[]] * 5 + [[1]] * 20
    assert tracker.confirmed == {0, 1}


def test_somebody_of_another_size_or_build_is_a_new_track():
    here = [frame(skeleton(300, 300, 200))] * 10 + [frame()] * 4
    same, child = skeleton(385, 300, 200), skeleton(385, 300, 100)
    tangled = same[np.random.default_rng(1).permutation(17)]  # in the same box
    for new, number in ((same, 0), (child, 1), (tangled, 1)):
        assert box_iou([box_of(new)], [box_of(skeleton(300, 300, 200))]) < .1
        numbers, _ = run(here + [frame(new)] * 5)
        assert numbers[-1].tolist() == [number]


def test_lost_for_too_long_is_a_new_track():
    path = walk(300, 0, 300, 200, 60)
    for gap, last in ((30, 0), (31, 1)):
        numbers, _ = run([frame(p) for p in path[:10]] + [frame()] * gap + [frame(p) for p in path[:5]])
        assert numbers[-1].tolist() == [last]


def test_confirmation_costs_no_frames_and_keeps_false_alarms_out():
    person, alarm = walk(300, 2, 300, 200, 20), skeleton(900, 200, 150)
    frames = [frame(), *(frame(p, alarm) if t == 7 else frame(p) for t, p in enumerate(person))]
    numbers, tracker = run(frames)
    assert [given[0] for given in numbers[1:]] == [0] * 20 and numbers[8].tolist() == [0, 1]
    assert tracker.confirmed == {0}
    clip = tracks_to_clip(frames, numbers, confirmed=tracker.confirmed)
    assert clip.track_id.tolist() == [0] and clip.present.sum() == 20
    # a miss in the beginning is forgiven from the second frame on
    numbers, tracker = run([frame(), frame(person[0]), frame(person[1]), frame(), frame(person[3])])
    assert numbers[-1].tolist() == [0] and tracker.confirmed == {0}


def test_a_second_box_on_the_same_person_starts_nothing():
    person = skeleton(300, 300, 200)
    double = frame(person, person + 2, box_scores=[.9, .7])
    numbers, tracker = run([double] * 5)
    assert [given.tolist() for given in numbers] == [[0, -1]] * 5


def test_nobody_and_a_single_frame():
    numbers, tracker = run([frame(), frame()])
    assert [len(given) for given in numbers] == [0, 0] and tracker.confirmed == frozenset()
    clip = tracks_to_clip([frame(), frame()], numbers)
    assert clip.keypoint.shape == (0, 2, 17, 2) and clip.boxes.shape == (0, 2, 4) and clip.track_id.shape == (0, )
    numbers, tracker = run([frame(skeleton(300, 300, 200), skeleton(600, 300, 200))])
    assert numbers[0].tolist() == [0, 1] and tracker.confirmed == {0, 1}
    assert run([Poses([], [])])[0][0].shape == (0, )


def test_boxes_alone_and_other_layouts():
    path = walk(100, 4, 300, 200, 20)
    boxes = [Poses(box_of(p)[None], [.9]) for p in path]
    assert {tuple(n) for n in run(boxes, layout=None)[0]} == {(0, )}
    assert {tuple(n) for n in run([frame(p) for p in path], layout=None)[0]} == {(0, )}
    hands = [Poses([[0, 0, 50, 50]], [.9], np.random.default_rng(t).uniform(0, 50, (1, 21, 2))) for t in range(5)]
    assert {tuple(n) for n in run(hands, layout='hand21')[0]} == {(0, )}
    clip = tracks_to_clip(boxes, run(boxes, layout=None)[0])
    assert clip.keypoint.shape == (1, 20, 0, 2) and clip.present.all()


def test_unseen_joints_do_not_count():
    """Of an occluded person the model invents legs with low scores."""
    path = walk(100, 4, 300, 200, 20)
    frames = []
    for t, p in enumerate(path):
        score = np.full(17, .8)
        if t > 5:
            p, score[11:] = p.copy(), .05
            p[11:] += np.random.default_rng(t).normal(0, 100, (6, 2))
        frames.append(Poses(box_of(path[t])[None], [.9], p[None], score[None]))
    strict = TrackingOptions(match_high=.8, reach=0)
    assert {tuple(n) for n in run(frames, options=strict)[0]} == {(0, )}
    # nothing is seen but the box: it decides alone
    frames = [frame(p, joint_scores=.8 if t < 5 else .1) for t, p in enumerate(path)]
    assert {tuple(n) for n in run(frames, options=strict)[0]} == {(0, )}


def test_clip_keeps_the_most_important_persons():
    one, two = skeleton(200, 300, 200), skeleton(500, 300, 200)
    frames = [frame(one), frame(one, two), frame(two, one), frame(two)]
    given = [np.array(n) for n in ([4], [4, 9], [9, 4], [9])]
    frames[3] = replace(frames[3], score=np.full((1, 17), .9))
    clip = tracks_to_clip(frames, given)
    assert clip.track_id.tolist() == [9, 4] and clip.track_id.dtype == np.int64
    assert all(a.dtype == np.float32 for a in (clip.keypoint, clip.score, clip.boxes, clip.box_score))
    np.testing.assert_array_equal(clip.present, [[0, 1, 1, 1], [1, 1, 1, 0]])
    assert not clip.keypoint[0, 0].any() and not clip.score[0, 0].any() and not clip.boxes[1, 3].any()
    np.testing.assert_allclose(clip.keypoint[0, 2], two, rtol=1e-6)
    np.testing.assert_allclose(clip.boxes[1, 2], box_of(one), rtol=1e-6)
    assert tracks_to_clip(frames, given, order='entry').track_id.tolist() == [4, 9]
    assert tracks_to_clip(frames, given, max_persons=1).track_id.tolist() == [9]
    assert tracks_to_clip(frames, given, confirmed={4}).track_id.tolist() == [4]
    Clip('x', clip.keypoint, clip.score, track_id=clip.track_id, image_size=(480, 640), fps=30.).check()


def test_similarities_against_hand_computed_values():
    np.testing.assert_allclose(box_iou([[0, 0, 2, 2], [5, 5, 5, 5]], [[1, 1, 3, 3], [0, 0, 2, 2], [5, 5, 5, 5]]),
                               [[1 / 7, 1, 0], [0, 0, 0]])
    sigmas = np.array([.05, .1, .1])
    a, seen = np.zeros((1, 3, 2)), np.ones((1, 3), bool)
    b = np.array([[[3, 4], [0, 0], [0, 0]]])
    oks, valid = keypoint_similarity(a, b, seen, seen, np.array([[400.]]), sigmas)
    np.testing.assert_allclose(oks, [[(np.exp(-25 / (2 * 400 * .01)) + 2) / 3]])
    oks, valid = keypoint_similarity(a, b, seen, np.array([[1, 1, 0]], bool), np.array([[400.]]), sigmas)
    assert not valid[0, 0] and oks[0, 0] == 0
    np.testing.assert_allclose(sigmas_of('coco17') * 1000, [26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89])
    assert set(sigmas_of('hand21')) == {.067} and sigmas_of('openpose18')[1] == .067 and sigmas_of('openpose18')[0] == .026
    edges = np.array(get_layout('coco17').edges)
    bones = [log_bone_lengths(s[None], np.ones((1, 17), bool), edges)[0] for s in (skeleton(0, 0, 100), skeleton(9, 9, 250))]
    assert proportion_distance(*bones) < 1e-9 and proportion_distance(bones[0], bones[1] * np.nan) == 0
    assert proportion_distance(np.zeros(3), np.log([1, 2, 4])) == pytest.approx(np.log(2))


def test_motion_learns_the_velocity():
    box = np.array([10., 20, 50, 120])
    np.testing.assert_array_equal(to_corners(to_centre(box)), box)
    motion = BoxMotion(box)
    for t in range(1, 60):
        motion.predict(keep_size=False)
        motion.update(box + 3 * t)
    np.testing.assert_allclose(motion.velocity, [3, 3, 0, 0], atol=.02)
    for _ in range(10):
        motion.predict(keep_size=True)
    np.testing.assert_allclose(motion.box, box + 3 * 69, atol=.5)


def test_the_size_of_who_is_not_seen_stays():
    motion = BoxMotion([0, 0, 40, 100])
    for t in range(1, 30):  # comes nearer
        motion.predict(keep_size=False)
        motion.update([0, 0, 40 + t, 100 + 2 * t])
    size = motion.position[2:].copy()
    motion.predict(keep_size=True)
    np.testing.assert_array_equal(motion.position[2:], size)
    np.testing.assert_allclose(size, (69, 158), atol=.5)


@pytest.mark.parametrize('make, words', [
    (lambda: Poses(np.zeros((2, 5)), [1, 1]), 'expected (n, 4)'),
    (lambda: Poses([[0, 0, 1, 1]], [1, 1]), 'box_scores has shape (2,)'),
    (lambda: Poses([[9, 0, 1, 1]], [1]), 'width, height'),
    (lambda: Poses([[0, 0, np.nan, 1]], [1]), 'NaN'),
    (lambda: Poses([[0, 0, 1, 1]], [1], np.zeros((1, 17, 3))), 'keypoint has shape'),
    (lambda: Poses([[0, 0, 1, 1]], [1], np.zeros((1, 17, 2)), np.zeros((1, 16))), 'score has shape'),
    (lambda: TrackingOptions(low=.5), 'low <= high'),
    (lambda: TrackingOptions(match_low=2), 'match_low is 2'),
    (lambda: TrackingOptions(confirm=0), 'confirm'),
    (lambda: Tracker('no_such'), 'unknown layout'),
    (lambda: Tracker('hand21').update(frame(skeleton(0, 0, 9))), '17 joints; expected 0 or 21'),
    (lambda: run([frame(PERSON), Poses([[0, 0, 1, 1]], [.9])]), 'frame 1: 0 joints; expected 17'),
    (lambda: tracks_to_clip([], []), 'at least one'),
    (lambda: tracks_to_clip([frame()], [[]], max_persons=0), 'max_persons'),
    (lambda: tracks_to_clip([frame()], [[]], order='x'), 'importance, entry'),
    (lambda: tracks_to_clip([frame(PERSON)], [[0, 1]]), 'frame 0'),
    (lambda: tracks_to_clip([frame(PERSON, PERSON)], [[1, 1]]), 'twice'),
    (lambda: tracks_to_clip([frame(PERSON), Poses([[0, 0, 1, 1]], [1])], [[0], [0]]), 'one number of joints'),
])
def test_mistakes_are_told(make, words):
    with pytest.raises(ValueError, match='.*') as error:
        make()
    assert words in str(error.value)
