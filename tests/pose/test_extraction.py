"""From frames to a clip: chunks do not show, boxes between detections move, persons keep their slots."""
import numpy as np
import pytest
from pose_models import DETECTOR, TINYPOSE

from mmskel.pose.detection import Boxes, Detections, PersonDetector
from mmskel.pose.estimation import PoseEstimator
from mmskel.pose.extraction import ExtractionOptions, SkeletonExtractor, interpolated
from mmskel.pose.object_tracks import ObjectTracks
from mmskel.pose.objects import ObjectDetector
from mmskel.pose.poses import Poses
from mmskel.skeleton import Clip, get_layout
from mmskel.video.reading import open_video
from mmskel.video.sources import VideoError


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


class KnowsBalls(MarkedDetector):
    """Finds a ball as well, 100 pixels to the right of the first person."""
    class_names = ('person', 'sports ball')

    def detect(self, images):
        persons = super().__call__(images)
        ball = [np.concatenate([p.boxes, [[p.boxes[0, 0] + 98, 0, p.boxes[0, 0] + 102, 8]]]) for p in persons]
        return [Detections(boxes.astype(np.float32), np.append(p.scores, .5), np.array([0, 0, 1])) for boxes, p in zip(ball, persons)]

    def pick(self, found):
        keep = found.labels == 0
        return Boxes(found.boxes[keep], found.scores[keep].astype(np.float32))


@pytest.mark.parametrize('det_every', [1, 4])
def test_one_pass_finds_persons_and_objects(det_every):
    detector, options = KnowsBalls(), ExtractionOptions(det_every=det_every, chunk=6)
    extract = SkeletonExtractor(detector, CornerEstimator(), options, objects=ObjectDetector(detector, dict(ball='sports ball')))
    clip = extract(walkers(20), name='walk')
    assert detector.seen == sorted({*range(0, 20, det_every), 19}), 'no frame twice'
    np.testing.assert_allclose(clip.objects['ball'][:, 0], 120 + 2 * np.arange(20), atol=1e-4)
    score = np.where(np.arange(20) % det_every, .25, .5)
    score[19] = .5
    np.testing.assert_allclose(clip.objects['ball'][:, 2], score)
    np.testing.assert_array_equal(clip.keypoint, run(20, det_every=det_every)[0].keypoint)
    assert clip.check().extra['made_by']['objects'] == dict(ball='sports ball')


def test_another_detector_for_objects_and_places_from_a_table(tmp_path):
    (tmp_path / 't.csv').write_text('object,frame,x,y\nball,3,7,8\nnet,0,1,2\n')
    table = ObjectTracks(tmp_path / 't.csv')
    detector, finder = MarkedDetector(), KnowsBalls()
    finder.config = 'finder'
    extract = SkeletonExtractor(detector, CornerEstimator(), objects=ObjectDetector(finder, dict(ball='1', disc='1')))
    found = extract(walkers(5), name='walk')
    clip = table.add_to(found)
    assert set(found.objects) == {'ball', 'disc'} and found.objects['ball'][:, 2].all(), 'the clip given is not changed'
    with pytest.raises(VideoError, match="'lifted' has 3 coordinates in metre"):
        table.add_to(Clip('lifted', np.ones((1, 5, 17, 3)), layout='coco17'))
    assert detector.seen == finder.seen == list(range(5)) and set(clip.objects) == {'ball', 'disc', 'net'}
    np.testing.assert_allclose(clip.objects['ball'], [[0, 0, 0]] * 3 + [[7, 8, 1]] + [[0, 0, 0]])  # the table's word
    np.testing.assert_allclose(clip.objects['disc'][:, 0], 120 + 2 * np.arange(5))


def test_a_group_stands_in_slots_from_left_to_right():
    frames = walkers(80)
    for t in range(80):
        frames[t, 0, :4, 0] = 20, 30, 200 if t < 30 else 120, 24  # the second is suddenly somebody else, elsewhere
    alone = SkeletonExtractor(MarkedDetector(), CornerEstimator())(frames, name='x')
    group = SkeletonExtractor(MarkedDetector(), CornerEstimator(), ExtractionOptions(group=True))(frames, name='x')
    assert len(alone.keypoint) == 3 and len(group.keypoint) == 2
    assert group.keypoint[0, :, 0, 0].tolist() == [20] * 80
    assert set(group.keypoint[1, :30, 0, 0].tolist()) == {200} and set(group.keypoint[1, 40:, 0, 0].tolist()) == {120}
    slots = group.extra['slots']
    assert [len(slot) for slot in slots] == [1, 2] and slots[0][0][1:] == [0, 80] and slots[1][0][1:] == [0, 30]
    assert group.score.sum() == pytest.approx(alone.score.sum()) and group.check().track_id[1] == slots[1][1][0]
    one = SkeletonExtractor(MarkedDetector(), CornerEstimator(), ExtractionOptions(group=True, max_persons=1))(frames)
    assert len(one.keypoint) == 1 and one.keypoint[0, 0, 0, 0] == 20


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
