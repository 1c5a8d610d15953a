"""How many inputs a fuzzer tries, and where its files lie."""
import random
from pathlib import Path

import pytest


@pytest.fixture
def inputs(request):
    """A function: the numbers of the inputs of a test, ``usual`` of them, or as many as ``--fuzz-inputs`` says."""
    asked = request.config.getoption('--fuzz-inputs')
    return lambda usual: range(asked or usual)


@pytest.fixture
def rng_of(request):
    """A function: a generator of its own for every input, the same in every run."""
    return lambda number: random.Random(f'{request.node.name}:{number}')


@pytest.fixture
def fresh(tmp_path, monkeypatch):
    """A function: an empty folder with some files, and the current one."""
    def make(files) -> Path:
        folder = tmp_path / 'now'
        monkeypatch.chdir(tmp_path)
        _clear(folder)
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode('utf-8', 'surrogatepass') if isinstance(content, str) else content)
        monkeypatch.chdir(folder)
        return folder
    monkeypatch.delenv('MMSKEL_DEBUG', raising=False)
    return make


def _clear(folder: Path) -> None:
    import shutil
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir()


@pytest.fixture(scope='session')
def network(tmp_path_factory):
    """Config and checkpoint of a small ST-GCN of two classes and coco17 that was never trained."""
    import torch
    from mmaction.registry import MODELS
    from mmengine.registry import DefaultScope

    from mmskel.configuration import load_config
    folder = tmp_path_factory.mktemp('network')
    cfg = load_config('stgcn/stgcn_synthetic.py', data='a.pkl', fit=False, cfg_options={
        'fit_to_data': False, 'model.backbone.base_channels': 8, 'model.backbone.in_channels': 2, 'model.cls_head.in_channels': 32,
        'test_dataloader.num_workers': 0, 'test_dataloader.persistent_workers': False, 'clip_len': 16})
    cfg.fit_to_data = False
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmaction'):
        state = MODELS.build(cfg.model).state_dict()
    torch.save(dict(state_dict=state, meta=dict(epoch=1, dataset_meta=dict(class_names=['wave', 'kick']))), folder / 'a.pth')
    cfg.dump(folder / 'a.py')
    return folder / 'a.py', folder / 'a.pth'
