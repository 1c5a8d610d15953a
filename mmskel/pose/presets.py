"""Named pairs of detector and pose model: what ``--preset`` means."""
from __future__ import annotations

from dataclasses import dataclass

_RTMPOSE = 'https://download.openmmlab.com/mmpose/v1/projects/rtmposev1'
_NANO = ('https://download.openmmlab.com/mmpose/v1/projects/rtmpose/'
         'rtmdet_nano_8xb32-100e_coco-obj365-person-05d8511e.pth')
_MEDIUM = f'{_RTMPOSE}/rtmdet_m_8xb32-100e_coco-obj365-person-235e8209.pth'
_DETECTORS = 'mmpose::../demo/mmdetection_cfg'
_BODY8 = 'mmpose::body_2d_keypoint/rtmpose/body8'


@dataclass(frozen=True)
class PoseModelPreset:
    """A person detector and a pose model, each as config and weights.

    Configs are those that come with the installed mmpose; weights are URLs that are downloaded once and then kept in
    PyTorch's cache, or files.
    """
    det_config: str
    det_weights: str
    pose_config: str
    pose_weights: str


PRESETS = {
    'lightweight': PoseModelPreset(
        f'{_DETECTORS}/rtmdet_nano_320-8xb32_coco-person.py', _NANO,
        f'{_BODY8}/rtmpose-t_8xb256-420e_body8-256x192.py',
        f'{_RTMPOSE}/rtmpose-t_simcc-body7_pt-body7_420e-256x192-026a1439_20230504.pth'),
    'balanced': PoseModelPreset(
        f'{_DETECTORS}/rtmdet_m_640-8xb32_coco-person.py', _MEDIUM,
        f'{_BODY8}/rtmpose-m_8xb256-420e_body8-256x192.py',
        f'{_RTMPOSE}/rtmpose-m_simcc-body7_pt-body7_420e-256x192-e48f03d0_20230504.pth'),
    'performance': PoseModelPreset(
        f'{_DETECTORS}/rtmdet_m_640-8xb32_coco-person.py', _MEDIUM,
        f'{_BODY8}/rtmpose-l_8xb256-420e_body8-384x288.py',
        f'{_RTMPOSE}/rtmpose-l_simcc-body7_pt-body7_420e-384x288-3f5a1437_20230504.pth'),
    'hand': PoseModelPreset(
        f'{_DETECTORS}/rtmdet_nano_320-8xb32_hand.py', f'{_RTMPOSE}/rtmdet_nano_8xb32-300e_hand-267f9c8f.pth',
        'mmpose::hand_2d_keypoint/rtmpose/hand5/rtmpose-m_8xb256-210e_hand5-256x256.py',
        f'{_RTMPOSE}/rtmpose-m_simcc-hand5_pt-aic-coco_210e-256x256-74fb594_20230320.pth'),
}
