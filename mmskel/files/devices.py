"""The device that a user names."""
from __future__ import annotations

import torch

from mmskel.files.errors import UserError


class DeviceError(UserError):
    """A device that PyTorch does not know or this machine does not have."""


def device_of(name: str | None) -> str:
    """A device by name.

    Args:
        name: ``'cpu'``, ``'cuda'``, ``'cuda:1'``, ``'mps'`` ...; '' or None: a GPU if there is one.

    Raises:
        DeviceError: No such device; says which there are.
    """
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if not name:
        return 'cuda:0' if count else 'cpu'
    there = ['cpu', *(f'cuda:{number}' for number in range(count))]
    try:
        device = torch.device(name)
        if device.type == 'cuda' and (device.index or 0) >= count or device.type == 'cpu' and device.index:
            raise RuntimeError
        if device.type not in ('cpu', 'cuda'):
            torch.empty(1, device=device).cpu()  # others are known by trying; what is meta has no numbers
    except Exception:  # PyTorch's have no class in common
        raise DeviceError(f"there is no device '{name}' here (device); there is {', '.join(there)}") from None
    return str(device)
