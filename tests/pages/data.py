"""Small made-up data under the names that the pages use: benchmarks as they are published, one's own clips."""
from __future__ import annotations

import csv
import json
import pickle
import zipfile
from pathlib import Path

import numpy as np

from mmskel.data import prepare, save_annotation_file
from mmskel.data.readers.nw_ucla import ACTIONS
from mmskel.synthetic.motions import make_motion_clips


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


def amass(folder: Path) -> None:
    """``AMASS``: a sequence."""
    (folder / 'AMASS/CMU/01').mkdir(parents=True)
    rng = np.random.default_rng(0)
    np.savez(folder / 'AMASS/CMU/01/01_01_poses.npz', poses=rng.normal(size=(24, 156)) * .2, trans=np.zeros((24, 3)),
             betas=np.zeros(16), gender=np.array('male'), mocap_framerate=np.array(120.))


def frfs(folder: Path) -> None:
    """``FRFS``: a clip of three frames in each list."""
    import cv2
    for name, label in (('train', 0), ('val', 1)):
        (folder / 'FRFS' / name).mkdir(parents=True)
        (folder / 'FRFS' / f'{name}_videofolder.txt').write_text(f'{name} 3 {label}\n')
        for frame in range(3):
            cv2.imwrite(str(folder / 'FRFS' / name / f'{frame:05d}.jpg'), np.full((36, 64, 3), 90, np.uint8))
            np.save(folder / 'FRFS' / name / f'{frame:05d}.npy', np.full((1, 17, 2), 9. + frame))


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


def penn_action(folder: Path) -> None:
    """``Penn_Action``: a training and a test video."""
    from scipy.io import savemat
    (folder / 'Penn_Action/labels').mkdir(parents=True)
    for number, train in ((1, 1), (2, -1)):
        savemat(folder / f'Penn_Action/labels/{number:04d}.mat', dict(
            action='bowl', x=np.full((6, 13), 20.), y=np.full((6, 13), 30.), visibility=np.ones((6, 13)), train=train,
            dimensions=np.array([270, 480, 6])))
