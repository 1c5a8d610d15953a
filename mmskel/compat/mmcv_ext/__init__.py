"""Stand-in for mmcv's compiled operators, in PyTorch alone (torchvision's kernels where they work).

Served under the name ``mmcv._ext`` when, and only when, no real one exists. Every function follows the
calling convention of the C++ binding: outputs are allocated by the caller and written in place; ``nms``,
``softnms``, ``nms_match`` and ``ms_deform_attn_forward`` return theirs. An operator without a
substitute is a function that raises ``NotImplementedError`` when called, because mmcv looks up all
of them when ``mmcv.ops`` is imported. Any device.
"""
from mmskel.compat.mmcv_ext.attention import ms_deform_attn_backward, ms_deform_attn_forward
from mmskel.compat.mmcv_ext.boxes import bbox_overlaps, nms, nms_match, softnms
from mmskel.compat.mmcv_ext.deform_conv import (
    deform_conv_backward_input,
    deform_conv_backward_parameters,
    deform_conv_forward,
    modulated_deform_conv_backward,
    modulated_deform_conv_forward,
)
from mmskel.compat.mmcv_ext.focal_loss import (
    sigmoid_focal_loss_backward,
    sigmoid_focal_loss_forward,
)
from mmskel.compat.mmcv_ext.roi_align import roi_align_backward, roi_align_forward

__all__ = [
    'bbox_overlaps', 'deform_conv_backward_input', 'deform_conv_backward_parameters',
    'deform_conv_forward', 'get_compiler_version', 'get_compiling_cuda_version',
    'modulated_deform_conv_backward', 'modulated_deform_conv_forward', 'ms_deform_attn_backward',
    'ms_deform_attn_forward', 'nms', 'nms_match', 'roi_align_backward', 'roi_align_forward',
    'sigmoid_focal_loss_backward', 'sigmoid_focal_loss_forward', 'softnms'
]


def get_compiler_version() -> str:
    """The compiler of mmcv's operators, for environment reports."""
    return 'none (PyTorch stand-in of mmskel)'


def get_compiling_cuda_version() -> str:
    """The CUDA version of mmcv's operators, for environment reports."""
    return 'none (PyTorch stand-in of mmskel)'


def __getattr__(name: str):
    if name.startswith('__'):
        raise AttributeError(name)

    def missing(*args, **kwargs):
        raise NotImplementedError(f'mmcv operator {name!r} has no PyTorch stand-in; '
                                  'install the full mmcv, compiled for your torch, to use it')

    return missing
