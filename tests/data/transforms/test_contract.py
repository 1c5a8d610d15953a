"""Every step of ours, found in the registry, keeps the contract: one added later is tested by existing."""
import inspect

import numpy as np
import pytest
from mmaction.registry import TRANSFORMS

import mmskel.data.transforms  # noqa: F401  (registers)
from mmskel.configuration.parts import arguments_of
from mmskel.data.transforms import SkeletonTransform
from mmskel.files.errors import UserError
from mmskel.skeleton import LAYOUTS, LayoutError

STEPS = {name: cls for name, cls in TRANSFORMS.module_dict.items() if cls.__module__.startswith('mmskel.data')}
KNOBS = dict(layout='ntu25', clip_len=8, num_person=2, objects=('ball', ), video_len=4, pose_len=8)
# what a config must say beside the knobs
EXAMPLES = dict(
    CropCentre=dict(size=32), ResizeImage=dict(size=(48, 64)), CentreOnJoint=dict(joint=0),
    TenCrops=dict(size=32), ImagesAlone=dict(transforms=[dict(type='CropAtCorner'), dict(type='ResizeImage', size=16)]),
    OneBranch=dict(branches=[dict(probability=0.5, transforms=[dict(type='RandomScale'), dict(type='RandomShear')])]))


def build(name, **knobs):
    taken = arguments_of(STEPS[name]).defaults
    values = {STEPS[name].knobs.get(key, key): value for key, value in {**KNOBS, **knobs}.items()}
    return TRANSFORMS.build(dict(
        type=name, **{key: value for key, value in values.items() if key in taken}, **EXAMPLES.get(name, {})))


def sample(coords, layout='ntu25', frames=20, seed=0):
    """Everything that a step may read."""
    rng = np.random.default_rng(seed)
    keypoint = rng.uniform(10, 90, (2, frames, LAYOUTS[layout].num_joints, coords)).astype(np.float32)
    return dict(
        frame_dir='clip7', label=1, layout=layout, keypoint=keypoint, total_frames=frames, num_clips=1,
        keypoint_score=rng.uniform(.1, 1, keypoint.shape[:3]).astype(np.float32), img_shape=(100, 120),
        frame_time=np.linspace(-1, 1, frames, dtype=np.float32), frame_inds=np.arange(frames), video_inds=np.arange(4),
        objects=dict(ball=np.ones((frames, coords + 1), np.float32)), video=np.full((frames, 100, 120, 3), 9, np.uint8),
        classmate=lambda rng: dict(keypoint=rng.uniform(10, 90, keypoint.shape).astype(np.float32)),
        rng=np.random.default_rng(seed))


@pytest.fixture(autouse=True)
def checked(monkeypatch):
    monkeypatch.setenv('MMSKEL_DEBUG', '1')


def test_every_step_derives_from_the_base_class():
    assert len(STEPS) >= 30
    for name, cls in STEPS.items():
        assert issubclass(cls, SkeletonTransform), name
        assert inspect.getattr_static(cls, '__call__') is SkeletonTransform.__call__, f'{name} skips the common checks'
        assert cls.coords is None or set(cls.coords) <= {2, 3} and cls.coords, name
        assert cls.makes_coords in (None, 2, 3) and isinstance(cls.needs_video, bool)
        assert set(cls.knobs.values()) <= set(arguments_of(cls).defaults), name


@pytest.mark.parametrize('name', STEPS)
def test_reads_and_writes_what_it_says(name):
    step = build(name)
    assert 0 <= step.probability <= 1 and all(isinstance(key, str) for key in (*step.reads, *(step.writes or ())))
    for coords in step.coords or (2, 3):
        for seed in range(4):
            given = sample(coords, seed=seed)
            before = {key: value.copy() for key, value in given.items() if isinstance(value, np.ndarray)}
            arrays = {key: given[key] for key in before}
            after = step(given)
            for key, value in before.items():
                np.testing.assert_array_equal(arrays[key], value, err_msg=f'{name} changes the array of {key}')
            if not step.replaces:
                assert after is given and after['keypoint'].shape[-1] == (step.makes_coords or coords)
                assert after['keypoint'].shape[1] == after['total_frames'] or name == 'LoadClipFrames'
    for key in step.reads:
        lacking = sample((step.coords or (2, ))[0])
        del lacking[key]
        with pytest.raises(UserError, match=f"clip 'clip7': {name} needs {key}"):
            step(lacking)


@pytest.mark.parametrize('name', [name for name, cls in STEPS.items() if cls.coords is not None])
def test_other_coordinates_are_refused(name):
    step = build(name)
    for coords in {1, 2, 3, 4} - set(step.coords):
        with pytest.raises(ValueError, match=f"clip 'clip7': {name} needs .* coordinates, found keypoint"):
            step(dict(sample(3), keypoint=np.zeros((2, 20, 25, coords), np.float32)))


@pytest.mark.parametrize('name', [name for name, cls in STEPS.items() if 'probability' in arguments_of(cls).defaults])
def test_chance_is_the_base_classs(name):
    step = build(name)
    changed = 0
    for seed in range(200):
        step.probability = 0.25
        given = sample((step.coords or (2, ))[0], seed=seed)
        keypoint = given['keypoint']
        step(given)
        changed += given['keypoint'] is not keypoint
    assert 25 < changed < 75
    rng = np.random.default_rng(0)
    rng.random()
    step.probability = 0.
    given = sample((step.coords or (2, ))[0])
    assert step(given)['rng'].bit_generator.state == rng.bit_generator.state, 'one number is drawn'


@pytest.mark.parametrize('layout', LAYOUTS)
@pytest.mark.parametrize('name', [name for name, cls in STEPS.items() if 'layout' in arguments_of(cls).defaults])
def test_any_layout(name, layout):
    try:
        step = build(name, layout=layout)
    except LayoutError as error:  # a step for bodies
        assert name in ('AlignBody3D', 'AlignTrunk3D') and layout in str(error)
        return
    step.probability = 1.
    coords = (step.coords or (3, ))[0]
    after = step(sample(coords, layout))['keypoint']
    frames = 200 if name == 'TenCrops' else 20
    assert after.shape == (2, frames, LAYOUTS[layout].num_joints, coords) and np.isfinite(after).all()
