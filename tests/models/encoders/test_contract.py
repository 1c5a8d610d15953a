"""Every encoder of ours, found in the registry, keeps the contract: one added later is tested by existing."""
import inspect

import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.model import BaseDataPreprocessor

import mmskel.models  # noqa: F401  (registers)
from mmskel.configuration.parts import arguments_of
from mmskel.models.encoders import SkeletonEncoder
from mmskel.skeleton import LAYOUTS

ENCODERS = {name: cls for name, cls in MODELS.module_dict.items()
            if cls.__module__.startswith('mmskel.') and inspect.isclass(cls) and issubclass(cls, BaseDataPreprocessor)}
CASES = [pytest.param(name, layout, coords, stream, id=f'{name}-{layout}-{coords}-{stream}')
         for name, cls in ENCODERS.items() for layout in ('coco17', 'ntu25', 'hand21') for coords in cls.coords
         for stream in cls.streams or ('', )]


def build(name, layout, stream='', **more):
    taken = arguments_of(ENCODERS[name]).defaults
    options = dict(layout=layout, stream=stream)
    return MODELS.build(dict(type=name, **{key: value for key, value in options.items() if value and key in taken}, **more))


def batch(layout, coords, dtype=torch.float32, samples=2):
    """What PackSkeleton and a loader make: lists of tensors, one per sample."""
    torch.manual_seed(0)
    joints = LAYOUTS[layout].num_joints
    return dict(
        inputs=dict(keypoint=[16 * torch.rand(1, 2, 6, joints, coords, dtype=dtype) for _ in range(samples)],
                    keypoint_score=[torch.rand(1, 2, 6, joints, dtype=dtype) for _ in range(samples)],
                    imgs=[torch.randint(0, 255, (1, 6, 16, 20, 3), dtype=torch.uint8) for _ in range(samples)]),
        data_samples=[ActionDataSample(metainfo=dict(img_shape=(16, 20))) for _ in range(samples)])


def tensor(encoder, inputs):
    """The input whose channels the encoder counts: of two pathways, that of heatmaps, if there is one."""
    return inputs.get('heatmap_imgs', inputs['imgs']) if isinstance(inputs, dict) else inputs


def test_every_encoder_derives_from_the_base_class():
    assert len(ENCODERS) >= 6 and all(issubclass(cls, SkeletonEncoder) for cls in ENCODERS.values())
    for name, cls in ENCODERS.items():
        taken = arguments_of(cls).defaults
        assert bool(cls.streams) == ('stream' in taken), name
        assert set(cls.ensemble) <= set(cls.streams) and set(cls.coords) <= {2, 3} and cls.coords
        assert 'forward' not in vars(cls), 'forward is written once, in the base class'


@pytest.mark.parametrize('name, layout, coords, stream', CASES)
def test_channels_are_those_of_the_input(name, layout, coords, stream):
    scored = [{}, dict(with_score=True)] if 'with_score' in arguments_of(ENCODERS[name]).defaults else [{}]
    for more in scored:
        encoder = build(name, layout, stream, **more)
        data = batch(layout, coords)
        out = encoder(data)
        found = tensor(encoder, out['inputs'])
        assert found.shape[:2] == (2, 1) and found.shape[encoder.channel_axis] == encoder.channels(coords)
        assert found.dtype == torch.float32 and torch.isfinite(found).all()
        assert out['data_samples'] is not None and len(out['data_samples']) == 2
        with torch.autocast('cpu', torch.bfloat16):  # mixed precision is the network's, not the encoder's
            torch.testing.assert_close(tensor(encoder, encoder(data)['inputs']), found, rtol=0, atol=0)
        half = tensor(encoder, encoder(batch(layout, coords, torch.bfloat16))['inputs'])
        assert half.dtype == torch.float32 and half.shape == found.shape


@pytest.mark.parametrize('name', ENCODERS)
def test_stacked_and_single_samples_are_encoded_alike(name):
    encoder = build(name, 'coco17')
    data = batch('coco17', encoder.coords[0])
    whole = tensor(encoder, encoder(data)['inputs'])
    stacked = dict(data, inputs={key: torch.stack(value) for key, value in data['inputs'].items()})
    torch.testing.assert_close(tensor(encoder, encoder(stacked)['inputs']), whole, rtol=0, atol=0)
    alone = dict(inputs={key: value[1:] for key, value in data['inputs'].items()}, data_samples=data['data_samples'][1:])
    torch.testing.assert_close(tensor(encoder, encoder(alone)['inputs'])[0], whole[1], rtol=0, atol=0)


@pytest.mark.parametrize('name', [name for name in ENCODERS if 'layout' in arguments_of(ENCODERS[name]).defaults])
def test_joints_of_another_layout_are_refused(name):
    encoder = build(name, 'coco17')
    with pytest.raises(ValueError, match='25 (joints|nodes).*coco17.*17'):
        encoder(batch('ntu25', encoder.coords[0]))


# those with a stack() of their own pad what is smaller, and have tests of that
@pytest.mark.parametrize('name', [name for name, cls in ENCODERS.items() if cls.stack is SkeletonEncoder.stack])
def test_samples_of_several_sizes_are_refused(name):
    encoder = build(name, 'coco17')
    data = batch('coco17', encoder.coords[0])
    key = 'imgs' if encoder.needs_video else 'keypoint'
    data['inputs'][key][1] = data['inputs'][key][1][:, :, :-1]
    if key == 'keypoint':
        data['inputs'][key][1] = data['inputs'][key][1][:, :, :-1]
    with pytest.raises(ValueError, match=r"a batch holds samples with '(imgs|keypoint)' of \w+ shapes"):
        encoder(data)
