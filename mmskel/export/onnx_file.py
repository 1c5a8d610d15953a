"""A trained recogniser as one ONNX file, from joints to class scores: what ``mmskel export`` does.

The file holds the encoder, the network and the head, so running it needs neither mmskel nor PyTorch. A file is
kept only if ONNX Runtime computes the same as PyTorch, on clips and numbers of clips that were not examples.
"""
from __future__ import annotations

import importlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from torch import Tensor, nn

from mmskel.apis.inferencer import SkeletonInferencer
from mmskel.configuration import ConfigError, dataset_of, load_config, places_of, set_knob
from mmskel.export.exporters import TRACED, ExportError, captured, traced
from mmskel.export.sample_inputs import NAMES, made_up_samples, named_tensors
from mmskel.files.atomic import atomic_path, output_path
from mmskel.files.errors import UserError
from mmskel.models.encoders import SkeletonEncoder
from mmskel.models.recognizers import average_views, network_output
from mmskel.skeleton import get_layout
from mmskel.version import __version__

TOLERANCE = 1e-4  # largest difference from PyTorch, as a share of the largest score
_PACKAGES = ('onnx', 'onnxruntime')


@dataclass(frozen=True)
class Exported:
    """An exported file.

    Attributes:
        path: Path of the file.
        inputs: Name -> axes, ``'N'`` for the number of clips.
        outputs: Outputs, described as ``inputs`` are.
        difference: Largest difference between ONNX Runtime and PyTorch, as a share of the largest score.
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
        recognizer: Recogniser of MMAction2, ours or its own. Its data preprocessor, if it is an encoder, gets the
            stacked tensors that the test pipeline packs, (N, 1, M, T, V, C); for a stock pipeline with a stock
            preprocessor, ``keypoint`` is the network's input.
        names: Names of the inputs, in order.
        sample: Data sample of the test pipeline, for its other facts: the image's size, mirrored views.
    """

    def __init__(self, recognizer: nn.Module, names: Sequence[str], sample: Any = None):
        super().__init__()
        self.recognizer, self.sample = recognizer, sample
        self.names = [{name: key for key, name in NAMES.items()}.get(name, name) for name in names]

    def forward(self, *inputs: Tensor) -> Tensor:
        """(N, M, T, V, C), ... -> (N, K). For several views that the encoder makes of a clip, the average that the head
        takes in a test; as logits, whose softmax it is."""
        packed = {name: tensor[:, None] for name, tensor in zip(self.names, inputs)}
        model, encoder = self.recognizer, self.recognizer.data_preprocessor
        encoded = encoder(dict(inputs=packed, data_samples=[self.sample]))['inputs'] \
            if isinstance(encoder, SkeletonEncoder) else packed['keypoint']
        rows = network_output(model, encoded)
        views = rows.shape[0] // inputs[0].shape[0]
        if views == 1:
            return rows
        average = model.cls_head.average_clips
        scores = average_views(rows.unflatten(0, (-1, views)), average)
        return scores.logits if average == 'score' else scores.probability.log()


def export(config: str | Path | Config, checkpoint: str | Path, out: str | Path, *, stream: str | None = None,
           clip_len: int | None = None, persons: int | None = None,
           cfg_options: Mapping[str, Any] | None = None) -> Exported:
    """Writes a recogniser as an ONNX file, and compares it with PyTorch first.

    Args:
        config: Config that the checkpoint was trained with: the one in the work dir; or a config that was loaded, to
            which ``stream`` and ``cfg_options`` no longer apply. Of several views of a clip, one is exported.
        checkpoint: Weights, ``.pth``.
        out: File to write, ``.onnx``. It is complete and correct, or does not exist.
        stream: Stream, see :func:`~mmskel.configuration.load_config`.
        clip_len: Number of frames T, instead of the test pipeline's.
        persons: Number of persons M, for networks that take any; default: the number that the test pipeline makes of
            two.
        cfg_options: Dotted keys and values that override the config.

    Returns:
        The exported file. All axes except N are fixed. Metadata: see docs/export.md.

    Raises:
        ConfigError: A config or checkpoint that cannot be used, or that has no such stream, clip length or persons.
        ExportError: A suffix or path that cannot be written; an operator that ONNX lacks; a difference above 1e-4
            (1e-2 for networks whose backbone sets ``onnx_tolerance``).
        ImportError: onnx or onnxruntime is not installed.
    """
    _require_packages()
    out = Path(out)
    _check_place(out)
    if isinstance(config, Config):
        if stream or cfg_options:
            raise ConfigError('stream and cfg_options are arguments of load_config; this config is loaded already')
        output_path(out, checkpoint)
        cfg, config = config, config.filename or ''
    else:
        output_path(out, config, checkpoint)
        cfg = load_config(str(config), stream=stream, fit=False, cfg_options=cfg_options)
    usual = _set_clip_length(cfg, clip_len)
    recogniser = SkeletonInferencer(cfg, checkpoint, 'cpu')
    samples = made_up_samples(recogniser, persons)
    inputs = named_tensors(samples)
    frames = inputs['keypoint'].shape[2]
    if clip_len not in (None, frames):
        raise ConfigError(f'clips of {clip_len} frames were requested, but the test pipeline makes {frames} frames')
    network = EndToEnd(recogniser.model, list(inputs), samples[0].get('data_samples')).eval()
    with torch.no_grad():
        expected = network(*inputs.values()).numpy()
    if not np.isfinite(expected).all():
        raise ExportError(f"the scores of '{checkpoint}' are not finite even in PyTorch")
    _compare_with_test(recogniser, samples, expected)
    about = _metadata(recogniser, config, checkpoint, inputs, usual)
    # a network that chooses nearest neighbours may choose others if ONNX Runtime rounds differently, and says so
    allowed = getattr(getattr(recogniser.model, 'backbone', None), 'onnx_tolerance', TOLERANCE)
    try:
        return _write(traced(network, inputs), out, about, inputs, expected, allowed)
    except ExportError as first:
        try:
            return _write(captured(network, inputs), out, about, inputs, expected, allowed)
        except ExportError as second:
            raise ExportError(f"'{out}' was not written. PyTorch's TorchScript exporter: {first}. Its exporter on "
                              f'torch.export: {second}') from second


def _write(model, out: Path, about: Mapping[str, str], inputs: Mapping[str, Tensor], expected: np.ndarray,
           allowed: float) -> Exported:
    """Writes an ONNX model, if it computes what is expected, up to ``allowed`` of the largest score."""
    import onnx
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_value = expected.shape[1]  # not always inferred
    model.producer_name, model.producer_version = 'mmskel', __version__
    onnx.helper.set_model_props(model, about)
    onnx.checker.check_model(model)
    with atomic_path(out) as temporary:
        onnx.save(model, temporary)
        difference = _difference(temporary, inputs, expected)
        if not difference <= allowed:
            raise ExportError(f"ONNX Runtime's scores differ from PyTorch's by up to {difference:.1e} of the largest "
                              f'score; {allowed:.0e} is allowed')
    return Exported(out, {one.name: _axes(one) for one in model.graph.input},
                    {one.name: _axes(one) for one in model.graph.output}, difference)


def _require_packages() -> None:
    try:
        for name in _PACKAGES:
            importlib.import_module(name)
    except ImportError as error:
        raise UserError(f"an export needs {' and '.join(_PACKAGES)} ({error}): pip install {' '.join(_PACKAGES)}, or "
                          "install mmskel with the extra 'export'") from error


def _check_place(out: Path) -> None:
    if out.suffix.lower() != '.onnx':
        raise ExportError(f"'{out}': the file to write must end in .onnx")
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
    """Sets the knob ``clip_len``; returns the config's own length, None if no step of the test pipeline has one."""
    if clip_len is not None and clip_len < 1:
        raise ConfigError(f'a clip must have at least 1 frame, not {clip_len}')
    steps = (dataset_of(cfg, 'test_dataloader') or {}).get('pipeline', ())
    places = [place for place in places_of(cfg, 'clip_len') if any(place.config is step for step in steps)]
    usual = places[-1].config.get(places[-1].key) if places else None
    if clip_len is not None:
        if not places:
            raise ConfigError(f"'{cfg.filename}': no step of the test pipeline has a clip length to set")
        set_knob(cfg, 'clip_len', clip_len)
    return usual


def _compare_with_test(recogniser: SkeletonInferencer, samples: Sequence[dict[str, Any]], logits: np.ndarray) -> None:
    """Checks that the exported function is the one that a test computes, down to the probabilities."""
    tested = recogniser.forward(pseudo_collate(list(samples)))
    probability = torch.from_numpy(logits).softmax(1).numpy()
    if logits.shape != tested.shape or not np.abs(probability - tested).max() <= TOLERANCE:
        model = recogniser.model
        raise ExportError(f'{type(model).__name__} cannot be exported: encoder, backbone and head, called '
                          'one after another, do not give the probabilities of a test')


def _difference(path: Path, inputs: Mapping[str, Tensor], expected: np.ndarray) -> float:
    """The largest difference for all clips at once and for the last one alone, as a share of the largest score."""
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # errors are raised, too
    differences = []
    for clips in (slice(None), slice(-1, None)):
        try:
            session = onnxruntime.InferenceSession(str(path), options, providers=['CPUExecutionProvider'])
            given = {one.name: inputs[one.name][clips].numpy() for one in session.get_inputs()}
            scores = session.run(['logits'], given)[0]
        except Exception as error:  # ONNX Runtime's errors have no common class
            raise ExportError(f'ONNX Runtime cannot run the network with {len(expected[clips])} clips; '
                              f'the example had {TRACED}: {str(error).splitlines()[0]}') from error
        if scores.shape != expected[clips].shape:
            raise ExportError(f'ONNX Runtime gives scores {scores.shape} of {len(expected[clips])} clips; expected '
                              f'{expected[clips].shape}')
        differences.append(np.abs(scores - expected[clips]).max() / np.abs(expected).max())
    return float(np.max(differences))


def _metadata(recogniser: SkeletonInferencer, config: str | Path, checkpoint: str | Path,
              inputs: Mapping[str, Tensor], usual: int | None) -> dict[str, str]:
    """The metadata of the file, all as text; lists and tables as JSON."""
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
