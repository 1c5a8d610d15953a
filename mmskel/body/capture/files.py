"""Files of motion capture networks: weights and the arguments they were built with, read without running anything."""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmskel.body.capture.network import MocapNet
from mmskel.body.errors import BodyError
from mmskel.checkpoints import fill, read_checkpoint
from mmskel.files.torch_files import write_data


def save_network(path: str | Path, network: MocapNet, facts: Mapping[str, Any] | None = None) -> None:
    """Writes a network; ``facts`` (plain values) are kept beside the weights.

    Raises:
        OutputError: If the path cannot be written.
    """
    meta = dict(facts or {}, system='motion_capture', network=dict(network.arguments))
    write_data(path, dict(state_dict=network.state_dict(), meta=meta))


def load_network(path: str | Path) -> tuple[MocapNet, dict[str, Any]]:
    """Reads what :func:`save_network` wrote.

    Returns:
        The network, in evaluation mode, and the facts.

    Raises:
        BodyError: If the file holds another network.
        CheckpointError: If it cannot be read, or its weights do not fit.
    """
    read = read_checkpoint(path)
    meta = dict(read.meta)
    if meta.get('system') != 'motion_capture' or not isinstance(meta.get('network'), Mapping):
        raise BodyError(f"'{path}' holds no motion capture network; train one with `mmskel train mocap/mocap_tube.py`, "
                        'or convert the published variables with `mmskel convert motion_capture`')
    try:
        network = MocapNet(**meta['network'])
    except (TypeError, BodyError) as error:
        raise BodyError(f"'{path}': {error}") from None
    fill(network, read)
    return network.eval(), meta
