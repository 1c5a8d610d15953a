"""Multi-scale deformable attention, by mmcv's own PyTorch function."""
from __future__ import annotations

from torch import Tensor

from mmskel.compat.mmcv_ext.gradient import add_gradients


def _attend(value: Tensor, shapes: Tensor, locations: Tensor, weights: Tensor) -> Tensor:
    # mmcv.ops imports this module's package while it is being imported itself.
    from mmcv.ops.multi_scale_deform_attn import multi_scale_deformable_attn_pytorch
    return multi_scale_deformable_attn_pytorch(value, shapes, locations, weights)


def ms_deform_attn_forward(value: Tensor, shapes: Tensor, level_starts: Tensor, locations: Tensor,
                           weights: Tensor, im2col_step: int) -> Tensor:
    """Attend to sampled points of several feature maps.

    Args:
        value: ``(N, sum of H*W, heads, C)`` features of all levels.
        shapes: ``(levels, 2)`` height and width of each level.
        level_starts: ``(levels,)``, implied by ``shapes``.
        locations: ``(N, queries, heads, levels, points, 2)`` in [0, 1].
        weights: ``(N, queries, heads, levels, points)``.
        im2col_step: Not needed here.

    Returns:
        ``(N, queries, heads * C)``.
    """
    return _attend(value, shapes, locations, weights)


def ms_deform_attn_backward(value: Tensor, shapes: Tensor, level_starts: Tensor,
                            locations: Tensor, weights: Tensor, grad_output: Tensor,
                            grad_value: Tensor, grad_locations: Tensor, grad_weights: Tensor,
                            im2col_step: int) -> None:
    """Write the gradients of :func:`ms_deform_attn_forward` into the last three tensors."""
    add_gradients(lambda v, p, w: _attend(v, shapes, p, w), (value, locations, weights),
                  grad_output, (grad_value, grad_locations, grad_weights))
