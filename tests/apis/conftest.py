"""A small annotation file and a small model, for everything that trains."""
from pathlib import Path

import pytest
from pose_models import DETECTOR, TINYPOSE

from mmskel.synthetic.motions import write_motion_dataset

# half a second per epoch on one core
SMALL = ('model.backbone.base_channels=8', 'model.cls_head.in_channels=32', 'train_dataloader.dataset.repeat=1',
         'train_dataloader.num_workers=0', 'train_dataloader.persistent_workers=False', 'val_dataloader.num_workers=0',
         'val_dataloader.persistent_workers=False', 'test_dataloader.num_workers=0',
         'test_dataloader.persistent_workers=False')


@pytest.fixture(scope='session')
def motions(tmp_path_factory) -> Path:
    """60 made-up clips of ten motions, splits train and test."""
    path = tmp_path_factory.mktemp('motions') / 'motions.pkl'
    write_motion_dataset(path, num_per_class=6, seed=1, num_subjects=3)
    return path


@pytest.fixture(scope='session')
def pose_flags(shared, tmp_path_factory) -> list[str]:
    """The small real detector and pose model beside the repository, as flags."""
    config = tmp_path_factory.mktemp('config') / 'tinypose.py'
    config.write_text(TINYPOSE)
    weights = shared / 'weights'
    return ['--det-config', DETECTOR, '--det-weights', str(weights / 'rtmdet_nano_person_320.pth'), '--pose-config',
            str(config), '--pose-weights', str(weights / 'pp_tinypose_256x192.pth')]


@pytest.fixture(scope='session')
def small() -> tuple[str, ...]:
    """``--cfg-options`` that make ``stgcn_synthetic`` a model of seconds."""
    return SMALL
