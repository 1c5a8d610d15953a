"""Work on a real Ray cluster of two nodes: workers and nodes are lost on the way, no item is."""
import os
import signal
import subprocess
import threading
import time
from functools import partial

import pytest

from mmskel.files.errors import UserError
from mmskel.parallel.cluster import Cluster, ClusterError


def squares(folder):
    """A worker that leaves a trace of every item."""
    def work(item):
        with open(os.path.join(folder, f'{item}.{os.getpid()}'), 'w'):
            time.sleep(.15)
        return item * item
    return work


def test_without_ray(monkeypatch):
    import sys
    monkeypatch.setitem(sys.modules, 'ray', None)
    with pytest.raises(ClusterError, match='pip install .mmskel.ray'):
        next(Cluster().map(partial(squares, '.'), [1]))


@pytest.mark.parametrize('arguments', [dict(workers=0), dict(cpus=0), dict(gpus=-1), dict(attempts=0)])
def test_impossible_numbers(arguments):
    with pytest.raises(UserError, match='expected positive numbers'):
        Cluster(**arguments)


@pytest.mark.long
def test_a_worker_and_a_node_are_lost(tmp_path):
    ray = pytest.importorskip('ray', reason='ray is not installed')
    from ray.cluster_utils import Cluster as LocalCluster
    nodes = LocalCluster(initialize_head=True, head_node_args=dict(num_cpus=1, include_dashboard=False))
    second = nodes.add_node(num_cpus=1)
    ray.init(address=nodes.address, log_to_driver=False)
    try:
        def disturb():
            while len(list(tmp_path.iterdir())) < 10:
                time.sleep(.05)
            pids = subprocess.run(['pgrep', '-f', 'ray::_Worker'], capture_output=True, text=True).stdout.split()
            os.kill(int(pids[0]), signal.SIGKILL)
            while len(list(tmp_path.iterdir())) < 25:
                time.sleep(.05)
            nodes.remove_node(second, allow_graceful=False)

        thread = threading.Thread(target=disturb, daemon=True)
        thread.start()
        found = dict(Cluster(workers=2).map(partial(squares, str(tmp_path)), list(range(60))))
        thread.join()
        assert found == {item: item * item for item in range(60)}
        traces = len(list(tmp_path.iterdir()))
        assert 60 <= traces <= 63  # what was in flight is done again, and nothing else
        with pytest.raises(ClusterError, match='no worker fits'):
            next(Cluster(cpus=64).map(partial(squares, str(tmp_path)), [1]))
    finally:
        ray.shutdown()
        nodes.shutdown()
