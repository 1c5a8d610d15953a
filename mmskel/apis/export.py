"""A trained recogniser as one ONNX file, from joints to class scores: what ``mmskel export`` does.

The file holds the encoder, the network and the head, so whoever runs it needs neither mmskel nor PyTorch. It is made by
PyTorch's TorchScript exporter: the newer one, built on ``torch.export``, takes forty times as long for HD-GCN (a minute
against 1.5 s for four blocks, PyTorch 2.13) and computes the same. What a trace may get wrong (a number of clips that
became a constant, neighbours that stay those of the example) is found out: a file is kept only if ONNX Runtime computes
from it what PyTorch computes, on clips and numbers of clips that were not traced.
"""
from __future__ import annotations

import importlib
import inspect
import io
import json
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from torch import Tensor, nn

from mmskel.apis.configuration import ConfigError, dataset_of, load_config
from mmskel.apis.inferencer import SkeletonInferencer
from mmskel.apis.sample_inputs import NAMES, made_up_samples, named_tensors
from mmskel.data.atomic import atomic_path
from mmskel.skeleton import get_layout
from mmskel.version import __version__

OPSET = 17  # the oldest with everything that is used, layer norm included
TOLERANCE = 1e-4  # largest difference from PyTorch, as a part of the largest score
_PACKAGES = ('onnx', 'onnxruntime')


class ExportError(ValueError):
    """A recogniser that does not become an ONNX file, or a file that would not compute what the recogniser computes."""


@dataclass(frozen=True)
class Exported:
    """A file that was written.

    Attributes:
        path: Where it is.
        inputs: Name -> axes, ``'N'`` for the number of clips.
        outputs: As ``inputs``.
        difference: The largest difference between ONNX Runtime and PyTorch, as a part of the largest score.
    """
    path: Path
    inputs: dict[str, tuple[int | str, ...]]
    outputs: dict[str, tuple[int | str, ...]]
    difference: float

    def __str__(self) -> str:
        def listed(axes: Mapping[str, tuple]) -> str:
            return ', '.join(f'{name} ({", ".join(map(str, shape))})' for name, shape in axes.items())
        return (f'wrote {self.path}, {self.path.stat().st_size / 1e6:.1f} MB\n  inputs: {listed(self.inputs)}\n  '
                f'output: {listed(self.outputs)}\n  largest difference from PyTorch: {self.difference:.1e} of the '
                'largest score')


class EndToEnd(nn.Module):
    """Encoder, backbone and head as one function of tensors: N clips in, (N, K) logits out.

    Args:
        recognizer: A recogniser of MMAction2, ours or its own. Its data preprocessor, if it is an encoder, gets the
            stacked tensors that the test pipeline packs, (N, 1, M, T, V, C); of a stock pipeline with a stock
            preprocessor, ``keypoint`` is what the network takes.
        names: Of the inputs, in order.
        sample: A data sample of the test pipeline, for what it says besides: the image's size, mirrored views.
    """

    def __init__(self, recognizer: nn.Module, names: Sequence[str], sample: Any = None):
        super().__init__()
        self.recognizer, self.sample = recognizer, sample
        self.names = [{name: key for key, name in NAMES.items()}.get(name, name) for name in names]

    def forward(self, *inputs: Tensor) -> Tensor:
        """(N, M, T, V, C), ... -> (N, K). Of several views that the encoder makes of a clip, the average that the head
        takes in a test; as logits, whose softmax it is."""
        packed = {name: tensor[:, None] for name, tensor in zip(self.names, inputs)}
        encoder = self.recognizer.data_preprocessor
        if hasattr(encoder, 'encode'):
            encoded = encoder(dict(inputs=packed, data_samples=[self.sample]))['inputs']
        else:
            encoded = packed['keypoint']
        scores = self.recognizer(encoded, mode='tensor', stage='head')
        views = int(scores.shape[0]) // int(inputs[0].shape[0])
        if views == 1:
            return scores
        scores = scores.reshape(-1, views, scores.shape[-1])
        if self.recognizer.cls_head.average_clips == 'score':
            return scores.mean(1)
        return scores.softmax(-1).mean(1).log()


def export(config: str | Path, checkpoint: str | Path, out: str | Path, *, stream: str | None = None,
           clip_len: int | None = None, persons: int | None = None,
           cfg_options: Mapping[str, Any] | None = None) -> Exported:
    """Writes a recogniser as an ONNX file, and compares it with PyTorch first.

    Args:
        config: The config that the checkpoint was trained with: the one in the work dir.
        checkpoint: Weights, ``.pth``.
        out: ``.onnx``. It is whole and right, or not there.
        stream: See :func:`~mmskel.apis.configuration.load_config`.
        clip_len: T, instead of the test pipeline's.
        persons: M, for networks that take any number; default: what the test pipeline makes of two persons.
        cfg_options: Dotted keys and values that override the config.

    Returns:
        What was written. The axes but N are fixed. Metadata: see docs/export.md.

    Raises:
        ConfigError: A config or checkpoint that cannot be used, or that has no such stream, clip length or persons.
        ExportError: A suffix or place that cannot be written; an operator that ONNX lacks; a difference above 1e-4.
        ImportError: onnx or onnxruntime is not installed.
    """
    onnx, onnxruntime = _import_packages()
    out = Path(out)
    _check_place(out)
    cfg = load_config(str(config), stream=stream, fit=False, cfg_options=cfg_options)
    usual = _set_clip_length(cfg, clip_len)
    recogniser = SkeletonInferencer(cfg, checkpoint, 'cpu')
    samples = made_up_samples(recogniser, persons)
    inputs = named_tensors(samples)
    frames = inputs['keypoint'].shape[2]
    if clip_len not in (None, frames):
        raise ConfigError(f'clips of {clip_len} frames were asked for, but the test pipeline makes {frames} frames')
    network = EndToEnd(recogniser.model, list(inputs), samples[0].get('data_samples')).eval()
    with torch.no_grad():
        expected = network(*inputs.values()).numpy()
    _compare_with_test(recogniser, samples, expected)
    model = onnx.load_model_from_string(_trace(network, inputs))
    model.producer_name, model.producer_version = 'mmskel', __version__
    onnx.helper.set_model_props(model, _metadata(recogniser, config, checkpoint, inputs, usual))
    onnx.checker.check_model(model)
    with atomic_path(out) as temporary:
        onnx.save(model, temporary)
        difference = _difference(onnxruntime, temporary, inputs, expected)
        if not difference <= TOLERANCE:
            raise ExportError(f"'{out}' was not written: ONNX Runtime's scores differ from PyTorch's by up to "
                              f'{difference:.1e} of the largest score, and {TOLERANCE:.0e} is allowed; please '
                              'report it with the config')
    return Exported(out, {one.name: _axes(one) for one in model.graph.input},
                    {one.name: _axes(one) for one in model.graph.output}, difference)


def _import_packages():
    try:
        return tuple(importlib.import_module(name) for name in _PACKAGES)
    except ImportError as error:
        raise ImportError(f"an export needs {' and '.join(_PACKAGES)} ({error}): pip install {' '.join(_PACKAGES)}, or "
                          "install mmskel with the extra 'export'") from error


def _check_place(out: Path) -> None:
    if out.suffix.lower() != '.onnx':
        raise ExportError(f"'{out}': the file to write ends in .onnx")
    if out.is_dir():
        raise ExportError(f"'{out}' is a folder; name a file to write, .onnx")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"'{out}' cannot be written: {error.strerror}: '{error.filename}'") from None
    if not os.access(out.parent, os.W_OK):
        raise ExportError(f"'{out}' cannot be written: no permission to write into '{out.parent}'")


def _axes(info) -> tuple[int | str, ...]:
    return tuple(axis.dim_param or axis.dim_value for axis in info.type.tensor_type.shape.dim)


def _set_clip_length(cfg, clip_len: int | None) -> int | None:
    """Writes ``clip_len`` into the steps of the test pipeline that have one; returns the config's own."""
    steps = (dataset_of(cfg, 'test_dataloader') or {}).get('pipeline', ())
    places = [(step, key) for step in steps for key in ('clip_len', 'length') if key in step]
    usual = places[-1][0][places[-1][1]] if places else None
    if clip_len is not None:
        if clip_len < 1:
            raise ConfigError(f'a clip has at least 1 frame, not {clip_len}')
        if not places:
            raise ConfigError(f"'{cfg.filename}': no step of the test pipeline has a clip length to set")
        for step, key in places:
            step[key] = clip_len
    return usual


def _compare_with_test(recogniser: SkeletonInferencer, samples: Sequence[dict[str, Any]], logits: np.ndarray) -> None:
    """The function that is exported must be the one that a test computes, down to the probabilities."""
    tested = np.stack(recogniser.forward(pseudo_collate(list(samples))))
    probability = torch.from_numpy(logits).softmax(1).numpy()
    if logits.shape != tested.shape or not np.abs(probability - tested).max() <= TOLERANCE:
        model = recogniser.model
        raise ExportError(f'{type(model).__name__} cannot be exported: encoder, backbone and head, called '
                          'one after the other, do not give the probabilities of a test')


def _trace(network: nn.Module, inputs: Mapping[str, Tensor]) -> bytes:
    names, file = list(inputs), io.BytesIO()
    # PyTorch below 2.5 has this exporter alone and no word to choose it
    chosen = {'dynamo': False} if 'dynamo' in inspect.signature(torch.onnx.export).parameters else {}
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter('ignore')  # on tracing and its future; what they fear is compared afterwards
        try:
            torch.onnx.export(network, tuple(tensor[:2] for tensor in inputs.values()), file, input_names=names,
                              output_names=['logits'], opset_version=OPSET,
                              dynamic_axes={name: {0: 'N'} for name in (*names, 'logits')}, **chosen)
        except (RuntimeError, ValueError, TypeError) as error:  # torch.onnx's own are RuntimeErrors
            raise ExportError('the network does not become an ONNX graph: '
                              f'{(str(error) or type(error).__name__).splitlines()[0]}') from error
    return file.getvalue()


def _difference(onnxruntime, path: Path, inputs: Mapping[str, Tensor], expected: np.ndarray) -> float:
    """The largest difference of all clips at once, and of the last alone, as a part of the largest score."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors
    session = onnxruntime.InferenceSession(str(path), options, providers=['CPUExecutionProvider'])
    differences = []
    for clips in (slice(None), slice(-1, None)):
        given = {one.name: inputs[one.name][clips].numpy() for one in session.get_inputs()}
        scores = session.run(['logits'], given)[0]
        if scores.shape != expected[clips].shape:
            raise ExportError(f'ONNX Runtime gives scores {scores.shape} of {len(expected[clips])} clips; expected '
                              f'{expected[clips].shape}')
        differences.append(np.abs(scores - expected[clips]).max() / np.abs(expected).max())
    return float(np.max(differences))


def _metadata(recogniser: SkeletonInferencer, config: str | Path, checkpoint: str | Path,
              inputs: Mapping[str, Tensor], usual: int | None) -> dict[str, str]:
    """What the file says about itself, all of it text; lists and tables as JSON."""
    model, cfg = recogniser.model, recogniser.cfg
    keypoint, layout = inputs['keypoint'], get_layout(recogniser.layout)
    dataset = dataset_of(cfg, 'test_dataloader') or {}
    encoder = dict(cfg.model.get('data_preprocessor') or {})
    said = dict(
        mmskel_version=__version__, config=Path(config).name, checkpoint=Path(checkpoint).name,
        recognizer=type(model).__name__, backbone=type(model.backbone).__name__,
        class_names=list(recogniser.class_names), layout=layout.name, joints=list(layout.joints),
        persons=keypoint.shape[1], clip_len=keypoint.shape[2], config_clip_len=usual, stream=encoder.get('stream'),
        encoder=encoder, test_pipeline=list(dataset.get('pipeline', ())),
        average_clips=getattr(model.cls_head, 'average_clips', None))
    return {key: value if isinstance(value, str) else json.dumps(value, default=str)
            for key, value in said.items() if value is not None}
