"""The two small real checkpoints beside the repository: the configs that read them; and models with random
weights, of any config of mmpose."""
from pathlib import Path

TINYPOSE_FILE = 'mmskel::_base_/pose/pp_tinypose_256x192.py'
TINYPOSE = (Path(__file__).parent.parent / 'configs/_base_/pose/pp_tinypose_256x192.py').read_text()
DETECTOR = 'mmpose::../demo/mmdetection_cfg/rtmdet_nano_320-8xb32_coco-person.py'


def small_models(weights: Path):
    """:class:`~mmskel.pose.models.PoseModels` of the two checkpoints in a folder."""
    from mmskel.pose.models import PoseModels
    return PoseModels(DETECTOR, str(weights / 'rtmdet_nano_person_320.pth'), TINYPOSE_FILE,
                      str(weights / 'pp_tinypose_256x192.pth'))


def random_weights(config: str | Path, path: Path, seed: int = 0) -> str:
    """Writes a checkpoint of random tensors for a config of mmpose; returns its name."""
    import torch
    from mmengine.registry import DefaultScope
    from mmpose.models import build_pose_estimator

    from mmskel.pose.loading import find_model_config
    torch.manual_seed(seed)
    cfg = find_model_config(config, 'pose_config')
    if cfg.model.get('init_cfg', {}).get('type') == 'Pretrained':  # would be downloaded
        cfg.model.pop('init_cfg')
    with DefaultScope.overwrite_default_scope('mmpose'):
        model = build_pose_estimator(cfg.model)
    model.init_weights()
    torch.save(dict(state_dict=model.state_dict()), path)
    return str(path)
