"""From raw files of a group activity to results: prepare, train, test, per clip and per player."""
import json
import pickle

import numpy as np
import pytest
import torch
from mmaction.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope

from mmskel.cli import main
from mmskel.configuration import load_config
from mmskel.data import save_annotation_file
from mmskel.skeleton import Clip, get_layout

SMALL = ['model.backbone.base_channels=8', 'model.cls_head.in_channels=32', 'train_dataloader.num_workers=0',
         'train_dataloader.persistent_workers=False', 'val_dataloader.num_workers=0', 'val_dataloader.persistent_workers=False',
         'test_dataloader.num_workers=0', 'test_dataloader.persistent_workers=False']


def write_volleyball(folder):
    """16 training and 4 test clips of 9 to 12 players; the left team's hands are up in one of the two classes."""
    rng = np.random.default_rng(0)
    actions = {}
    for video, clips in ((3, range(100, 116)), (4, range(200, 204))):
        for place in ('videos', 'joints', 'volleyball_ball_annotation'):
            (folder / place / str(video)).mkdir(parents=True)
        lines = []
        for clip in clips:
            players, spike = 9 + clip % 4, clip % 2
            lines.append(f'{clip}.jpg {"l-spike" if spike else "l_pass"} ' + ' '.join(['1 2 3 4 standing'] * players))
            pose = rng.uniform(100, 900, (players, 1, 2)) + rng.normal(0, 20, (players, 17, 2))
            pose[:, [9, 10], 1] -= 200 * spike
            frames = {clip + t: np.concatenate([pose + t, np.ones((players, 17, 1))], -1) for t in range(-10, 10)}
            (folder / 'joints' / str(video) / f'{clip}.pickle').write_bytes(pickle.dumps(frames))
            (folder / 'volleyball_ball_annotation' / str(video) / f'{clip}.txt').write_text('500 300\n' * 41)
            actions[video, clip] = {clip: np.full((players, 1), 7 if spike else 2)}
        (folder / 'videos' / str(video) / 'annotations.txt').write_text('\n'.join(lines))
    (folder / 'tracks_normalized_with_person_action_label.pkl').write_bytes(pickle.dumps(actions))


def test_volleyball_from_files_to_results(tmp_path, capsys):
    write_volleyball(tmp_path / 'volleyball')
    data, work = tmp_path / 'volleyball.pkl', tmp_path / 'work'
    assert main(['prepare', 'volleyball', str(tmp_path / 'volleyball'), str(data)]) == 0
    options = [*SMALL, 'model.cls_head.num_actions=9', 'model.data_preprocessor.normalized=True', 'train_dataloader.batch_size=8']
    assert main(['train', 'mpgcn/mpgcn_volleyball.py', '--data', str(data), '--epochs', '2', '--work-dir', str(work),
                 '--cfg-options', *options]) == 0, capsys.readouterr().err
    logs = [json.loads(line) for path in work.rglob('scalars.json') for line in path.read_text().splitlines()]
    assert any('loss_action' in row for row in logs) and any('acc/merged/top1' in row for row in logs)
    results = json.loads(next(work.rglob('results*.json')).read_text())
    assert set(results['clips']) == {f'4/{clip}' for clip in range(200, 204)}
    assert results['class_names'][3] == 'l_spike' and results['clips']['4/201']['label'] == 3
    state = torch.load(work / 'epoch_2.pth', weights_only=False)['state_dict']
    assert state['cls_head.fc_action.weight'].shape == (9, 32)


# persons of a graph, objects, couples that are linked, whether the masks learn
MEMBERS = dict(whole=(6, 1, 3, True), no_links=(6, 1, 0, True), no_masks=(6, 1, 3, False),
               no_masks_no_links=(6, 1, 0, False), no_ball=(6, 0, 3, True), alone=(1, 1, 0, True),
               alone_no_ball=(1, 0, 0, True))


@pytest.mark.parametrize('member', MEMBERS)
def test_what_the_members_of_the_scenes_config_leave_out(tmp_path, member):
    rng = np.random.default_rng(0)
    clips = [Clip(f'c{i}', rng.uniform(100, 600, (6, 20, 20, 2)), layout='kinect20', label=i,
                  objects=dict(ball=rng.uniform(1, 9, (20, 3)))) for i in range(4)]
    ids = [clip.id for clip in clips]
    save_annotation_file(tmp_path / 'scenes.pkl', clips, dict(train=ids[:2], test=ids[2:]), dict(layout='kinect20'))
    cfg = load_config('mpgcn/mpgcn_scenes.py', data=str(tmp_path / 'scenes.pkl'), stream=member)
    assert set(MEMBERS) == set(cfg.members)
    init_default_scope('mmaction')
    model = MODELS.build(cfg.model)
    samples = DATASETS.build(cfg.train_dataloader.dataset)
    losses = model(**model.data_preprocessor(pseudo_collate([samples[0], samples[1]]), True), mode='loss')
    graph = model.backbone.graph
    persons, objects, couples, masks = MEMBERS[member]
    nodes, hands = graph.person.num_nodes, [get_layout('kinect20').index(f'{side}_hand') for side in ('left', 'right')]
    assert (graph.num_person, len(graph.person.objects)) == (persons, objects)
    assert graph.inter_links == tuple((nodes * (2 * i + 1) + hand, nodes * 2 * i + hand)
                                      for hand in hands for i in range(couples))
    assert all(edge.requires_grad == masks for name, edge in model.named_parameters() if name.endswith('.edge'))
    assert torch.isfinite(losses['loss_cls'])


@pytest.mark.parametrize('persons, coords', [(3, 2), (14, 3)])
def test_custom_config_fits_itself_to_groups(tmp_path, persons, coords):
    rng = np.random.default_rng(0)
    clips = [Clip(f'c{i}', rng.uniform(1, 2, (max(persons - i, 2), 20, 17, coords)), layout='coco17', label=i % 2) for i in range(4)]
    ids = [clip.id for clip in clips]
    save_annotation_file(tmp_path / 'mine.pkl', clips, dict(train=ids[:2], test=ids[2:]), dict(layout='coco17'))
    cfg = load_config('custom/mpgcn_custom.py', data=str(tmp_path / 'mine.pkl'))
    assert isinstance(cfg, Config) and cfg.model.backbone.num_person == min(persons, 12)
    assert cfg.model.data_preprocessor.with_score == (coords == 2) and cfg.model.cls_head.num_classes == 2
    slots = [step for step in cfg.train_dataloader.dataset.pipeline if step['type'] == 'SetPersons']
    assert slots[0]['num_person'] == min(persons, 12)
