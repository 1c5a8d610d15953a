"""torchvision's compiled operators, if there is a torchvision that works with this torch."""
from functools import lru_cache

import torch


@lru_cache(maxsize=None)
def torchvision_ops():
    """The namespace ``torch.ops.torchvision``, or None. torchvision is imported on first use."""
    try:
        import torchvision  # noqa: F401
        torch.ops.torchvision.nms
    except Exception:  # absent, or built for another torch and failing in its own ways
        return None
    return torch.ops.torchvision
