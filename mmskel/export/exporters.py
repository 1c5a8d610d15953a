"""PyTorch's two ways to an ONNX graph, each with what it lacks, and quiet.

:func:`traced` runs a network once and notes the operators. It is quick (1.5 s for four blocks of HD-GCN, against a
minute of the other; PyTorch 2.13), but sizes that Python computed from a shape become those of the example.
:func:`captured` keeps sizes as symbols (``torch.export``). Neither is to be trusted before its graph was run.
"""
from __future__ import annotations

import importlib.util
import inspect
import io
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr

import torch
from torch import Tensor, nn

from mmskel.files.errors import UserError

OPSET = 17  # the oldest with everything that is used, layer norm included
OPSET_CAPTURED = 18  # the oldest that this exporter writes
TRACED = 2  # clips: one may be taken for no axis at all


class ExportError(UserError):
    """A recogniser that does not become an ONNX file, or a file that would not compute what the recogniser computes."""


def traced(network: nn.Module, inputs: Mapping[str, Tensor]):
    """The ONNX model of a network, by the TorchScript exporter.

    Args:
        network: Network in evaluation mode; called with the tensors in order.
        inputs: Name -> (N, ...), N at least 2.

    Returns:
        onnx.ModelProto, its output ``logits``, the first axes free.

    Raises:
        ExportError: An operator that the exporter does not know, for example.
    """
    file = io.BytesIO()
    # PyTorch below 2.5 has this exporter alone and no word to choose it
    chosen = {'dynamo': False} if 'dynamo' in inspect.signature(torch.onnx.export).parameters else {}
    with _quiet(), _truncation(), torch.no_grad():
        torch.onnx.export(network, _example(inputs), file, input_names=list(inputs), output_names=['logits'],
                          opset_version=OPSET, dynamic_axes={name: {0: 'N'} for name in (*inputs, 'logits')}, **chosen)
    return _tidy(file.getvalue())


def captured(network: nn.Module, inputs: Mapping[str, Tensor]):
    """The same by the exporter on top of ``torch.export``, which needs onnxscript and PyTorch 2.6.

    Gradients are enabled: without them, some layers of ours go through a batch in pieces.
    """
    if importlib.util.find_spec('onnxscript') is None:
        raise ExportError('needs the package onnxscript')
    if 'external_data' not in inspect.signature(torch.onnx.export).parameters:
        raise ExportError('needs PyTorch 2.6 or newer')
    axis = torch.export.Dim('N')
    with _quiet(), torch.enable_grad():
        program = torch.onnx.export(
            network, _example(inputs), None, input_names=list(inputs), output_names=['logits'], dynamo=True,
            opset_version=OPSET_CAPTURED, dynamic_shapes=(tuple({0: axis} for _ in inputs), ), external_data=False,
            verbose=False)
    return _tidy(program.model_proto.SerializeToString())


def _example(inputs: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
    return tuple(tensor[:TRACED] for tensor in inputs.values())


def _tidy(data: bytes):
    """Inputs that are not used left out, first axes called N."""
    import onnx
    model = onnx.load_model_from_string(data)
    graph = model.graph
    used = {name for node in graph.node for name in node.input}
    for spare in [one for one in graph.input if one.name not in used]:
        graph.input.remove(spare)
    for one in (*graph.input, *graph.output):
        one.type.tensor_type.shape.dim[0].dim_param = 'N'
    return model


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing on the screen, and any failure as one line: what is warned of is found out when the graph is run."""
    loggers = [(logger, logger.level) for logger in map(logging.getLogger, ('torch.onnx', 'onnxscript', 'onnx_ir'))]
    print_graphs = getattr(torch._C, '_jit_set_onnx_log_enabled', lambda on: None)  # a page of them upon a failure
    print_graphs(False)
    for logger, _ in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stderr(io.StringIO()):  # torch.export prints graphs there
            warnings.simplefilter('ignore')
            yield
    except Exception as error:  # PyTorch's have no class in common
        line = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ExportError(f'the network does not become an ONNX graph: {line}') from error
    finally:
        print_graphs(True)
        for logger, level in loggers:
            logger.setLevel(level)


@contextmanager
def _truncation() -> Iterator[None]:
    """``trunc``, which heatmaps need and the TorchScript exporter does not know: ONNX's casts to integers truncate."""
    from onnx import TensorProto

    def trunc(graph, x):
        return graph.op('Cast', graph.op('Cast', x, to_i=TensorProto.INT64), to_i=TensorProto.FLOAT)

    torch.onnx.register_custom_op_symbolic('aten::trunc', trunc, OPSET)
    try:
        yield
    finally:
        torch.onnx.unregister_custom_op_symbolic('aten::trunc', OPSET)
