"""From frames to a clip: chunks do not show, boxes between detections move, persons keep their slots."""
import numpy as np
import pytest
from pose_models import DETECTOR, TINYPOSE

from mmskel.pose.detection import Boxes, PersonDetector
from mmskel.pose.estimation import PoseEstimator
from mmskel.pose.extraction import ExtractionOptions, SkeletonExtractor, interpolated
from mmskel.pose.poses import Poses
from mmskel.pose.video import open_video
from mmskel.skeleton import get_layout


class MarkedDetector:
    """Finds the two persons that a frame's pixels spell out: row 0 holds their left edges and widths."""
    config = weights = 'marked'
    min_score = 0.3

    def __init__(self):
        self.seen = []

    def __call__(self, images):
        self.seen += [int(image[1, 0, 0]) for image in images]
        rows = [image[0, :4, 0].astype(np.float32) for image in images]
        return [Boxes(np.array([[r[0], 10, r[0] + r[1], 50], [r[2], 20, r[2] + r[3], 60]], np.float32),
                      np.array([0.9, 0.8], np.float32)) for r in rows]


class CornerEstimator:
    """Joints along the diagonal of every box."""
    config = weights = 'corners'
    needs_boxes = True
    layout = get_layout('coco17')

    def __call__(self, images, boxes):
        share = np.linspace(0, 1, 17, dtype=np.float32)[None, :, None]
        return [Poses(b.boxes, b.scores, b.boxes[:, None, :2] * (1 - share) + b.boxes[:, None, 2:] * share,
                      np.full((len(b.boxes), 17), 0.9, np.float32)) for b in boxes]


def walkers(frames):
    """(T, H, W, 3): two persons who walk towards each other, two pixels a frame."""
    images = np.zeros((frames, 64, 256, 3), np.uint8)
    for t in range(frames):
        images[t, 0, :4, 0] = 20 + 2 * t, 30, 200 - 2 * t, 24
        images[t, 1, 0, 0] = t
    return images


def run(frames, **options):
    detector = MarkedDetector()
    clip = SkeletonExtractor(detector, CornerEstimator(), ExtractionOptions(**options))(walkers(frames), name='walk')
    return clip, detector.seen


@pytest.mark.parametrize('frames', [1, 2, 15, 16, 17, 33])
def test_every_frame_once_and_in_order_whatever_the_chunk(frames):
    whole, seen = run(frames, chunk=100)
    assert seen == list(range(frames)) and whole.keypoint.shape == (2, frames, 17, 2) and whole.id == 'walk'
    np.testing.assert_allclose(whole.keypoint[0, :, 0, 0], 20 + 2 * np.arange(frames), atol=1e-4)
    np.testing.assert_allclose(whole.keypoint[1, :, 0, 0], 200 - 2 * np.arange(frames), atol=1e-4)
    for chunk in (1, 4, 16):
        parts, seen = run(frames, chunk=chunk)
        assert seen == list(range(frames))
        np.testing.assert_array_equal(parts.keypoint, whole.keypoint)


@pytest.mark.parametrize('chunk', [1, 3, 16, 100])
def test_boxes_between_detections_move_along(chunk):
    every, seen = run(23, chunk=chunk, det_every=5)
    assert seen == [0, 5, 10, 15, 20, 22]
    np.testing.assert_allclose(every.keypoint, run(23)[0].keypoint, atol=1e-3)  # they walk evenly


def test_interpolation_of_pairs_and_of_the_lone():
    here = Boxes(np.array([[0, 0, 10, 10], [50, 0, 60, 10]], np.float32), np.array([0.8, 0.6], np.float32))
    there = Boxes(np.array([[100, 0, 110, 10], [4, 0, 14, 10]], np.float32), np.array([0.5, 0.4], np.float32))
    boxes = interpolated(here, there, 4)
    assert len(boxes) == 4 and boxes[0] is here
    np.testing.assert_allclose(boxes[1].boxes, [[1, 0, 11, 10], [50, 0, 60, 10]])
    np.testing.assert_allclose(boxes[2].boxes, [[2, 0, 12, 10], [100, 0, 110, 10]])
    np.testing.assert_allclose(boxes[3].scores, [0.5, 0.5])
    nobody = Boxes(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))
    assert [len(b.boxes) for b in interpolated(nobody, there, 4)] == [0, 0, 2, 2]
    assert [len(b.boxes) for b in interpolated(nobody, nobody, 2)] == [0, 0]


def test_main_persons_first_and_where_the_clip_comes_from():
    clip, _ = run(20, max_persons=1, det_every=2)
    assert clip.keypoint.shape[0] == 1 and clip.track_id.tolist() == [0]
    made_by = clip.extra['made_by']
    assert made_by['options']['det_every'] == 2 and made_by['det_min_score'] == 0.3
    assert {'mmskel', 'mmpose', 'mmdet', 'torch'} == set(made_by['versions'])
    clip.check()


def test_errors():
    with pytest.raises(ValueError, match='top-down model, which needs a person detector'):
        SkeletonExtractor(None, CornerEstimator())
    with pytest.raises(ValueError, match='det_every = 0'):
        ExtractionOptions(det_every=0)


def test_two_real_persons_are_one_track_each(shared, tmp_path):
    (tmp_path / 'tinypose.py').write_text(TINYPOSE)
    weights = shared / 'weights'
    extract = SkeletonExtractor(
        PersonDetector(DETECTOR, str(weights / 'rtmdet_nano_person_320.pth'), device='cpu', min_score=0.1),
        PoseEstimator(tmp_path / 'tinypose.py', str(weights / 'pp_tinypose_256x192.pth'), device='cpu'),
        ExtractionOptions(det_every=5, chunk=12))
    with open_video(shared / 'videos/demo_skeleton.mp4') as video:
        images = [frame.image for frame, _ in zip(video, range(24))]
    clip = extract(images, fps=28.)
    assert clip.keypoint.shape == (2, 24, 17, 2) and clip.image_size == (1080, 1920)
    assert (clip.score.sum(2) > 0).all(), 'both from the first to the last frame'
    clip.check()
