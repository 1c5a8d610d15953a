"""``mmskel export``: ONNX Runtime computes from joints what a test of the recogniser computes, and says so or is silent."""
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from mmaction.models.heads import GCNHead
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from torch import nn

from mmskel import cli
from mmskel.apis import SkeletonInferencer
from mmskel.configuration import load_config
from mmskel.export.onnx_file import TOLERANCE, export
from mmskel.export.sample_inputs import made_up_clip, made_up_samples, named_tensors
from mmskel.models.encoders import StreamEncoder

ROOT = Path(__file__).resolve().parents[2]
NARROW = {'model.backbone.base_channels': 8, 'model.cls_head.in_channels': 32}
# 2-D, with scores; the config names one person or two
FLAT = dict(NARROW, **{'model.data_preprocessor.layout': 'coco17', 'model.data_preprocessor.with_score': True,
                       'model.backbone.layout': 'coco17'})
# short clips of small images; the test looks at each twice, the second time in a mirror
VOLUMES = {'model.backbone.base_channels': 8, 'model.cls_head.in_channels': 128, 'model.cls_head.num_classes': 12,
           **{f'test_dataloader.dataset.pipeline.{place}': size for place, size in (
               ('0.clip_len', 16), ('2.size', 32), ('3.size', 32))}}
TOKENS = {'model.backbone.channels': 32, 'model.backbone.num_heads': 2, 'model.backbone.num_layers': 1,
          'model.cls_head.in_channels': 32}
CASES = {
    'ST-GCN 2-D': ('stgcn/stgcn_ntu60_2d.py', NARROW),
    'ST-GCN 3-D': ('stgcn/stgcn_ntu60_3d.py', NARROW),
    'ST-GCN one person, all branches': ('stgcn/stgcn_nwucla.py', dict(
        NARROW, **{'model.backbone.temporal': 'mstcn', 'model.backbone.with_res': True,
                   'model.backbone.edge_importance': 'offset', 'model.backbone.base_channels': 12,
                   'model.cls_head.in_channels': 48})),
    'ST-GCN bone motion': ('stgcn/stgcn_ntu60_2d.py', dict(NARROW, **{'model.data_preprocessor.stream': 'bone_motion'})),
    'CTR-GCN 3-D': ('ctrgcn/ctrgcn_ntu60_3d.py', NARROW),
    'HD-GCN 3-D': ('hdgcn/hdgcn_ntu60_3d.py', NARROW),
    'HD-GCN 2-D': ('custom/hdgcn_custom.py', dict(FLAT, fit_to_data=False)),
    'MP-GCN, twelve persons and a ball': ('mpgcn/mpgcn_volleyball.py', NARROW),
    'CascadeFormer 3-D': ('cascadeformer/cascadeformer_nwucla.py', TOKENS),
    'CascadeFormer 2-D, full length, padding mask': ('cascadeformer/cascadeformer_penn.py', dict(
        TOKENS, **{'model.backbone.padding_mask': True, 'test_dataloader.dataset.pipeline': [
            dict(type='PadFrames', length=200), dict(type='PackSkeleton')]})),
    'CascadeFormer of NTU': ('cascadeformer/cascadeformer_ntu60_3d.py', dict(TOKENS, **{
        'model.backbone.embedding': 'spatial', 'model.backbone.channels': 200, 'model.cls_head.in_channels': 200})),
    'PoseC3D joint': ('posec3d/posec3d_ntu60_2d.py', VOLUMES),
    'PoseC3D joint and limb': ('posec3d/posec3d_ntu60_2d.py', dict(VOLUMES, **{
        'model.data_preprocessor.stream': 'joint_limb', 'model.backbone.in_channels': 34})),
    'MANs, two persons': ('mans/mans_ntu60_3d.py', {
        'model.backbone.base_channels': 8, 'model.backbone.hidden': 8, 'model.cls_head.in_channels': 16,
        'model.backbone.num_frames': 20, 'test_dataloader.dataset.pipeline.2.clip_len': 20}),
    'Ensem-NN, base': ('ensemnn/ensemnn_ntu60_3d.py', {
        'model.backbone.base_channels': 8, 'model.cls_head.in_channels': 32,
        'test_dataloader.dataset.pipeline.1.clip_len': 24}),
}
SHALLOW = ('custom/hdgcn_custom.py', dict(FLAT, **{'fit_to_data': False, 'model.backbone.num_stages': 3,
                                                   'model.cls_head.in_channels': 8}))
INPUTS = {'PoseC3D joint': ['keypoint', 'score'], 'PoseC3D joint and limb': ['keypoint', 'score'],
          'ST-GCN 2-D': ['keypoint', 'score'], 'HD-GCN 2-D': ['keypoint', 'score'],
          'ST-GCN bone motion': ['keypoint', 'keypoint_next', 'score', 'score_next']}


def trained(cfg, folder):
    """A config and a checkpoint of a network whose scores depend on the clip, as after a training: its norms have
    statistics of their own, near those of its activations."""
    path, weights = folder / 'config.py', folder / 'epoch_3.pth'
    cfg.dump(path)
    torch.manual_seed(0)
    recogniser = SkeletonInferencer(Config.fromfile(path), device='cpu')
    model = recogniser.model
    head = model.cls_head
    classifiers = [one for one in head.modules() if isinstance(one, nn.Linear)]  # heads do not agree on their name
    nn.init.normal_(classifiers[0].weight)
    norms = [one for one in model.modules() if isinstance(one, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d))]
    for norm in norms:
        norm.momentum = .9
        nn.init.uniform_(norm.weight, .7, 1.3)
        nn.init.normal_(norm.bias, 0, .1)
    with torch.no_grad():
        batch = model.data_preprocessor(pseudo_collate(made_up_samples(recogniser)))
        model.train()(batch['inputs'], mode='tensor', stage='head')
        for norm in norms:
            norm.running_mean += .1 * norm.running_var.sqrt() * torch.randn_like(norm.running_mean)
            norm.running_var.mul_(torch.empty_like(norm.running_var).uniform_(.8, 1.25)).clamp_(min=1e-4)
    names = [f'action {i}' for i in range(cfg.model.cls_head.num_classes)]
    torch.save(dict(state_dict=model.state_dict(), meta=dict(dataset_meta=dict(class_names=names))), weights)
    return path, weights


def run(path, inputs):
    session = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    return session.run(['logits'], {one.name: inputs[one.name] for one in session.get_inputs()})[0]


def said(path):
    return {prop.key: prop.value for prop in onnx.load(path).metadata_props}


def seven_clips(recogniser):
    """Samples that the export did not see."""
    more = made_up_samples(recogniser) + [dict(one, inputs={k: v if k == 'frame_inds' else v.flip(2)
                                                       for k, v in one['inputs'].items()})
                                          for one in made_up_samples(recogniser)[1:]]
    assert len(more) == 7
    return more


def test_clips_of_full_length_need_one_length(tmp_path):
    config, weights = trained(load_config('cascadeformer/cascadeformer_penn.py', fit=False, cfg_options={
        **TOKENS, 'test_dataloader.dataset.pipeline': [dict(type='PadFrames', length=40), dict(type='PackSkeleton')]}), tmp_path)
    with pytest.raises(ValueError, match="put dict.type='PadFrames', length=T. before its PackSkeleton"):
        export(config, weights, tmp_path / 'a.onnx', cfg_options={
            'test_dataloader.dataset.pipeline': [dict(type='PackSkeleton')]})


@pytest.mark.parametrize('case', CASES)
def test_onnx_runtime_computes_what_a_test_computes(case, tmp_path):
    name, options = CASES[case]
    config, weights = trained(load_config(name, fit=False, cfg_options=options), tmp_path)
    done = export(config, weights, tmp_path / 'a.onnx')
    assert done.difference <= TOLERANCE and f'wrote {tmp_path / "a.onnx"}' in str(done)
    assert done.outputs == {'logits': ('N', Config.fromfile(config).model.cls_head.num_classes)}
    assert list(done.inputs) == INPUTS.get(case, ['keypoint'])
    recogniser = SkeletonInferencer(str(config), weights, 'cpu')
    clips = seven_clips(recogniser)
    inputs = {key: value.numpy() for key, value in named_tensors(clips).items()}
    for key, axes in done.inputs.items():
        assert axes == ('N', *inputs[key].shape[1:])
    got = run(tmp_path / 'a.onnx', inputs)
    tested = np.stack(recogniser.forward(pseudo_collate(clips)))
    logits = np.log(tested)  # up to a constant
    spread = got - got.mean(1, keepdims=True), logits - logits.mean(1, keepdims=True)
    error, between_clips = np.abs(spread[0] - spread[1]).max(), np.ptp(got, 0).max()
    assert between_clips > .02 * np.abs(got).max()  # the clips matter
    assert error <= 2 * TOLERANCE * np.abs(spread[1]).max() and error < .01 * between_clips
    assert np.array_equal(run(tmp_path / 'a.onnx', {k: v[2:3] for k, v in inputs.items()}).argmax(1), tested[2:3].argmax(1))


@pytest.mark.parametrize('name, options', [('stcnet/stcnet_ntu60_3d.py', NARROW),
                                           ('custom/stcnet_custom.py', dict(FLAT, fit_to_data=False))])
def test_a_network_whose_links_depend_on_rounding(name, options, tmp_path):
    options = dict(options, **{'model.backbone.num_stages': 5, 'model.cls_head.in_channels': 16})
    config, weights = trained(load_config(name, fit=False, cfg_options=options), tmp_path)
    assert export(config, weights, tmp_path / 'a.onnx').difference <= 1e-2
    recogniser = SkeletonInferencer(str(config), weights, 'cpu')
    clips = seven_clips(recogniser)
    got = run(tmp_path / 'a.onnx', {key: value.numpy() for key, value in named_tensors(clips).items()})
    logits = np.log(np.stack(recogniser.forward(pseudo_collate(clips))))
    error = np.abs((got - got.mean(1, keepdims=True)) - (logits - logits.mean(1, keepdims=True)))
    assert np.median(error) < 1e-4 * np.abs(got).max() and error.max() < .05 * np.abs(got).max()


def test_a_file_says_what_it_is(tmp_path):
    name, options = SHALLOW
    config, weights = trained(load_config(name, fit=False, cfg_options=options), tmp_path)
    assert cli.main(['export', str(config), str(weights), str(tmp_path / 'new' / 'a.onnx'), '--stream', 'bone',
                     '--clip-len', '20']) == 0
    about = said(tmp_path / 'new' / 'a.onnx')
    assert (about['clip_len'], about['config_clip_len'], about['persons']) == ('20', '64', '1')
    assert (about['stream'], about['layout'], about['backbone']) == ('bone', 'coco17', 'HDGCN')
    assert json.loads(about['class_names']) == ['action 0', 'action 1'] and json.loads(about['joints'])[0] == 'nose'
    assert json.loads(about['encoder'])['with_score'] is True and about['average_clips'] == 'prob'
    assert [step['type'] for step in json.loads(about['test_pipeline'])][1] == 'RangeNormalize'
    assert str(tmp_path) not in ''.join(about.values())
    model = onnx.load(tmp_path / 'new' / 'a.onnx')
    assert model.producer_name == 'mmskel' and [o.version for o in model.opset_import if not o.domain] == [17]


def test_nothing_but_the_result_on_the_screen(tmp_path):
    name, options = SHALLOW
    config, weights = trained(load_config(name, fit=False, cfg_options=options), tmp_path)
    command = [sys.executable, '-m', 'mmskel', 'export', str(config), str(weights), str(tmp_path / 'a.onnx')]
    env = dict(os.environ, PYTHONPATH=str(ROOT))
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and done.stderr == '', done.stderr
    assert re.fullmatch(r'wrote .*a\.onnx, \d\.\d MB\n  inputs: keypoint \(N, 1, 64, 17, 2\), score \(N, 1, 64, 17\)\n'
                        r'  output: logits \(N, 2\)\n  largest difference from PyTorch: \S+ of the largest score\n',
                        done.stdout), done.stdout


@pytest.mark.parametrize('base, backbone', [
    ('stgcn/stgcn_8xb16-joint-u100-80e_ntu60-xsub-keypoint-2d.py', 'STGCN'),
    ('stgcn/stgcn_8xb16-bone-u100-80e_ntu60-xsub-keypoint-3d.py', 'STGCN'),
    ('2s-agcn/2s-agcn_8xb16-joint-u100-80e_ntu60-xsub-keypoint-3d.py', 'AAGCN'),
])
def test_configs_of_mmaction2(base, backbone, tmp_path):
    (tmp_path / 'stock.py').write_text(
        f"_base_ = 'mmaction::skeleton/{base}'\nmodel = dict(backbone=dict(base_channels=16), cls_head=dict(in_channels=64))\n"
        "custom_imports = dict(imports=['mmskel'])\n")
    config, weights = trained(Config.fromfile(tmp_path / 'stock.py'), tmp_path)
    done = export(config, weights, tmp_path / 'a.onnx')
    assert done.inputs == {'keypoint': ('N', 2, 100, 17 if '2d' in base else 25, 3)} and done.difference <= TOLERANCE
    about = said(tmp_path / 'a.onnx')
    assert about['backbone'] == backbone and about['layout'] in ('coco17', 'ntu25') and 'stream' not in about


class TwoViews(StreamEncoder):
    """As PoseC3D's: the clip and its mirror image."""

    def encode(self, batch, samples=()):
        keypoint = batch['keypoint']
        return torch.cat([keypoint, keypoint * keypoint.new_tensor([-1., 1., 1.])], 1)


class Constant(StreamEncoder):
    """What a trace takes for a constant is none."""

    def encode(self, batch, samples=()):
        keypoint = batch['keypoint']
        return keypoint / float(keypoint.abs().mean().numpy())


class Pieces(StreamEncoder):
    """Goes through a batch in pieces, whose number becomes that of the example."""

    def encode(self, batch, samples=()):
        keypoint = batch['keypoint']
        keypoint = torch.cat([part * 2 for part in keypoint.flatten(0, 1).split(2)]) if not torch.compiler.is_compiling() \
            else keypoint.flatten(0, 1) * 2
        return keypoint[:, None]


class Sigmoid(GCNHead):
    """Its scores are not a softmax of what its forward gives."""

    def average_clip(self, cls_scores, num_segs=1):
        return cls_scores.sigmoid()


@pytest.fixture
def with_parts(tmp_path, monkeypatch):
    """A small ST-GCN with parts of this file."""
    def make(encoder=StreamEncoder, num_stages=10, **head):
        for part in (encoder, Sigmoid):
            monkeypatch.setitem(MODELS.module_dict, part.__name__, part)
        cfg = load_config('stgcn/stgcn_ntu60_3d.py', cfg_options=dict(NARROW, **{'model.data_preprocessor.type': encoder.__name__}))
        cfg.model.backbone.num_stages = num_stages
        cfg.model.cls_head.update(head, in_channels=32 if num_stages == 10 else 8)
        return trained(cfg, tmp_path)
    return make


@pytest.mark.parametrize('average', ['prob', 'score'])
def test_views_are_averaged_as_in_a_test(average, with_parts, tmp_path):
    config, weights = with_parts(TwoViews, average_clips=average)
    export(config, weights, tmp_path / 'a.onnx')
    recogniser = SkeletonInferencer(str(config), weights, 'cpu')
    clips = seven_clips(recogniser)
    got = run(tmp_path / 'a.onnx', {key: value.numpy() for key, value in named_tensors(clips).items()})
    tested = np.stack(recogniser.forward(pseudo_collate(clips)))
    assert got.shape == (7, 60) and np.abs(torch.from_numpy(got).softmax(1).numpy() - tested).max() < 1e-5


@pytest.mark.parametrize('parts, message', [
    (dict(encoder=Constant, num_stages=1), r"'.*a\.onnx' was not written\. PyTorch's TorchScript exporter: ONNX Runtime's "
     r"scores differ from PyTorch's by up to \d\.\de-0[123] of the largest score; 1e-04 is allowed. Its exporter on .*: "),
    (dict(type='Sigmoid'), 'encoder, backbone and head, called one after another, do not give the probabilities of a test'),
])
def test_what_disagrees_leaves_no_file(parts, message, with_parts, tmp_path, capsys):
    config, weights = with_parts(**parts)
    (tmp_path / 'a.onnx').write_text('an older file')
    before = set(tmp_path.iterdir())
    assert cli.main(['export', str(config), str(weights), str(tmp_path / 'a.onnx')]) == 1
    assert re.search(message, capsys.readouterr().err)
    assert set(tmp_path.iterdir()) == before and (tmp_path / 'a.onnx').read_text() == 'an older file'


def test_the_other_exporter_is_asked_where_one_fails(with_parts, tmp_path, monkeypatch, capsys):
    config, weights = with_parts(Pieces, num_stages=1)
    done = export(config, weights, tmp_path / 'a.onnx')
    assert done.inputs == {'keypoint': ('N', 2, 100, 25, 3)} and done.outputs == {'logits': ('N', 60)}
    assert done.difference <= TOLERANCE
    assert [one.version for one in onnx.load(tmp_path / 'a.onnx').opset_import if not one.domain] == [18]
    printed = capsys.readouterr()
    assert not printed.out and not printed.err
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name, *more: None if name == 'onnxscript' else real(name, *more))
    assert cli.main(['export', str(config), str(weights), str(tmp_path / 'b.onnx')]) == 1
    assert re.search(r'ONNX Runtime cannot run the network with 4 clips.*needs the package onnxscript', capsys.readouterr().err)


def test_bad_input(tmp_path, capsys, monkeypatch):
    config, weights = trained(load_config('stgcn/stgcn_ntu60_2d.py', cfg_options=NARROW), tmp_path)
    torch.save(dict(state_dict=dict(nothing=torch.zeros(1))), tmp_path / 'other.pth')
    state = torch.load(weights, weights_only=True)['state_dict']
    state['cls_head.fc.bias'][3] = torch.nan
    torch.save(dict(state_dict=state), tmp_path / 'nan.pth')
    (tmp_path / 'file').write_text('')
    (tmp_path / 'folder.onnx').mkdir()
    for name in ('endless', 'flat'):
        cfg = Config.fromfile(config)
        cfg.test_dataloader.dataset.pipeline = [dict(type='PackSkeleton')] if name == 'endless' else [
            dict(type='RandomRotation3D', degrees=(1, 1, 1)), dict(type='AlignBody3D', layout='ntu25')]
        cfg.dump(tmp_path / f'{name}.py')
    good, checkpoint, out = str(config), str(weights), str(tmp_path / 'a.onnx')
    for words, message in (
        ([good, str(tmp_path / 'lost.pth'), out], f"there is no checkpoint '{tmp_path}/lost.pth'"),
        ([good, str(tmp_path / 'other.pth'), out], 'is a checkpoint of another model'),
        ([good, str(tmp_path / 'nan.pth'), out], r"nan\.pth': tensor 'cls_head.fc.bias' holds NaN"),
        ([good, checkpoint, str(tmp_path / 'a.pt')], r"a\.pt': the file to write must end in \.onnx"),
        ([good, checkpoint, str(tmp_path / 'folder.onnx')], 'is a folder; name a file'),
        ([good, checkpoint, str(tmp_path / 'file' / 'a.onnx')], r"file/a\.onnx' cannot be written: .*file'"),
        (['lost.py', checkpoint, out], "there is no config 'lost.py'"),
        (['custom/stgcn_custom.py', checkpoint, out], 'give the config in the work dir'),
        ([good, checkpoint, out, '--stream', 'smell'], "has no stream 'smell'"),
        ([good, checkpoint, out, '--clip-len', '0'], 'at least 1 frame, not 0'),
        ([good, checkpoint, out, '--persons', '0'], 'at least 1 person, not 0'),
        ([good, checkpoint, out, '--persons', '5'], '5 persons were requested, but the test pipeline makes 2'),
        ([str(tmp_path / 'endless.py'), checkpoint, out, '--clip-len', '8'], 'no step of the test pipeline has a clip length'),
        ([str(tmp_path / 'flat.py'), checkpoint, out], r'take no clips\. 2-D clips with scores: clip .* AlignBody3D needs 3 '
         '.*; 3-D clips without scores: '),
    ):
        assert cli.main(['export', *words]) == 1, words
        printed = capsys.readouterr().err.strip().splitlines()
        assert len(printed) == 1 and re.search(message, printed[0]), printed
    for package in ('onnx', 'onnxruntime'):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, package, None)
            assert cli.main(['export', good, checkpoint, out]) == 1
        printed = capsys.readouterr().err
        assert f'{package}' in printed and 'pip install onnx onnxruntime' in printed and printed.count('\n') == 1
    assert not Path(out).exists() and not list(tmp_path.glob('.*'))


def test_the_documented_program_needs_no_torch_and_gives_the_same_answer(tmp_path):
    name, options = SHALLOW
    config, weights = trained(load_config(name, fit=False, cfg_options=options), tmp_path)
    export(config, weights, tmp_path / 'mine.onnx')
    recogniser = SkeletonInferencer(str(config), weights, 'cpu')
    clip = made_up_clip('coco17', 2, True, 2, seed=2)
    np.save(tmp_path / 'clip.npy', np.concatenate([clip.keypoint, clip.score[..., None]], -1))
    text = (ROOT / 'docs' / 'export.md').read_text()
    program = next(block for block in re.findall(r'```python\n(.*?)```', text, re.S) if 'onnxruntime' in block)
    assert program.count('\n') <= 33
    blocked = f'import sys\nfor name in ("torch", "mmskel", "onnx"):\n    sys.modules[name] = None\n{program}'
    done = subprocess.run([sys.executable, '-c', blocked], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and not done.stderr, done.stderr
    expected = recogniser.predict(clip).tracks[0].scores[0]
    assert done.stdout.splitlines() == [f'action {k}: {expected[k]:.3f}' for k in expected.argsort()[::-1]]
