"""Detectors and pose models from config and weights, with errors that say what to do. Nothing in a file is run but
the config, which is Python by nature."""
from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import nn

from mmskel.checkpoints import CheckpointError, load_checkpoint
from mmskel.files.config_files import read_config_file
from mmskel.files.errors import UserError


class PoseModelError(UserError):
    """A detector or pose model that cannot be made; the message names file or URL, and the argument to use."""


def find_model_config(name: str | Path, argument: str):
    """A config by path, or one that mmpose or mmdet carries (``'mmpose::...'``, relative to its ``configs``).

    Args:
        name: Path or reference.
        argument: Name of the argument that takes it, for messages.

    Returns:
        mmengine.config.Config

    Raises:
        PoseModelError: Not found, or no config.
    """
    from mmengine.utils import get_installed_path
    path = str(name)
    if '::' in path:
        package, _, rest = path.partition('::')
        try:
            path = str((Path(get_installed_path(package)) / '.mim/configs' / rest).resolve())
        except Exception as error:  # mmengine raises what importlib raises
            raise PoseModelError(f"{argument}='{name}' needs the package {package}: {error}") from None
    if not Path(path).is_file():
        raise PoseModelError(f"{argument}='{path}': there is no such config; give a file, or one that a package "
                             'carries, e.g. '
                             'mmpose::body_2d_keypoint/rtmpose/body8/rtmpose-m_8xb256-420e_body8-256x192.py')
    try:
        config = read_config_file(path)
    except UserError as error:
        raise PoseModelError(f'{argument}={error}') from None
    if 'model' not in config or 'test_dataloader' not in config:
        raise PoseModelError(f"{argument}='{path}' has no model and test_dataloader; it is not a config of a model")
    if 'init_cfg' in config.model.get('backbone', {}):
        config.model.backbone.init_cfg = None  # the weights hold the backbone's; do not download those
    return config


def is_lifter(config) -> bool:
    """Whether a config's model makes 3-D joints of 2-D ones (mmpose's ``PoseLifter``)."""
    kind = config.model.get('type', '')
    return getattr(kind, '__name__', str(kind)).split('.')[-1] == 'PoseLifter'


def load_weights(model: nn.Module, weights: str, argument: str) -> Mapping[str, Any]:
    """Fills a model with a checkpoint; every tensor of the model must be in it.

    Args:
        model: Model to fill.
        weights: A file, or a URL that is downloaded into PyTorch's cache.
        argument: Name of the argument that takes a file, for messages.

    Returns:
        The checkpoint's ``meta``.

    Raises:
        PoseModelError: Not found, not to be downloaded, damaged, or of another model.
    """
    try:
        return load_checkpoint(model, weights, allow=('unexpected', )).meta
    except CheckpointError as error:
        raise PoseModelError(f'{argument}=...: {error}') from None
    except OSError as error:
        raise PoseModelError(f'{error}. Download it on a machine with a network and give the file: {argument}=FILE'
                             ) from None


@contextmanager
def no_warnings() -> Iterator[None]:
    """Without mmdet's and mmpose's warnings that no weights were given: ours are loaded afterwards."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        yield
