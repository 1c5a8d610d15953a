"""Good inputs of every format, as bytes by name; the fuzzers damage them."""
import io
import json
import pickle
import zipfile
from functools import cache

import numpy as np


def poses(persons=1, frames=4, joints=17, coords=2, seed=0):
    rng = np.random.default_rng(seed)
    scale, middle = (60., 200.) if coords == 2 else (.4, 1.)
    return (middle + rng.normal(0, scale, (persons, 1, joints, coords))
            + rng.normal(0, scale / 50, (persons, frames, joints, coords))).astype(np.float32)


def flat_file() -> dict:
    """Annotations of coco17 in pixels, as PYSKL writes them, with what ours adds."""
    clips = [dict(frame_dir=f'clip{i}', label=i % 2, total_frames=4, img_shape=(400, 500), original_shape=(400, 500),
                  keypoint=poses(1 + i % 2, seed=i), keypoint_score=np.full((1 + i % 2, 4, 17), .75, np.float32))
             for i in range(4)]
    clips[1].update(fps=30., track_id=np.array([3, 8]), objects=dict(ball=np.ones((4, 3), np.float32)))
    return dict(split=dict(train=['clip0', 'clip1'], test=['clip2', 'clip3']), annotations=clips,
                meta=dict(layout='coco17', class_names=['wave', 'kick'], source='made up'))


def deep_file() -> dict:
    """Annotations of NTU's joints in metres."""
    clips = [dict(frame_dir=f'S001C001P00{i}R001A00{1 + i % 2}', label=i % 2, total_frames=5,
                  keypoint=poses(2, 5, 25, 3, i)) for i in range(3)]
    names = [clip['frame_dir'] for clip in clips]
    return dict(split=dict(xsub_train=names[:2], xsub_val=names[2:]), annotations=clips)


def old_list() -> list:
    """The older form: a list, ``filename`` and no splits."""
    return [dict(filename=f'v{i}', label=i, total_frames=4, img_shape=[400, 500], keypoint=poses(1, seed=i)) for i in range(2)]


def npy(array) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def npz(**arrays) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def zipped(files) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, 'w', zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def torch_file(content) -> bytes:
    import torch
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def _ucla(name='a01_s01_e00_v01', label=1):
    return json.dumps(dict(file_name=name, skeletons=poses(1, 3, 20, 3)[0].tolist(), label=label))


def _ntu():
    rows = ['2']
    for t in range(2):
        rows += ['1', '72057594037927936 0 1 1 1 1 0 0.1 0.2 2', '25']
        rows += [f'{j}.25 {t} 2.5 1 1 1 1 0 0 0 0 2' for j in range(25)]
    return '\n'.join(rows) + '\n'


def _kinetics():
    person = dict(pose=[.25, .5] * 18, score=[.5] * 18)
    clip = dict(data=[dict(frame_index=t, skeleton=[person]) for t in (1, 2)], label='bowing', label_index=1)
    entry = dict(has_skeleton=True, label='bowing', label_index=1)
    return {'s/kinetics_train/one.json': json.dumps(clip), 's/kinetics_train_label.json': json.dumps(dict(one=entry)),
            's/kinetics_val_label.json': json.dumps(dict(two=dict(entry, has_skeleton=False)))}


def _utkinect():
    names = 'walk sitDown standUp pickUp carry throw push pull waveHands clapHands'.split()
    rows = [f'{n}  ' + '  '.join(f'{.1 * n + k:.6f}' for k in range(60)) for n in (10, 14, 18)]
    return {'s/joints_s01_e01.txt': '\r\n'.join(rows),
            's/actionLabel.txt': '\r\n'.join(['s01_e01', *(f'{name}: 10 18' for name in names)]) + '\r\n'}


def _hrnet():
    entry = dict(frame_dir='v', label=3, raw_file='x/v.pkl', frame_inds=[1, 2], box_score=[.9, .8], total_frames=2,
                 img_shape=(400, 500))
    clip = dict(v=dict(keypoint=np.ones((2, 17, 3), np.float16)))
    return {'s/k400_hrnet.pkl': pickle.dumps(dict(split=dict(train=['v']), annotations=[entry])),
            's/kpfiles/v.pkl': pickle.dumps(clip)}


def _penn():
    return {'s/labels/0001.mat': mat_file(
        action='bowl', x=np.full((3, 13), 9.), y=np.full((3, 13), 8.), visibility=np.ones((3, 13)), train=1,
        dimensions=np.array([270, 480, 3]), nframes=3, pose='right')}


def mat_file(**arrays) -> bytes:
    """MATLAB 5, as SciPy writes it."""
    from scipy.io import savemat
    buffer = io.BytesIO()
    savemat(buffer, arrays)
    return buffer.getvalue()


def _sbu():
    return '\n'.join(f'{t},' + ','.join(f'{.01 * k + .001 * t:.4f}' for k in range(90)) for t in (1, 2)) + '\n'


def _sysu():
    joints = poses(1, 3, 20, 3)[0]
    rows = '\n'.join(' '.join(f'{x:.4f}' for x in frame.ravel()) for frame in joints)
    return {'s/video01/person01/skeleton.txt': rows, 's/video02/person01/skeleton.mat': mat_file(joints=joints, n=3.)}


def _hdm05():
    """A skeleton whose bones lie along x, and two clips of three frames."""
    from mmskel.data.readers.hdm05 import BONES
    from mmskel.skeleton import get_layout
    parents = {bone: BONES[parent] for bone, parent in zip(BONES[1:], get_layout('hdm31').parents[1:])}
    asf = [':units', '  length 0.45', '  angle deg', ':root', '  order TX TY TZ RX RY RZ', '  axis XYZ', '  position 0 0 0',
           '  orientation 0 0 0', ':bonedata']
    for bone in BONES[1:]:
        asf += ['  begin', f'    name {bone}', '    direction 1 0 0', '    length 1', '    axis 0 0 90 XYZ', '    dof rx ry rz', '  end']
    asf += [':hierarchy', '  begin']
    asf += [f'    {parent} {" ".join(b for b in parents if parents[b] == parent)}' for parent in dict.fromkeys(parents.values())]
    amc = ':FULLY-SPECIFIED\n:DEGREES\n' + ''.join(f'{t}\nroot {t} 0 0 0 0 9\nlfemur 1 2 {t}\n' for t in range(1, 10))
    return {'s/HDM_bd.asf': '\n'.join([*asf, '  end', '']), 's/HDM_bd_walk2StepsLstart_001_120.amc': amc,
            's/HDM_bd_clap1Reps_001_120.amc': amc}


def _pickles():
    clips = flat_file()['annotations']
    return {'s/mine_train.pkl': pickle.dumps(clips[:2]), 's/mine_val.pkl': pickle.dumps(clips[2:3]),
            's/one.pkl': pickle.dumps(clips[3])}


def _frfs():
    import cv2
    image = cv2.imencode('.jpg', np.full((36, 64, 3), 90, np.uint8))[1].tobytes()
    files = {'s/train_videofolder.txt': 'a 3 1\n', 's/val_videofolder.txt': ''}
    for frame in range(3):
        buffer = io.BytesIO()
        np.save(buffer, np.full((1, 17, 2), 9. + frame))
        files |= {f's/Images/a/{frame:05d}.jpg': image, f's/Images/a/{frame:05d}.npy': buffer.getvalue()}
    return files


def _amass():
    rng, buffer = np.random.default_rng(0), io.BytesIO()
    np.savez(buffer, poses=rng.normal(size=(4, 156)) * .2, trans=np.ones((4, 3)), betas=np.zeros(16), gender=np.array('male'),
             mocap_framerate=np.array(30.))
    pickled = dict(global_orient=np.ones((4, 3)), body_pose=np.ones((4, 69)), betas=np.ones((1, 10)))
    return {'s/01/a_poses.npz': buffer.getvalue(), 's/02/b.pkl': pickle.dumps(pickled)}


def _volleyball():
    line = '100.jpg r-pass 10 20 30 40 standing 50 60 70 80 blocking'
    joints = {90 + t: np.ones((2, 17, 3)) for t in range(20)}
    actions = {('3', '100'): {100: np.zeros((12, 1), int)}}
    return {'s/videos/3/annotations.txt': line, 's/joints/3/100.pickle': pickle.dumps(joints),
            's/volleyball_ball_annotation/3/100.txt': '\n'.join(f'{t} {2 * t}' for t in range(41)),
            's/tracks_normalized_with_person_action_label.pkl': pickle.dumps(actions)}


def _nba():
    person = {'name': 'person', 'class': 0, 'confidence': .5, 'track_id': 1, 'box': dict(x1=0, y1=0, x2=9, y2=9),
              'keypoints': dict(x=[1] * 17, y=[2] * 17, visible=[.9] * 17)}
    ball = dict(name='ball', confidence=.5, box=dict(x1=0, y1=0, x2=9, y2=9))
    return {'s/train_video_ids': '7', 's/test_video_ids': '8', 's/videos/7/annotations.txt': '1 2p-succ.',
            's/joints/7/1/000000': json.dumps([person]), 's/objects/7/1/000000': json.dumps([ball])}


def _numpy(zip_it=False):
    arrays = {'walk/a.npy': npy(poses()[0]), 'b.npy': npy(poses(2, seed=1))}
    arrays = {'s.zip': zipped(arrays)} if zip_it else {f's/{name}': data for name, data in arrays.items()}
    return {**arrays, 'l.csv': 'id,label,split,subject,fps\nwalk/a,wave,train,1,30\nb,kick,test;val,2,25.0\n'}


@cache
def formats() -> dict:
    """Format -> (files, arguments of `mmskel prepare`); the number of clips that the files hold is 1 unless said."""
    labels = ['--labels', 'l.csv', '--layout', 'coco17']
    return {
        'pickle': ({'a.pkl': pickle.dumps(flat_file())}, ['pickle', 'a.pkl']),
        'pickle, protocol 0': ({'a.pkl': pickle.dumps(old_list(), 0)}, ['pickle', 'a.pkl']),
        'numpy': (_numpy(), ['numpy', 's', *labels]),
        'numpy, zip': (_numpy(True), ['numpy', 's.zip', *labels]),
        'nw_ucla': ({'s/a01_s01_e00_v01.json': _ucla()}, ['nw_ucla', 's']),
        'nw_ucla, zip': ({'s.zip': zipped({'a01_s01_e00_v01.json': _ucla(), 'a02_s01_e00_v01.json': _ucla(
            'a02_s01_e00_v01', 2)})}, ['nw_ucla', 's.zip']),
        'ntu': ({'s/S001C001P001R001A001.skeleton': _ntu()}, ['ntu', 's']),
        'kinetics_skeleton': (_kinetics(), ['kinetics_skeleton', 's']),
        'kinetics_hrnet': (_hrnet(), ['kinetics_hrnet', 's']),
        'msr_action3d': ({'s/a13_s02_e03_skeleton3D.txt': '1.5 2 3 0\n' * 40}, ['msr_action3d', 's']),
        'utkinect': (_utkinect(), ['utkinect', 's']),
        'pickle, folder': (_pickles(), ['pickle', 's']),
        'sbu': ({'s/s01s02/03/001/skeleton_pos.txt': _sbu(), 's/s01s03/04/001/skeleton_pos.txt': _sbu()}, ['sbu', 's']),
        'sysu': (_sysu(), ['sysu', 's']),
        'hdm05': (_hdm05(), ['hdm05', 's']),
        'penn_action': (_penn(), ['penn_action', 's']),
        'frfs': (_frfs(), ['frfs', 's']),
        'amass': (_amass(), ['amass', 's']),
        'volleyball': (_volleyball(), ['volleyball', 's']),
        'nba': (_nba(), ['nba', 's']),
        'group_scenes': ({'a.pkl': pickle.dumps(_couples())}, [
            'group_scenes', 'a.pkl', '--train', '2', '--test', '1', '--frames', '4']),
    }


def _couples() -> dict:
    data = flat_file()
    for number, clip in enumerate(data['annotations']):
        clip.update(label=number % 2, keypoint=poses(1, seed=number), keypoint_score=np.ones((1, 4, 17), np.float32))
        clip.pop('track_id', None)
        clip.pop('objects', None)
    return data


def results(seed=0, **more) -> dict:
    """What `mmskel test` writes."""
    rng = np.random.default_rng(seed)
    clips = {}
    for i in range(6):
        scores = rng.dirichlet(np.ones(3))
        clips[f'clip{i}'] = dict(label=i % 3, prediction=int(scores.argmax()), scores=scores.tolist(),
                                 logits=np.log(scores).tolist())
    return dict(meta=dict(stream=('joint', 'bone')[seed % 2], config='a.py', split='xsub'), summary=dict(n=6.),
                class_names=['wave', 'kick', 'bow'], subsets=dict(clean=['clip0', 'clip1']), clips=clips, **more)
