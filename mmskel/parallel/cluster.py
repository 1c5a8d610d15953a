"""Work on a Ray cluster: an actor per worker, each with models of its own; what fails on the way is done again.

P. Moritz et al., "Ray: A Distributed Framework for Emerging AI Applications", OSDI 2018. Optional: ``mmskel[ray]``.
"""
from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from mmskel.files.errors import UserError

Item = TypeVar('Item')
Result = TypeVar('Result')
LOCAL = 'local'


class ClusterError(UserError):
    """A cluster that cannot be reached, or that has no worker left."""


@dataclass(frozen=True)
class Cluster:
    """The cluster and its workers.

    Args:
        head: Head of a running cluster, e.g. ``'auto'`` or ``'ray://head:10001'``; ``'local'``: a cluster of this
            machine alone, for as long as the work lasts.
        workers: Number of workers; default: as many as fit at the beginning.
        cpus, gpus: Share of a machine that a worker takes; workers with parts of a GPU share one.
        attempts: Number of times that an item is tried whose worker dies.

    Raises:
        UserError: A number that cannot be.
    """
    head: str = LOCAL
    workers: int | None = None
    cpus: float = 1
    gpus: float = 0
    attempts: int = 4

    def __post_init__(self):
        if self.workers is not None and self.workers < 1 or self.cpus <= 0 or self.gpus < 0 or self.attempts < 1:
            raise UserError(f'workers={self.workers}, cpus={self.cpus}, gpus={self.gpus}, attempts={self.attempts}; '
                            'expected positive numbers')

    def map(self, make: Callable[[], Callable[[Item], Result]], items: Sequence[Item]
            ) -> Iterator[tuple[Item, Result | None]]:
        """Results in the order in which they are ready.

        Args:
            make: Function that a worker calls once; it loads the models and returns the function for one item, which
                raises nothing but mistakes that end everything. Both travel to other machines.
            items: Things to work on.

        Yields:
            Item, and its result; None if every worker that tried it died.

        Raises:
            ClusterError: No Ray, no cluster, or no worker left.
        """
        ray = _ray()
        started = not ray.is_initialized()
        if started:
            self._connect(ray)
        try:
            yield from _Pool(ray, self, make, len(items)).map(items)
        finally:
            if started:
                ray.shutdown()

    def _connect(self, ray) -> None:
        try:
            if self.head == LOCAL:
                ray.init(include_dashboard=False, log_to_driver=False, configure_logging=False)
            else:
                ray.init(address=self.head, log_to_driver=False, configure_logging=False)
        except (ConnectionError, ValueError, RuntimeError, TimeoutError) as error:
            raise ClusterError(f"there is no Ray cluster at '{self.head}': {str(error)[:200]}") from None


def _ray():
    try:
        import ray
    except ImportError:
        raise ClusterError("work on a cluster needs Ray; install it with pip install 'mmskel[ray]'") from None
    return ray


class _Worker:
    """An actor: builds its function when it starts, and again wherever Ray starts it once more."""

    def __init__(self, make: Callable[[], Callable[[Any], Any]], threads: int):
        import torch
        torch.set_num_threads(threads)
        self.work = make()

    def do(self, item: Any) -> Any:
        return self.work(item)


class _Pool:
    """Workers with one item each; the item of a dead worker goes to another."""

    def __init__(self, ray, cluster: Cluster, make: Callable[[], Callable], count: int):
        self.ray, self.attempts = ray, cluster.attempts
        resources = ray.cluster_resources()
        fits = int(resources.get('CPU', 0) // cluster.cpus)
        if cluster.gpus:
            fits = min(fits, int(resources.get('GPU', 0) / cluster.gpus))
        if not fits:
            raise ClusterError(f'no worker fits: one takes {cluster.cpus:g} CPUs and {cluster.gpus:g} GPUs, the '
                               f"cluster has {resources.get('CPU', 0):g} and {resources.get('GPU', 0):g}")
        actor = ray.remote(num_cpus=cluster.cpus, num_gpus=cluster.gpus, max_restarts=-1, max_task_retries=0)(_Worker)
        threads = max(1, int(cluster.cpus))
        self.workers = [actor.remote(make, threads) for _ in range(max(1, min(cluster.workers or fits, fits, count)))]

    def map(self, items: Sequence[Item]) -> Iterator[tuple[Item, Any]]:
        waiting = deque((place, 1) for place in range(len(items)))
        free, busy = deque(self.workers), {}
        while waiting or busy:
            while waiting and free:
                place, attempt = waiting.popleft()
                worker = free.popleft()
                busy[worker.do.remote(items[place])] = (place, attempt, worker)
            done, _ = self.ray.wait(list(busy), num_returns=1)
            place, attempt, worker = busy.pop(done[0])
            free.append(worker)
            try:
                result = self.ray.get(done[0])
            except self.ray.exceptions.RayTaskError as error:
                raise error.as_instanceof_cause() from None
            except (self.ray.exceptions.ActorDiedError, self.ray.exceptions.ActorUnavailableError,
                    self.ray.exceptions.WorkerCrashedError, self.ray.exceptions.NodeDiedError) as error:
                if attempt >= self.attempts:
                    yield items[place], None
                    continue
                if 'max_restarts' in str(error) or 'creation task failed' in str(error).lower():
                    free.pop()
                    if not free and not busy:
                        raise ClusterError(f'no worker is left: {str(error)[:300]}') from None
                waiting.append((place, attempt + 1))
                continue
            yield items[place], result
