"""Many small nonlinear least-squares problems at once: Levenberg-Marquardt steps, each with a damping of its own."""
from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

_LEAST, _MOST = 1e-7, 1e8  # damping


class Local(NamedTuple):
    """The problem at one point.

    Args:
        loss: (B,) values.
        gradient: (B, n).
        curvature: (B, n, n) positive semidefinite.
    """
    loss: Tensor
    gradient: Tensor
    curvature: Tensor


def minimise(evaluate: Callable[[Tensor, Tensor], Local], start: Tensor, iterations: int = 40,
             tolerance: float = 1e-6) -> tuple[Tensor, Tensor]:
    """Minimises B independent problems of n unknowns; those that have converged leave the batch.

    Args:
        evaluate: Function: points (b, n), rows (b,) that they belong to -> the problems there.
        start: (B, n) first points.
        iterations: Largest number of steps.
        tolerance: Relative decrease of the loss below which a problem has converged.

    Returns:
        Points (B, n) and their losses (B,), never higher than at the start.
    """
    x, rows = start.clone(), torch.arange(len(start), device=start.device)
    at = evaluate(x, rows)
    best = at.loss.clone()
    damping = torch.full_like(best, 1e-3)
    for _ in range(iterations):
        diagonal = at.curvature.diagonal(dim1=1, dim2=2)
        extra = damping[rows, None] * diagonal + 1e-9 * (diagonal.mean(1, keepdim=True) + 1e-12)
        factor, failed = torch.linalg.cholesky_ex(at.curvature + torch.diag_embed(extra))
        step = -torch.cholesky_solve(at.gradient[..., None], factor)[..., 0]
        step = torch.where((failed > 0)[:, None] | ~step.isfinite().all(1, keepdim=True), torch.zeros_like(step), step)
        trial = evaluate(x[rows] + step, rows)
        better = trial.loss < at.loss
        gain = (at.loss - trial.loss) / at.loss.clamp(min=1e-12)
        x[rows[better]] += step[better]
        best[rows[better]] = trial.loss[better]
        damping[rows] = torch.where(better, damping[rows] / 10, damping[rows] * 8).clamp(_LEAST, _MOST)
        at = Local(*(torch.where(better.view(-1, *[1] * (new.ndim - 1)), new, old) for new, old in zip(trial, at)))
        going = torch.where(better, gain > tolerance, damping[rows] < 1e3)
        if not going.any():
            break
        rows, at = rows[going], Local(*(one[going] for one in at))
    return x, best
