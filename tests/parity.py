"""The published models under deterministic weights: reads ``tests/data/parity/NAME.json`` and ``.npz``.

Every learnable tensor is drawn from nothing but its published name and shape, on their side and on ours.
"""
import json
import zlib
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent / 'data' / 'parity'


def draw(key, shape):
    """Norm gains and running variances U(0.5, 1.5); running means and biases N(0, 0.1); weights N(0, 1/fan_in)."""
    rng = np.random.default_rng(zlib.crc32(key.encode()))
    leaf = key.rpartition('.')[2]
    if leaf == 'num_batches_tracked':
        return np.zeros(shape, np.int64)
    if leaf == 'running_var' or (leaf == 'weight' and len(shape) == 1):
        return rng.uniform(0.5, 1.5, shape).astype(np.float32)
    scale = np.sqrt(1 / max(1, int(np.prod(shape[1:])))) if len(shape) >= 2 else 0.1
    return (rng.standard_normal(shape) * scale).astype(np.float32)


def load(name):
    """(description, arrays, published state) of a golden file."""
    description = json.loads((FOLDER / f'{name}.json').read_text())
    with np.load(FOLDER / f'{name}.npz', allow_pickle=False) as file:
        arrays = {key: file[key] for key in file.files}
    return description, arrays, {key: draw(key, tuple(shape)) for key, shape in description['manifest'].items()}


def relative_error(found, expected):
    """Largest difference over the largest expected magnitude."""
    return float(np.abs(np.asarray(found, np.float64) - expected).max() / np.abs(expected).max())
