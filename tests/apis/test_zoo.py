"""Published recognisers, every one of the table: built, filled, and asked about a clip, on weights made up here."""
from dataclasses import replace

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import DefaultScope, init_default_scope

from mmskel.apis import SkeletonInferencer
from mmskel.apis.clip_source import ClipSource
from mmskel.apis.zoo import FusionRule, check_skeletons, classes_of, config_of, fusion_of, start_weights, weights_of
from mmskel.cards.zoo import ZooError, entries, find_entry
from mmskel.checkpoints import CheckpointError
from mmskel.configuration import ConfigError, load_config
from mmskel.configuration.building import build_model
from mmskel.configuration.find import find_config
from mmskel.data.annotation_file import save_annotation_file
from mmskel.data.published_lists import published_list
from mmskel.pose.models import PoseModels
from mmskel.skeleton import Clip, ClipError, get_layout

# one training of PYSKL of every network, data set and number of coordinates; the others differ in numbers alone
PYSKL = list({(entry.network, entry.data, entry.coords, entry.stream == 'limb'): entry for entry in reversed(
    entries().values()) if entry.source == 'PYSKL'}.values())
WALKED = [entry for entry in entries().values() if entry.source != 'PYSKL'] + PYSKL
STREAMS = ('joint', 'bone', 'joint_motion', 'bone_motion')


def clip_of(entry, frames=6, persons=1, seed=0):
    rng = np.random.default_rng(seed)
    joints = get_layout(entry.layout).num_joints
    keypoint = rng.uniform(40, 200, (persons, frames, joints, entry.coords)).astype(np.float32)
    return Clip('a clip', keypoint, rng.uniform(.3, 1, keypoint.shape[:3]).astype(np.float32), entry.layout,
                image_size=(240, 320))


def shortened(cfg):
    """One short view of a clip, and small volumes: seconds for the whole table."""
    for step in cfg.test_dataloader.dataset.pipeline:
        step.update({key: value for key, value in (('clip_len', 4), ('num_clips', 1), ('crop_size', 16)) if key in step})
        if step['type'] == 'Resize':
            step['scale'] = tuple(-1 if one == -1 else 16 for one in step['scale'])
        if step['type'] in ('ResizeImage', 'CropCentre'):
            step['size'] = 16 if isinstance(step['size'], int) else [16, 16]
    return cfg


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr('mmskel.apis.inferencer.config_of', lambda entry: shortened(config_of(entry)))


def random_model(entry, seed=0):
    torch.manual_seed(seed)
    with DefaultScope.overwrite_default_scope('mmaction'):
        model = build_model(config_of(entry))
    for name, value in model.named_buffers():
        if name.endswith('running_var'):
            value.uniform_(.5, 2)
    return model


def random_weights(entry, path, seed=0):
    """Writes a checkpoint of random numbers, with the names of tensors that the project uses."""
    state = random_model(entry, seed).state_dict()
    if entry.source == 'PYSKL':
        state = {key.replace('cls_head.fc.', 'cls_head.fc_cls.'): value for key, value in state.items()}
    torch.save(dict(state_dict=state, meta={}), path)
    return path


def test_the_walk_leaves_nothing_out():
    assert sum(entry.source == 'MMAction2' for entry in WALKED) == 39
    assert {(entry.network, entry.data, entry.coords) for entry in WALKED} == {
        (entry.network, entry.data, entry.coords) for entry in entries().values()}


@pytest.mark.parametrize('entry', WALKED, ids=lambda entry: entry.name)
def test_every_entry_builds_loads_and_predicts(entry, tmp_path, short):
    file = random_weights(entry, tmp_path / 'w.pth')
    recognise = SkeletonInferencer.from_name(entry.name, file, 'cpu')
    own = torch.load(file, weights_only=True)['state_dict']
    got = recognise.model.state_dict()
    assert all(torch.equal(got[key.replace('fc_cls', 'fc') if key not in got else key], value) for key, value in own.items())
    clip = clip_of(entry)
    prediction = recognise.predict(clip)
    scores = prediction.tracks[0].scores
    assert scores.shape == (1, entry.num_classes) and np.isfinite(scores).all() and abs(scores.sum() - 1) < 1e-4
    assert prediction.class_names == classes_of(entry) and len(prediction.class_names) == entry.num_classes
    assert prediction.as_dict()['models'] == [entry.name] and recognise.layout == entry.layout
    other = replace(clip, keypoint=np.zeros((1, 6, clip.keypoint.shape[2], 5 - entry.coords), np.float32))
    with pytest.raises(ClipError, match=f'has {5 - entry.coords} coordinates per joint'):
        recognise.predict(other)


@pytest.mark.parametrize('entry', PYSKL, ids=lambda entry: entry.name)
def test_every_config_of_pyskl_is_found(entry):
    assert find_config(entry.config).is_file()


@pytest.mark.parametrize('name', ['stgcnpp_ntu60_xsub_2d_bone', '2sagcn_ntu60_xsub_3d_joint_motion', 'posec3d_ntu60_xsub',
                                  'posec3d_k400'])
def test_the_scores_are_those_of_mmaction2(name, tmp_path, short):
    """Its own config, its own pipeline and its own model, fed as its data set would."""
    entry = find_entry(name)
    file = random_weights(entry, tmp_path / 'w.pth')
    clip = clip_of(entry, frames=9, persons=2)
    if name == 'posec3d_k400':  # frames in which nobody is seen are dropped
        clip.score[:, [0, 4]] = 0
        clip.keypoint[:, [0, 4]] = 0
    found = SkeletonInferencer.from_name(name, file, 'cpu').predict(clip).tracks[0].scores[0]
    cfg = shortened(Config.fromfile(find_config(entry.config)))
    init_default_scope('mmaction')
    model = MODELS.build(cfg.model).eval()
    model.load_state_dict(torch.load(file, weights_only=True)['state_dict'])
    sample = dict(frame_dir='a', label=-1, total_frames=9, img_shape=(240, 320), original_shape=(240, 320), start_index=0,
                  modality='Pose', keypoint=clip.keypoint.copy())
    if entry.coords == 2:
        sample['keypoint_score'] = clip.score.copy()
    if name == 'posec3d_k400':  # as Kinetics is annotated: person by person, frame after frame
        seen = [(frame, person) for frame in range(9) for person in range(2) if clip.score[person, frame].any()]
        rows = [np.concatenate([clip.keypoint[p, f], clip.score[p, f, :, None]], -1) for f, p in seen]
        del sample['keypoint_score']
        sample.update(keypoint=np.stack(rows).astype(np.float16), frame_inds=np.array([f for f, _ in seen]))
    with torch.no_grad():
        expected = model.test_step(pseudo_collate([Compose(cfg.test_dataloader.dataset.pipeline)(sample)]))[0].pred_score
    # half precision of Kinetics' annotations
    assert np.abs(found - expected.numpy()).max() < (1e-3 if name == 'posec3d_k400' else 1e-6)
    assert found.argmax() == expected.argmax()


def test_clips_without_confidence_or_image(tmp_path, short):
    entry = find_entry('stgcnpp_ntu60_xsub_2d_joint')
    recognise = SkeletonInferencer.from_name(entry.name, random_weights(entry, tmp_path / 'w.pth'), 'cpu')
    clip = clip_of(entry)
    sure = replace(clip, score=np.ones_like(clip.score))
    plain = {key: value for key, value in sure.to_annotation().items() if key != 'keypoint_score'}
    by_hand = recognise(plain)['predictions'][0]['tracks'][0]['score']
    assert by_hand == pytest.approx(recognise.predict(sure).as_dict()['tracks'][0]['score'], abs=1e-6)
    with pytest.raises(ValueError, match="clip 'a clip' does not say how large its images are"):
        recognise.predict(replace(clip, image_size=None))


def test_3d_clips_with_confidence(tmp_path, short):
    entry = find_entry('stgcnpp_ntu60_xsub_3d_joint')
    recognise = SkeletonInferencer.from_name(entry.name, random_weights(entry, tmp_path / 'w.pth'), 'cpu')
    clip = clip_of(entry)
    with_score = recognise.predict(clip).tracks[0].scores
    assert np.allclose(with_score, recognise.predict(replace(clip, score=np.ones_like(clip.score))).tracks[0].scores)


def test_weights_are_looked_for_in_order(tmp_path, monkeypatch):
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'home'))
    entry = find_entry('stgcnpp_ntu60_xsub_2d_bone')
    assert weights_of(entry, 'mine.pth') == 'mine.pth'
    cached = tmp_path / 'home/hub/checkpoints' / f'{entry.name}.pth'
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b'x')
    assert weights_of(entry) == str(cached)
    folder = tmp_path / 'folder'
    folder.mkdir()
    (folder / f'{entry.name}.pth').write_bytes(b'y')
    monkeypatch.setenv('MMSKEL_WEIGHTS', str(folder))
    assert weights_of(entry) == str(folder / f'{entry.name}.pth') == start_weights(entry.name)
    (folder / entry.file).write_bytes(b'z')
    with pytest.raises(CheckpointError, match='should begin with cd11a691'):
        weights_of(entry)
    monkeypatch.setenv('MMSKEL_WEIGHTS', str(tmp_path / 'gone'))
    with pytest.raises(ZooError, match='which is not a folder'):
        weights_of(entry)


def test_offline_the_message_names_url_file_and_argument(tmp_path, monkeypatch):
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    entry = replace(find_entry('pyskl_stgcn_ntu60_xview_2d_joint'), url='http://127.0.0.1:9/j.pth')
    with pytest.raises(ZooError, match="'http://127.0.0.1:9/j.pth' cannot be downloaded .*weights=FILE, or put it as "
                                       "'pyskl_stgcn_ntu60_xview_2d_joint.pth' into a folder .* MMSKEL_WEIGHTS"):
        weights_of(entry)


def test_what_a_training_starts_from(tmp_path):
    (tmp_path / 'mine.pth').write_bytes(b'x')
    for given in (str(tmp_path / 'mine.pth'), 'http://127.0.0.1:9/a.pth', 'gone.pth'):
        assert start_weights(given) == given
    with pytest.raises(ZooError, match="no published recogniser 'stgcn_ntu61'"):
        start_weights('stgcn_ntu61')


def test_published_fusion_rules():
    def of(*names):
        return fusion_of([find_entry(name) for name in names])
    four = [f'stgcnpp_ntu60_xsub_2d_{stream}' for stream in STREAMS]
    assert of(*four) == FusionRule('softmax', (2., 2., 1., 1.), 'pyskl')
    assert of(four[1], four[3], four[0], four[2]).weights == (2., 1., 2., 1.)
    assert of(*four[:2]) == FusionRule('softmax', (1., 1.), 'pyskl')
    assert of('posec3d_gym', 'posec3d_gym_limb') == FusionRule('softmax', (1., 1.), '')
    assert of(four[0], 'posec3d_ntu60_xsub', 'stgcn_ntu60_xsub_2d') == FusionRule('softmax', (1., 1., 1.), '')
    for names, message in (((four[0], 'posec3d_gym'), 'knows the classes of ntu60, .posec3d_gym. those of gym'),
                           ((four[0], 'stgcn_ntu60_xsub_3d_joint'), 'takes coco17 in 2-D, .* ntu25 in 3-D'),
                           ((four[0], 'stgcnpp_ntu60_xsub_2d'), 'is named twice')):
        with pytest.raises(ZooError, match=message):
            of(*names)


def test_skeletons_are_checked_before_any_model(tmp_path):
    body, deep = find_entry('posec3d_gym'), find_entry('stgcnpp_ntu60_xsub_3d_bone')
    video, clips = tmp_path / 'a.mp4', tmp_path / 'a.pkl'
    video.write_bytes(b'x')
    check_skeletons(body, video, ClipSource())
    with pytest.raises(ZooError, match="in 3-D, but the pose models find skeletons in 2-D; give clips in 3-D, or a lifter .*"
                                       "lift_config=.*lack 8 of them.*; or choose 'stgcnpp_ntu60_xsub_2d_bone'"):
        check_skeletons(deep, video, ClipSource())
    lifted = PoseModels(lift_config='l.py', lift_weights='l.pth').with_preset('balanced')
    check_skeletons(deep, video, ClipSource(lifted))
    with pytest.raises(ZooError, match='in 2-D, but the pose models find skeletons in 3-D; .*leave out the lifter'):
        check_skeletons(body, video, ClipSource(lifted))
    hands = ClipSource(PoseModels().with_preset('hand'))
    with pytest.raises(ZooError, match='takes skeletons of layout coco17, but the pose models find hand21; choose a model '
                                       'that finds coco17'):
        check_skeletons(body, video, hands)
    on_hands = replace(body, layout='hand21')
    check_skeletons(on_hands, video, hands)
    with pytest.raises(ZooError, match="layout hand21, but the pose models find coco17; choose a model of hands, "
                                       "preset='hand'"):
        check_skeletons(on_hands, video, ClipSource())
    save_annotation_file(clips, [clip_of(deep)], {}, dict(layout='ntu25'))
    check_skeletons(deep, clips, ClipSource())
    with pytest.raises(ZooError, match="a.pkl' has skeletons in 3-D; give clips in 2-D"):
        check_skeletons(body, clips, ClipSource())


def test_persons_beyond_those_that_a_network_looks_at():
    source = ClipSource(PoseModels().with_preset('balanced'))
    source.limit_persons(2)
    assert source._models().options.max_persons == 2
    source.limit_persons(1)  # as it was said first
    assert source._models().options.max_persons == 2
    source = ClipSource()
    source.limit_persons(2)
    assert source._models().options.max_persons == 2


def test_configs_of_mmaction2_are_found_by_name():
    assert load_config('mmaction::skeleton/posec3d/slowonly_r50_8xb16-u48-240e_gym-limb.py', fit=False).train_dataloader
    for name in ('mmaction::skeleton/stgcn/no.py', 'mmaction::../../__init__.py'):
        with pytest.raises(ConfigError, match='the installed MMAction2 has no config'):
            load_config(name)


@pytest.mark.parametrize('name, number', [('ntu', 120), ('gym99', 99), ('k400', 400), ('ucf101', 101), ('hmdb51', 51)])
def test_class_lists(name, number):
    names = published_list(f'{name}_classes')
    assert len(names) == len(set(names)) == number and all(name.strip() == name for name in names)
