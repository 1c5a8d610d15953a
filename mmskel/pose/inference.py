"""Networks of mmdet and mmpose prepared for inference: the same results, faster. The gain of each step was measured,
see "Speed" in docs/pose.md."""
from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, pairwise
from queue import SimpleQueue
from threading import Barrier
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.fusion import fuse_conv_bn_eval

from mmskel.compat.channel_shuffle import keep_layout_in_shuffles

MAX_WORKERS = 4  # parallel batches; with more cores each has several


def prepare(model: nn.Module, sample: Callable[[], dict[str, Any]]) -> None:
    """Prepares a model that already has its weights.

    Args:
        model: A model of mmdet or mmpose in evaluation mode; changed in place.
        sample: Function that makes a batch to try it with, a new one on each call.
    """
    fuse_convolutions(model)
    if _on_cpu(model):
        use_channels_last(model, sample)
        trace_backbone(model, sample)
        _keep_freed_memory()


class BatchRunner:
    """A model and its pipeline over many samples, on a CPU several batches side by side.

    Small networks keep the cores busier with a batch per core than with all cores on one batch, and making a batch and
    reading its results then hold nobody up. Every thread has a model of its own, with the same tensors, so that
    nothing that a model or a transform stores on itself is shared.

    Args:
        model: Model in evaluation mode, with its weights.
        pipeline: Pipeline that makes a sample of an input.
        batch: Function of (inputs, pipeline) that makes the argument of ``model.test_step``.
        batch_size: Maximum number of samples per pass; default: see :func:`batch_size_for`.
    """

    def __init__(self, model: nn.Module, pipeline: Callable, batch: Callable[[Sequence, Callable], dict],
                 batch_size: int | None = None):
        self.model, self.pipeline, self.batch = model, pipeline, batch
        self.batch_size = batch_size or batch_size_for(model)
        self._threads, self._pool, self._idle = 0, None, SimpleQueue()

    def __call__(self, inputs: Sequence) -> list:
        """The results of all inputs, in their order."""
        if not len(inputs):
            return []
        workers = self._start()
        passes = -(-len(inputs) // self.batch_size)
        passes = min(-(-passes // workers) * workers, len(inputs))  # evenly over the workers
        borders = [len(inputs) * i // passes for i in range(passes + 1)]
        parts = [inputs[start:end] for start, end in pairwise(borders)]
        found = map(self._run, parts) if workers == 1 else self._pool.map(self._run, parts)
        return list(chain.from_iterable(found))

    def _run(self, inputs: Sequence) -> list:
        model, pipeline = self._idle.get()
        try:
            with torch.inference_mode():
                return model.test_step(self.batch(inputs, pipeline))
        finally:
            self._idle.put((model, pipeline))

    def _start(self) -> int:
        """Starts as many threads as PyTorch's number of threads allows; returns their number."""
        threads = torch.get_num_threads() if _on_cpu(self.model) else 1
        workers = min(threads, MAX_WORKERS)
        if threads != self._threads:
            self._threads, self._idle = threads, SimpleQueue()
            self._idle.put((self.model, self.pipeline))
            tensors = {id(t): t for t in chain(self.model.parameters(), self.model.buffers())}
            for _ in range(workers - 1):
                self._idle.put((copy.deepcopy(self.model, dict(tensors)), copy.deepcopy(self.pipeline)))
            if workers > 1:
                self._pool = ThreadPoolExecutor(workers)
                ready = Barrier(workers + 1)

                def begin():
                    torch.set_num_threads(threads // workers)  # of the calling thread
                    ready.wait()

                for _ in range(workers):
                    self._pool.submit(begin)
                ready.wait()
                torch.set_num_threads(threads)  # the initial value of other threads
        return workers


def batch_size_for(model: nn.Module) -> int:
    """The number of images per pass: on a CPU what its caches hold, on a GPU what keeps it busy."""
    return 8 if _on_cpu(model) else 32


def _on_cpu(model: nn.Module) -> bool:
    return next(model.parameters()).device.type == 'cpu'


def _keep_freed_memory() -> None:
    """Lets glibc keep the memory that a pass frees for the next one.

    Otherwise it returns the top of the heap to the system after each pass, and the next one has it mapped in again,
    page by page. It adapts when a large block is freed, up to 32 MiB; this one is never written to, so it costs
    nothing. Other C libraries are not affected.
    """
    np.empty(31 << 20, np.uint8)


def noise_picture() -> np.ndarray:
    """(256, 256, 3) uint8, the same on every call: an image with all colours to try models on."""
    return np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)


def fuse_convolutions(model: nn.Module) -> int:
    """Folds batch normalisation into the preceding convolution, where the code leaves no doubt which one that is.

    That is so in mmcv's ``ConvModule`` and in ``nn.Sequential``. mmcv's own ``fuse_conv_bn`` goes by the order of
    attributes instead, and breaks convolutions that several normalisations share (RTMDet's heads).

    Returns:
        The number of layers that were folded.
    """
    from mmcv.cnn import ConvModule
    fused = 0
    for module in model.modules():
        pairs = []
        if type(module) is ConvModule and module.with_norm and 'conv norm' in ' '.join(module.order) \
                and getattr(module, 'efficient_conv_bn_eval_forward', None) is None:  # otherwise it fuses by itself
            pairs = [('conv', module.norm_name)]
        elif type(module) is nn.Sequential:
            names = list(module._modules)
            pairs = list(zip(names, names[1:]))
        for first, second in pairs:
            conv, norm = getattr(module, first), getattr(module, second)
            if type(conv) is nn.Conv2d and isinstance(norm, _BatchNorm) and _plain(conv) and _plain(norm):
                setattr(module, first, fuse_conv_bn_eval(conv, norm))  # a new one: others may share the old
                setattr(module, second, nn.Identity())
                fused += 1
    return fused


def _plain(module: nn.Module) -> bool:
    """Whether it is in evaluation mode, with statistics and without hooks (spectral normalisation is one)."""
    return not (module.training or module._forward_hooks or module._forward_pre_hooks) \
        and getattr(module, 'track_running_stats', True)


def use_channels_last(model: nn.Module, sample: Callable[[], dict[str, Any]], tolerance: float = 1e-3) -> bool:
    """Stores the weights channels-last, which a CPU convolves faster; undone if results change.

    PyTorch's own operators give the same results in any layout, but a model may also look at its memory as if the
    channels came first (``view``, compiled operators that do not check).

    Args:
        model: Model to change.
        sample: Function that makes a batch to try it with.
        tolerance: Largest change of a network output allowed, relative to its largest value.

    Returns:
        Whether the layout was kept.
    """
    try:
        before = _outputs(model, sample)
        model.to(memory_format=torch.channels_last)
        keep_layout_in_shuffles(model)
        after = _outputs(model, sample)
        with torch.inference_mode():
            model.test_step(sample())
        same = len(before) == len(after) > 0 and all(_close(a, b, tolerance) for a, b in zip(before, after))
    except Exception:  # whatever such a model raises, it runs unchanged
        same = False
    if not same:
        model.to(memory_format=torch.contiguous_format)
    return same


def trace_backbone(model: nn.Module, sample: Callable[[], dict[str, Any]], tolerance: float = 1e-3) -> bool:
    """Lets the backbone run as a recorded graph, without Python between its hundreds of operators.

    The graph serves images of the size it was recorded with; others go through the backbone as it was, and so do all
    if results change or the graph fixed the number of images.

    Args:
        model: Model to change.
        sample: Function that makes a batch to record with.
        tolerance: Largest change of a backbone output allowed, relative to its largest value.

    Returns:
        Whether there is a graph.
    """
    backbone, seen = model.backbone, []
    hook = backbone.register_forward_pre_hook(lambda module, inputs: seen.append(inputs))
    try:
        with torch.inference_mode():
            model(**model.data_preprocessor(sample(), False), mode='tensor')
        (images, ), = seen
        one = images[:1].clone()  # no tensor of the inference mode
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter('ignore')  # the recorder's, about constants in third-party code
            graph = torch.jit.freeze(torch.jit.trace(backbone, one, check_trace=False))
            same = all(_close(a, b, tolerance) for x in (one, torch.cat([one, one.flip(-1), one])) for a, b in
                       zip(_tensors(backbone(x)), _tensors(graph(x)), strict=True))
    except Exception:  # whatever such a model raises, it runs unchanged
        same = False
    finally:
        hook.remove()
    if same:
        plain, size = backbone.forward, one.shape[1:]
        backbone.forward = lambda x: graph(x) if x.shape[1:] == size else plain(x)
    return same


def _outputs(model: nn.Module, sample: Callable[[], dict[str, Any]]) -> list[Tensor]:
    """All tensors that the network gives, before any of them are picked."""
    with torch.inference_mode():
        return list(_tensors(model(**model.data_preprocessor(sample(), False), mode='tensor')))


def _tensors(tree: Any) -> Iterator[Tensor]:
    if isinstance(tree, Tensor):
        yield tree
    elif isinstance(tree, (list, tuple, dict)):
        for branch in tree.values() if isinstance(tree, dict) else tree:
            yield from _tensors(branch)


def _close(a: Tensor, b: Tensor, tolerance: float) -> bool:
    return a.shape == b.shape and not (a.numel() and (a - b).abs().max() > tolerance * a.abs().max())
