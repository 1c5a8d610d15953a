"""The denoising variants on recordings small enough to follow by hand.

A pose is told by its place: joint j of ``pose(x)`` lies at (x + j / 50, j / 14, 3), 0.48 m wide and 1.7 m high. The
more ``x`` changes over time, the more a body moves.
"""
import numpy as np
import pytest

from mmskel.data.readers.ntu_denoise import denoise_mmaction, denoise_pyskl, denoise_sgn, keep_all
from mmskel.data.readers.ntu_text import Recording


def pose(x, wide=False):
    j = np.arange(25, dtype=np.float32)
    return np.stack([x + (j / 10 if wide else j / 50), j / 14, np.full(25, 3, np.float32)], 1).astype(np.float32)


def recording(num_frames, **bodies):
    """Bodies by name: frame -> x, or frame -> pose."""
    frames = [[(name, seen[t] if isinstance(seen[t], np.ndarray) else pose(seen[t]))
               for name, seen in bodies.items() if t in seen] for t in range(num_frames)]
    return Recording(frames)


def places(keypoint):
    """x of the first joint, per person and frame; 0 where absent."""
    return np.round(keypoint[:, :, 0, 0].astype(float), 3).tolist()


def walk(frames, start=10., step=.5):
    """A body that moves a lot."""
    return {t: start + step * i for i, t in enumerate(frames)}


def stand(frames, at=5.):
    """A body that hardly moves; every frame differs a little, so that it can be recognised."""
    return {t: at + .001 * t for t in frames}


def test_none_keeps_every_body_at_its_frames():
    keypoint, ids = keep_all(recording(5, a={0: 1., 4: 2.}, b={2: 3.}, c={4: 4.}))
    assert ids == ['a', 'b', 'c']
    assert places(keypoint) == [[1, 0, 0, 0, 2], [0, 0, 3, 0, 0], [0, 0, 0, 0, 4]]


def test_both_variants_shift_a_body_that_returns_to_an_earlier_time():
    # b is away in frames 14 to 19: its 20 poses fill frames 0 to 19 without the gap
    seen = [*range(14), *range(20, 26)]
    clip = recording(30, a=walk(range(30)), b=stand(seen))
    expected = [round(5 + .001 * t, 3) for t in seen] + [0] * 10
    for keypoint in (denoise_sgn(clip), denoise_pyskl(clip)):
        assert places(keypoint)[0] == [10 + .5 * t for t in range(30)]
        assert places(keypoint)[1] == expected


def test_frames_without_a_body_vanish_before_intervals_are_counted():
    frames = [t for t in range(24) if t not in (3, 4)]
    single = recording(24, a=walk(frames))
    pair = recording(24, a=walk(frames), b=stand(frames))
    for keypoint in (denoise_sgn(single), denoise_pyskl(single)):
        assert places(keypoint) == [[10 + .5 * i for i in range(22)]]
    for keypoint in (denoise_sgn(pair), denoise_pyskl(pair)):
        assert keypoint.shape[:2] == (2, 22)
        assert places(keypoint)[0] == [10 + .5 * i for i in range(22)]


@pytest.mark.parametrize('length, persons', [(11, 1), (12, 2)])
def test_a_body_of_11_frames_is_noise_and_one_of_12_is_not(length, persons):
    clip = recording(30, a=walk(range(30)), b=stand(range(5, 5 + length)))
    for keypoint in (denoise_sgn(clip), denoise_pyskl(clip)):
        assert len(keypoint) == persons


def test_the_body_that_moves_most_is_person_1():
    clip = recording(20, a=stand(range(20)), b=walk(range(20)))
    for keypoint in (denoise_sgn(clip), denoise_pyskl(clip)):
        assert places(keypoint)[0][3] == 11.5 and places(keypoint)[1][3] == 5.003


@pytest.mark.parametrize('wide_frames, persons', [(14, 1), (13, 2)])
def test_a_body_with_70_percent_wide_poses_is_no_person(wide_frames, persons):
    odd = {t: pose(5 + .001 * t, wide=t < wide_frames) for t in range(20)}
    clip = recording(20, a=walk(range(20)), b=odd)
    for keypoint in (denoise_sgn(clip), denoise_pyskl(clip)):
        assert len(keypoint) == persons


def test_wide_poses_do_not_count_as_motion():
    # b jumps far away while its poses are wide; without these frames it stands
    jumping = {t: pose(100. * t, wide=True) if t < 8 else pose(5 + .001 * t) for t in range(20)}
    clip = recording(20, a=walk(range(20)), b=jumping)
    for keypoint in (denoise_sgn(clip), denoise_pyskl(clip)):
        assert places(keypoint)[0][12] == 16 and places(keypoint)[1][12] == 5.012


def test_if_all_bodies_are_wide_one_is_left():
    wide = [{t: pose(x + .001 * t, wide=True) for t in range(20)} for x in (1, 5)]
    clip = recording(20, a=wide[0], b=wide[1])
    assert places(denoise_sgn(clip))[0][3] == 5.003  # the last one that was looked at
    assert len(denoise_pyskl(clip)) == 1


def test_if_all_bodies_are_short_the_longest_is_left():
    clip = recording(9, a=stand(range(4)), b=stand(range(4, 9), at=7.))
    assert places(denoise_sgn(clip)) == [[7.004, 7.005, 7.006, 7.007, 7.008]]
    assert places(denoise_pyskl(clip)) == [[7.004, 7.005, 7.006, 7.007, 7.008]]


def test_intervals_that_share_one_frame_are_apart_in_a_and_touch_in_b():
    clip = recording(41, a=walk(range(21)), b=stand(range(20, 41)))
    joined, split = denoise_sgn(clip), denoise_pyskl(clip)
    assert places(joined)[0] == [10 + .5 * t for t in range(20)] + [round(5 + .001 * t, 3) for t in range(20, 41)]
    assert not joined[1].any()
    assert places(split)[0] == [10 + .5 * t for t in range(21)] + [0] * 20
    assert places(split)[1] == [0] * 20 + [round(5 + .001 * t, 3) for t in range(20, 41)]


def test_a_body_that_touches_both_persons_is_discarded():
    clip = recording(40, a=walk(range(40)), b=stand(range(40)), c=stand(range(10, 30), at=2.))
    for keypoint in (denoise_sgn(clip), denoise_pyskl(clip)):
        assert places(keypoint)[1] == [round(5 + .001 * t, 3) for t in range(40)]


def test_once_filled_slot_2_reaches_back_to_the_first_frame():
    # b (more motion than c) fills slot 2 from frame 25 on; c at 0 to 14 is refused though the slot is empty there
    clip = recording(40, a=walk(range(40)), b=walk(range(25, 40), start=5., step=.05), c=stand(range(15), at=2.))
    for keypoint in (denoise_sgn(clip), denoise_pyskl(clip)):
        assert places(keypoint)[1][:25] == [0] * 25 and places(keypoint)[1][25] == 5


def test_translation_puts_the_first_spine_at_the_origin_and_keeps_absent_persons_zero():
    clip = recording(30, a=walk(range(30)), b=stand(range(12)))
    plain, moved = denoise_sgn(clip), denoise_sgn(clip, translate=True)
    origin = plain[0, 0, 1]
    np.testing.assert_allclose(origin, [10 + 1 / 50, 1 / 14, 3], rtol=1e-6)
    np.testing.assert_array_equal(moved[0], plain[0] - origin)
    np.testing.assert_array_equal(moved[1, :12], plain[1, :12] - origin)
    assert not moved[1, 12:].any()


def test_translation_starts_where_person_1_does():
    clip = recording(30, a=walk(range(10, 30)), b=stand(range(30)))
    plain, moved = denoise_sgn(clip), denoise_sgn(clip, translate=True)
    assert not plain[0, :10].any() and not moved[0, :10].any()
    np.testing.assert_array_equal(moved[1], plain[1] - plain[0, 10, 1])


def test_a_lone_person_is_doubled_after_translation():
    once = denoise_sgn(recording(3, a=walk(range(3))), translate=True)
    twice = denoise_sgn(recording(3, a=walk(range(3))), translate=True, duplicate=True)
    assert len(once) == 1
    np.testing.assert_array_equal(twice, np.concatenate([once, once]))


def test_pyskl_trims_the_ends_and_swaps_an_empty_first_slot():
    # a is noise and leaves empty frames at both ends; b, person 1, starts later than c, so the slots are swapped
    clip = recording(50, a={**stand(range(5)), **stand(range(46, 50))}, b=walk(range(20, 45)), c=stand(range(5, 40)))
    keypoint = denoise_pyskl(clip)
    assert keypoint.shape == (2, 40, 25, 3)
    assert places(keypoint)[0] == [round(5 + .001 * t, 3) for t in range(5, 40)] + [0] * 5
    assert places(keypoint)[1] == [0] * 15 + [10 + .5 * i for i in range(25)]


def test_pyskl_keeps_empty_frames_in_between_and_sgn_drops_them():
    clip = recording(40, a=walk(range(12)), b=stand(range(20, 40)), noise=stand(range(12, 20), at=1.))
    assert denoise_pyskl(clip).shape[1] == 40 and denoise_sgn(clip).shape[1] == 32
    assert places(denoise_pyskl(clip))[0][12:20] == [0] * 8


def test_mmaction_takes_slots_by_place_and_keeps_the_two_that_vary_most():
    # c is second in frame 0 and first in frames 1 and 2, since slots know no ids
    frames = [[('a', pose(1)), ('c', pose(50))], [('c', pose(3))], [('c', pose(9)), ('d', pose(2))], []]
    keypoint = denoise_mmaction(Recording(frames))
    assert places(keypoint) == [[50, 0, 2, 0], [1, 3, 9, 0]]
    still = [[('a', pose(1))], [], [('a', pose(1))]]
    assert places(denoise_mmaction(Recording(still))) == [[1, 0, 1]]


def test_mmaction_looks_at_four_slots_only():
    frames = [[(name, pose(x)) for name, x in zip('abcde', (1, 2, 3, 4, 5 + 100 * t))] for t in range(3)]
    keypoint = denoise_mmaction(Recording(frames))
    assert keypoint.shape == (2, 3, 25, 3) and keypoint.max() < 6 and keypoint.dtype == np.float32
