"""Repairs of mmpose."""
from __future__ import annotations

import sys
import warnings
from types import ModuleType
from typing import Callable

from mmskel.compat.repair import Repair, source_of


def _has_torchvision(module: ModuleType) -> str:
    if 'torchvision' not in source_of(module):
        return 'mmpose no longer imports torchvision here'
    try:
        import torchvision.transforms  # noqa: F401
    except Exception:  # absent, or built for another torch and failing in its own ways
        return ''
    return 'torchvision works'


def _lend_torchvision(module: ModuleType) -> Callable[[], None]:
    """Put a two-name torchvision into ``sys.modules`` while ``module`` runs."""
    for name in [name for name in sys.modules if name.partition('.')[0] == 'torchvision']:
        del sys.modules[name]  # left behind by a broken one
    lent = ModuleType('torchvision')
    lent.transforms = ModuleType('torchvision.transforms')
    lent.transforms.ToPILImage = ToPILImage
    names = {'torchvision': lent, 'torchvision.transforms': lent.transforms}
    sys.modules.update(names)

    def take_back() -> None:
        for name in names:
            sys.modules.pop(name, None)

    return take_back


class ToPILImage:
    """The part of torchvision's class that mmpose uses: a grey float map in [0, 1] to an 8-bit image."""

    def __call__(self, tensor):
        """``(H, W)`` or ``(1, H, W)`` float tensor to a ``PIL.Image``."""
        from PIL import Image
        grey = tensor.detach().cpu().mul(255).byte()
        return Image.fromarray(grey.reshape(grey.shape[-2:]).numpy())


def _draws_circles(module: ModuleType) -> str:
    """Draw one as ``PoseLocalVisualizer`` does, with a radius of one element."""
    import numpy as np
    visualizer = object.__new__(module.OpencvBackendVisualizer)
    visualizer.backend, visualizer._image = 'opencv', np.zeros((3, 3, 3), np.uint8)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', DeprecationWarning)  # NumPy 1.25 to 2.3
            visualizer.draw_circles(np.ones(2), np.ones(1), face_colors=(255, 255, 255))
    except TypeError:
        return ''
    return f'mmpose draws circles with NumPy {np.__version__}'


def _unpack_radius(module: ModuleType) -> None:
    visualizer = module.OpencvBackendVisualizer
    draw = visualizer.draw_circles

    def draw_circles(self, center, radius, *args, **kwargs):
        if self.backend == 'opencv' and getattr(radius, 'shape', None) == (1, ):
            radius = radius.item()
        return draw(self, center, radius, *args, **kwargs)

    visualizer.draw_circles = draw_circles


REPAIRS = (
    Repair(
        package='mmpose',
        name='drawing without torchvision',
        modules=('mmpose.visualization.simcc_vis', ),
        issue='https://github.com/pytorch/vision/issues/9077',
        why='mmpose.visualization needs torchvision for one call, and no version of it works '
        'with this torch',
        healthy=_has_torchvision,
        fix=_lend_torchvision,
        before=True),
    Repair(
        package='mmpose',
        name='radius of drawn keypoints',
        modules=('mmpose.visualization.opencv_backend_visualizer', ),
        issue='none found; see https://github.com/numpy/numpy/pull/10615',
        why='NumPy 2.4 does not convert a one-element array to a Python number, and mmpose passes its '
        'radius as one',
        healthy=_draws_circles,
        fix=_unpack_radius),
)
