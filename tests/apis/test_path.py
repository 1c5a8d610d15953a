"""The path of a prediction: it enters ``apis`` once, and it is the one that docs/architecture.md tells."""
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.registry import DefaultScope

from mmskel import cli
from mmskel.configuration import load_config
from mmskel.data.annotation_file import save_annotation_file
from mmskel.skeleton import Clip

PAGE = Path(__file__).resolve().parents[2] / 'docs' / 'architecture.md'


def room(frame):
    """(room, function) of a frame of ours, else None."""
    name = frame.f_globals.get('__name__', '')
    return (name.split('.')[1], f'{name.removeprefix("mmskel.")}.{frame.f_code.co_qualname}') if name.startswith('mmskel.') else None


def watched(run):
    """Who was called by whom, of our functions, in order."""
    calls = []

    def note(frame, event, _):
        if event == 'call' and (called := room(frame)):
            caller = frame.f_back
            while caller is not None and room(caller) is None:
                caller = caller.f_back
            calls.append((None if caller is None else room(caller), called))

    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.skipif(sys.version_info < (3, 11), reason='names of methods need Python 3.11')
def test_a_prediction_enters_apis_once_and_takes_the_path_of_the_page(tmp_path):
    rng = np.random.default_rng(0)
    clip = Clip('clip', rng.normal(size=(1, 20, 25, 3)), layout='ntu25', label=0)
    save_annotation_file(tmp_path / 'a.pkl', [clip], dict(train=['clip'], test=['clip']), dict(class_names=['to', 'fro']))
    cfg = load_config('custom/stgcn_custom.py', data=str(tmp_path / 'a.pkl'), cfg_options={
        'model.backbone.base_channels': 4, 'model.cls_head.in_channels': 16})
    with DefaultScope.overwrite_default_scope('mmaction'):
        torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict()), tmp_path / 'a.pth')
    cfg.dump(tmp_path / 'a.py')
    command = ['predict', str(tmp_path / 'a.pkl'), '--config', str(tmp_path / 'a.py'), '--checkpoint',
               str(tmp_path / 'a.pth'), '--device', 'cpu', '--save', str(tmp_path / 'a.json')]
    assert cli.main(command) == 0  # what is imported is imported
    calls = watched(lambda: cli.main(command))
    upward = [(caller, called) for caller, called in calls
              if called[0] == 'apis' and caller and caller[0] not in ('apis', 'commands')]
    assert not upward, upward
    entries = [called[1] for caller, called in calls
               if called[0] == 'apis' and caller and caller[0] == 'commands' and not called[1].endswith('__init__')
               and '<module>' not in called[1] and '__create_fn__' not in called[1]]
    assert entries == ['apis.predict.predict'], entries
    seen = {called[1] for _, called in calls}
    table = PAGE.read_text().partition('## The path of a prediction')[2].partition('\n## ')[0]
    told = [name for row in re.findall(r'^\| \d.*', table, re.M) for name in re.findall(r'`([a-z_.]+\.[\w.]+)`', row)]
    assert len(told) > 15 and not [name for name in told if name not in seen]
