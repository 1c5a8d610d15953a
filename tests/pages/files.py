"""Official weights, features, videos and results of MMPose under the names that the pages use, made up or drawn; and the
data of every page."""
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from acted import acted_file
from pages.data import (
    amass,
    broken_clips,
    frfs,
    hdm05,
    kinetics,
    kinetics400,
    kinetics_file,
    mine,
    msr_action3d,
    my_clips,
    nba,
    ntu_file,
    ntu_raw,
    ntu_sgn_file,
    nwucla,
    nwucla_file,
    one_clip,
    penn_action,
    pixels,
    sbu,
    sysu,
    table,
    upper_bodies,
    utkinect,
    volleyball,
)
from parity import draw as drawn_tensor
from parity import load

from mmskel.data import load_annotation_file
from mmskel.skeleton import hierarchy_graph, hierarchy_rings, partition
from mmskel.synthetic.motions import make_motion_clips


def mp_gcn_weights(folder: Path) -> None:
    """``mpgcn_volleyball.pth.tar``: official tensors, filled by a formula."""
    import torch
    _, arrays, state = load('mp_gcn_volleyball')
    blocks = {key.removesuffix('.scn.edge') for key in state if key.endswith('.scn.edge')}
    kept = {key[4:].removeprefix('input_branches.0.layers.0.'): value for key, value in arrays.items() if key.startswith('buf_')}
    state.update({f'{block}.{key}': value for block in blocks for key, value in kept.items()})
    torch.save(dict(model={key: torch.from_numpy(value) for key, value in state.items()}, epoch=65),
               folder / 'mpgcn_volleyball.pth.tar')


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


def cascadeformer_weights(folder: Path) -> None:
    """The five files of version 1.1 of N-UCLA, one layer each."""
    import torch
    from reference.cascadeformer import CascadeFormerReference
    plain = CascadeFormerReference('1.1', 20, 3, 10, layers=1)
    parts = dict(finetuned_T1=plain.t1, finetuned_T2=plain.t2, finetuned_cross_attn=plain.cross_attn,
                 finetuned_head=plain.gait_head, pretrained=plain.t1)
    for name, module in parts.items():
        torch.save(module.state_dict(), folder / f'NUCLA_{name}.pt')


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


def video_clip(folder: Path) -> None:
    """``clip.mp4``: five grey frames."""
    import av
    with av.open(str(folder / 'clip.mp4'), 'w') as file:
        stream = file.add_stream('libx264', rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, 'yuv420p'
        for level in range(5):
            file.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((48, 64, 3), 40 * level, np.uint8), format='bgr24')))
        file.mux(stream.encode(None))


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


def other_programs(folder: Path) -> None:
    """What `mmskel prepare` reads of other programs, one clip each; ``openpose_labels.csv``."""
    clip = make_motion_clips(1, layout='coco17', project=True)[0]
    points = np.concatenate([clip.keypoint[0], clip.score[0, ..., None]], -1)
    for name in ('openpose/wave', 'results', 'runs', 'trc'):
        (folder / name).mkdir(parents=True)
    table(folder / 'openpose_labels.csv', ['wave'], ['waving'])
    body = clip.to_layout('openpose25', missing='zero')
    for t in range(clip.num_frames):
        row = np.concatenate([body.keypoint[0, t], body.score[0, t, :, None]], -1)
        person = dict(person_id=[-1], pose_keypoints_2d=row.ravel().tolist())
        (folder / f'openpose/wave/wave_{t:012d}_keypoints.json').write_text(json.dumps(dict(people=[person])))
        fractions = (points[t] / [640, 480, 1]).ravel()
        (folder / f'runs/wave_{t + 1}.txt').write_text('0 .5 .5 .1 .1 ' + ' '.join(f'{x:.6f}' for x in fractions) + '\n')
    rows = [dict(image_id=t, category_id=1, keypoints=row.ravel().tolist(), score=.9) for t, row in enumerate(points)]
    (folder / 'results/wave.json').write_text(json.dumps(rows))
    lines = ['PathFileType\t4\t(X/Y/Z)\twave.trc', 'DataRate\tNumFrames\tUnits', f'30\t{len(points)}\tpx',
             'Frame#\tTime\tNose\t\t\tRWrist\t\t', '\t\tX1\tY1\tZ1\tX2\tY2\tZ2']
    lines += [f'{t + 1}\t{t / 30:.4f}\t{row[0, 0]}\t{row[0, 1]}\t0\t{row[10, 0]}\t{row[10, 1]}\t0' for t, row in enumerate(points)]
    (folder / 'trc/wave_person00.trc').write_text('\n'.join(lines) + '\n')
    rng = np.random.default_rng(0)
    np.savez(folder / 'NTU60_CS.npz', x_train=rng.normal(size=(4, 8, 150)).astype(np.float32), y_train=np.eye(60)[:4],
             x_test=rng.normal(size=(2, 8, 150)).astype(np.float32), y_test=np.eye(60)[:2])


DATA = {
    'README.md': [nwucla, lambda folder: pixels(folder / 'data/ntu60_2d.pkl', 'xsub_train', 'xsub_val')],
    'docs/README.md': [],
    'docs/install.md': [],
    'docs/architecture.md': [],
    'docs/body.md': [nwucla_file],
    'docs/cascadeformer.md': [mine, nwucla_file, ntu_sgn_file, cascadeformer_weights],
    'docs/checkpoints.md': [ntu_raw, kinetics_file, official_weights, posec3d_weights, cascadeformer_weights],
    'docs/data.md': [broken_clips, ntu_raw, utkinect, msr_action3d, sbu, sysu, hdm05, frfs, amass, kinetics, my_clips, volleyball, nba,
                     kinetics400, penn_action, mmpose_results, other_programs,
                     lambda folder: pixels(folder / 'ntu60_hrnet.pkl', 'xsub_train', 'xsub_val')],
    'docs/export.md': [mine, one_clip],
    'docs/ctr_gcn.md': [mine, lambda folder: pixels(folder / 'data/ntu60_2d.pkl', 'xsub_train', 'xsub_val')],
    'docs/hands.md': [],
    'docs/hd_gcn.md': [nwucla_file, mine, official_weights],
    'docs/layouts.md': [nwucla_file, upper_bodies],
    'docs/mmaction2.md': [ntu_file, lambda folder: pixels(folder / 'data/ntu60_2d.pkl', 'xsub_train', 'xsub_val')],
    'docs/models.md': [mine],
    'docs/mans.md': [nwucla_file, mine],
    'docs/ensemble_1dcnn.md': [nwucla_file, mine],
    'docs/motion_capture.md': [],
    'docs/mp_gcn.md': [volleyball, nba, kinetics400, mine, mp_gcn_weights, nwucla_file],
    'docs/posec3d.md': [mine, nwucla_file, posec3d_weights,
                        lambda folder: pixels(folder / 'data/ntu60_2d.pkl', 'xsub_train', 'xsub_val')],
    'docs/own_dataset.md': [mmpose_results, lambda folder: pixels(folder / 'my_pyskl.pkl', 'train', 'val')],
    'docs/predict.md': [mine],
    'docs/pose.md': [video_clip, pose_weights, mine],
    'docs/recognise.md': [],
    'docs/gate_shift_pose.md': [videos],
    'docs/rgbpose.md': [videos],
    'docs/store.md': [mine, lambda folder: pixels(folder / 'ntu60_hrnet.pkl', 'xsub_train', 'xsub_val')],
    'docs/skateformer.md': [nwucla_file, ntu_sgn_file, mine, official_weights],
    'docs/stc_net.md': [nwucla_file, mine],
    'docs/streams.md': [nwucla_file, mine],
    'docs/tracking.md': [],
    'docs/training.md': [nwucla_file],
    'docs/zero_shot.md': [nwucla_features, sa_dvae_weights],
}
