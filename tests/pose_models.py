"""The two small real checkpoints beside the repository: the configs that read them."""
from pathlib import Path

TINYPOSE = (Path(__file__).parent.parent / 'configs/_base_/pose/pp_tinypose_256x192.py').read_text()
DETECTOR = 'mmpose::../demo/mmdetection_cfg/rtmdet_nano_320-8xb32_coco-person.py'
