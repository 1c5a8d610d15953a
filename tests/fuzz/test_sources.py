"""Damaged videos, images and configs."""
import numpy as np
import pytest
from fuzz.judge import Tally, judge, reading
from fuzz.mutations import changed, damaged

from mmskel.video.reading import open_video


def film(suffix):
    """Six frames of a moving square, as bytes."""
    import io

    import av
    buffer = io.BytesIO()
    kind = {'mp4': 'mp4', 'avi': 'avi', 'mkv': 'matroska', 'gif': 'gif'}[suffix]
    with av.open(buffer, 'w', format=kind) as container:
        stream = container.add_stream('gif' if suffix == 'gif' else 'mpeg4', rate=25)
        stream.width, stream.height, stream.pix_fmt = 32, 24, 'rgb8' if suffix == 'gif' else 'yuv420p'
        for t in range(6):
            image = np.zeros((24, 32, 3), np.uint8)
            image[4:9, 3 * t:3 * t + 8] = 200
            for packet in stream.encode(av.VideoFrame.from_ndarray(image, format='rgb24')):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return buffer.getvalue()


def picture(suffix):
    import cv2
    return cv2.imencode(f'.{suffix}', np.random.default_rng(0).integers(0, 255, (12, 16, 3), np.uint8))[1].tobytes()


def watch(source):
    with open_video(source, keep_going=True) as video:
        for frame in video:
            assert frame.image.ndim == 3


@pytest.mark.parametrize('suffix', ['mp4', 'avi', 'mkv'])
def test_videos(suffix, inputs, rng_of, fresh):
    tally, content = Tally(), film(suffix)
    for number in inputs(30):
        name = f'v.{suffix}'
        folder = fresh({name: damaged(content, rng_of(number))})
        tally.add(judge(reading(lambda: watch(name)), folder, (name, )), f'{suffix} {number}')
    tally.check()


@pytest.mark.parametrize('suffix', ['png', 'jpg', 'bmp', 'webp', 'tiff'])
def test_images(suffix, inputs, rng_of, fresh):
    tally, content = Tally(), picture(suffix)
    for number in inputs(30):
        files = {f'p/{k}.{suffix}': content for k in range(2)}
        files[f'p/1.{suffix}'] = damaged(content, rng_of(number))
        tally.add(judge(reading(lambda: watch('p')), fresh(files), (f'1.{suffix}', 'p')), f'{suffix} {number}')
    tally.check()


CONFIG = dict(model=dict(type='RecognizerGCN', backbone=dict(type='SkeletonSTGCN', layout='coco17', base_channels=8),
                         cls_head=dict(type='GCNHead', num_classes=2, in_channels=32),
                         data_preprocessor=dict(type='StreamEncoder', layout='coco17')),
              default_scope='mmaction', custom_imports=dict(imports=['mmskel'], allow_failed_imports=False),
              test_dataloader=dict(batch_size=2, dataset=dict(type='SkeletonDataset', ann_file='a.pkl', pipeline=[
                  dict(type='RangeNormalize'), dict(type='ResampleFrames', clip_len=8), dict(type='PackSkeleton')])))


def texts():
    import json

    import yaml
    plain = yaml.safe_dump(CONFIG, sort_keys=False)
    return {'c.yaml': plain, 'c.json': json.dumps(CONFIG), 'c.py': '\n'.join(f'{k} = {v!r}' for k, v in CONFIG.items())}


@pytest.mark.parametrize('name', ['c.yaml', 'c.json', 'c.py'])
def test_configs(name, inputs, rng_of, fresh):
    """Bytes of configs; of .py only such damage as runs nothing that was not there."""
    from mmskel.configuration import load_config
    tally, content = Tally(), texts()[name].encode()
    for number in inputs(40):
        rng = rng_of(number)
        if name.endswith('.py'):
            at = rng.randrange(len(content))
            text = content[:at] + rng.choice((b'', b'\0', b'(', b"'", b'\xff', b'\xf0\x9f')) + content[at + rng.randrange(3):]
        else:
            text = damaged(content, rng)
        tally.add(judge(reading(lambda: load_config(name, fit=False)), fresh({name: text}), (name, )), f'{name} {number}')
    tally.check()


def test_structure_of_configs(inputs, rng_of, fresh):
    """Configs with parts of another kind, up to the built network."""
    import json

    from fuzz.test_formats import _plain

    from mmskel.apis import SkeletonInferencer
    tally = Tally()
    for number in inputs(60):
        text = json.dumps(_plain(changed(CONFIG, rng_of(number))))
        outcome = judge(reading(lambda: SkeletonInferencer('c.json', device='cpu')), fresh({'c.json': text}), ('c.json', ))
        tally.add(outcome, str(number))
    tally.check()
