"""Tracked people into slots: the published result, and what happens at the edges."""
import numpy as np
from parity import load

from mmskel.data.reassign import TrackedPeople, reassign, track_energy


def test_published_slots():
    description, arrays, _ = load('mp_gcn_reassign')
    frames = [TrackedPeople(arrays['in_keypoint'][t, :n], arrays['in_confidence'][t, :n], arrays['in_track_id'][t, :n])
              for t, n in enumerate(arrays['in_count'])]
    keypoint, track_id = reassign(frames, description['model_kwargs']['M'])
    np.testing.assert_array_equal(track_id, arrays['out_tracking'])
    np.testing.assert_array_equal(keypoint, arrays['out_keypoint'])


def frame(*tracks, confidence=None, x=10.):
    pose = np.stack([np.full((17, 3), x * (i + 1), np.float32) for i in range(len(tracks))]) if tracks else np.zeros((0, 17, 3))
    return TrackedPeople(pose, np.array(confidence or [.5] * len(tracks)), np.array(tracks, int))


def test_slots_by_track_then_the_free_ones():
    keypoint, tracks = reassign([frame(3, 7, 4, 15), frame(), frame(4)], 4)
    # 3, 7 and 15 want slot 2: the smallest has it, the others take what is free, in order of appearance
    assert tracks.tolist() == [[7, 15, 3, 4], [-1] * 4, [-1, -1, -1, 4]]
    assert keypoint[0, :, 0, 0].tolist() == [20, 40, 10, 30] and not keypoint[1].any()


def test_the_surest_are_kept_and_no_track_counts_as_the_first():
    keypoint, tracks = reassign([frame(-1, 2, 3, confidence=[.9, .1, .8])], 2)
    assert tracks.tolist() == [[1, 3]]  # 3 wants slot 0, too, and is larger
    assert keypoint[0, :, 0, 0].tolist() == [10, 30]
    # a detection without a track and track 1 are one entry; the later one stands
    keypoint, tracks = reassign([frame(1, -1, confidence=[.9, .8])], 2)
    assert tracks.tolist() == [[1, -1]] and keypoint[0, 0, 0, 0] == 20


def test_movers_are_preferred():
    moving = [TrackedPeople(np.stack([np.full((17, 3), 5.), np.full((17, 3), t * 100.)]), np.array([.6, .5]), np.array([1, 2]))
              for t in range(1, 4)]
    assert track_energy(moving)[1] == 0 and track_energy(moving)[2] > 100
    assert reassign(moving, 1)[1].tolist() == [[2]] * 3
    assert reassign([frame(), frame()], 3)[0].shape == (2, 3, 17, 3)
