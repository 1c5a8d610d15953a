"""Time and memory of two ways to the same result, for the benchmarks beside this file."""
from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional


def forward(model: nn.Module, *inputs: Tensor) -> None:
    """One pass without gradients."""
    with torch.no_grad():
        model(*inputs)


def step(model: nn.Module, *inputs: Tensor, label: Tensor) -> None:
    """Forward pass, cross entropy, backward pass."""
    model.zero_grad()
    functional.cross_entropy(model(*inputs), label).backward()


def race(runs: Sequence[Callable[[], object]], rounds: int) -> list[list[float]]:
    """Milliseconds of every run in every round, after one round that is not timed.

    The runs take turns, so that whatever else the machine does hits all of them.
    """
    for run in runs:
        run()
    times: list[list[float]] = [[] for _ in runs]
    for _ in range(rounds):
        for taken, run in zip(times, runs):
            start = time.perf_counter()
            run()
            taken.append((time.perf_counter() - start) * 1e3)
    return times


def peak_bytes(run: Callable[[], object], model: nn.Module) -> int:
    """The largest sum of live allocations during one run, by PyTorch's own record.

    That is what autograd and the pass itself hold; parameters and their gradients, which are there before, do not
    count.
    """
    run()
    model.zero_grad(set_to_none=False)
    with torch.profiler.profile(profile_memory=True, activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        run()
    live = highest = 0
    for event in profile.profiler.kineto_results.events():
        if event.name() == '[memory]':
            live += event.nbytes()
            highest = max(highest, live)
    return highest


def compare(name: str, runs: dict[str, Callable[[], object]], models: Sequence[nn.Module], rounds: int) -> None:
    """Times two runs against each other and prints medians, quartiles, ratio and memory.

    Args:
        name: What is compared.
        runs: Two, by name; the second one is ours.
        models: Theirs and ours, whose gradients the runs leave.
        rounds: See :func:`race`.
    """
    times = race(list(runs.values()), rounds)
    report(name, list(runs), times, [peak_bytes(run, model) for run, model in zip(runs.values(), models)])


def report(name: str, labels: Sequence[str], times: Sequence[Sequence[float]], peaks: Sequence[int]) -> None:
    """Prints what :func:`compare` has found: of theirs and ours, milliseconds per round and bytes."""
    text = []
    for label, taken in zip(labels, times):
        low, middle, high = statistics.quantiles(taken, n=4)
        text.append(f'{label} {middle:.0f} [{low:.0f}, {high:.0f}]')
    ratio = statistics.median(times[0]) / statistics.median(times[1])
    theirs, ours = (peak / 2**20 for peak in peaks)
    print(f'{name:34s} {"   ".join(text)}   {ratio:.2f}x   peak memory {theirs:.0f} -> {ours:.0f} MiB '
          f'({ours / theirs:.2f})')
