"""What each repair is for, tried without it and then with it, in one process.

Prints ``{'package: name': [outcome without, outcome with, state]}`` as JSON, an outcome being 'ok'
or the error. The repairs are added one after the other, so each check runs with those before it.
"""
import importlib.machinery
import importlib.util
import json
import os
import sys
import tempfile

import bare_mmskel  # noqa: F401
import numpy as np

from mmskel.compat import REPAIRS, repair

HAS_XTCOCOTOOLS = importlib.util.find_spec('xtcocotools') is not None


def look_up():
    import mmengine.config.config
    import mmengine.utils
    for module in (mmengine.utils, mmengine.config.config):
        path = module.get_installed_path('mmaction2')
        assert os.path.basename(path) == 'mmaction', path
    assert mmengine.utils.is_installed('numpy')
    assert mmengine.utils.is_installed('json')  # a module, but no distribution
    assert not mmengine.utils.is_installed('no_such_package')


def resume():
    import torch
    from mmengine.logging import HistoryBuffer
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'checkpoint.pth')
        torch.save(dict(loss=HistoryBuffer([3., 1.], [1, 1])), path)
        assert torch.load(path)['loss'].statistics('mean') == 2


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path, )


def safe_loading():
    import torch
    from mmengine.runner.checkpoint import CheckpointLoader
    with tempfile.TemporaryDirectory() as folder:
        path, marker = os.path.join(folder, 'checkpoint.pth'), os.path.join(folder, 'ran')
        torch.save(dict(state_dict={}, trap=Trap(marker)), path)
        os.environ['TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD'] = '1'
        try:
            CheckpointLoader.load_checkpoint(path)
        except ValueError:
            pass
        finally:
            del os.environ['TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD']
        assert not os.path.exists(marker), 'the checkpoint ran code'


def moved():
    from mmengine.runner import find_latest_checkpoint
    with tempfile.TemporaryDirectory() as folder:
        here = os.path.join(folder, 'epoch_1.pth')
        open(here, 'w').close()
        with open(os.path.join(folder, 'last_checkpoint'), 'w') as marker:
            marker.write('/where/it/was/epoch_1.pth')
        assert find_latest_checkpoint(folder) == here, 'it looks where the work dir was'


def config_reference():
    from mmengine.config.utils import _get_package_and_cfg_path
    assert _get_package_and_cfg_path('mmskel::hdgcn/joint.py') == ('mmskel', 'hdgcn/joint.py')


def config_scope():
    from mmengine.config import Config
    assert Config._get_cfg_path('mmskel::stgcn/stgcn_nwucla.py', '')[1] == 'mmaction'


def operators():
    import torch
    from mmcv.ops import nms
    boxes = torch.tensor([[0., 0., 4., 4.], [0., 0., 4., 3.], [9., 9., 10., 10.]])
    assert nms(boxes, torch.tensor([.5, .6, .1]), .5)[1].tolist() == [1, 2]


def import_mmaction():
    import mmaction.models
    assert mmaction.models.DRN is not None


def import_mmaction_beside_transformers():
    import importlib
    from pathlib import Path

    from mmaction.registry import MODELS
    with tempfile.TemporaryDirectory() as folder:  # a transformers that lost its old names
        for name, text in {'transformers/__init__.py': '', 'transformers/modeling_utils.py': '',
                           'transformers-5.17.0.dist-info/METADATA':
                           'Metadata-Version: 2.1\nName: transformers\nVersion: 5.17.0\n'}.items():
            path = Path(folder, name)
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        sys.path.insert(0, folder)
        for name in [n for n in sys.modules if n.startswith(('mmaction.models.multimodal', 'transformers',
                                                             'mmaction.utils.dependency'))]:
            del sys.modules[name]
        for name in ('VindLUVQA', 'VindLURetrievalMC', 'VindLURetrieval'):
            MODELS._module_dict.pop(name, None)
        try:
            importlib.import_module('mmaction.models.multimodal')
        finally:
            sys.path.remove(folder)


def numpy_names_of_mmaction():
    from mmaction.datasets.transforms import PoseCompact
    from mmaction.evaluation.functional import average_recall_at_avg_proposals
    from mmaction.evaluation.metrics import RetrievalRecall
    keypoint = np.array([[[[20., 40.], [60., 80.]]]])
    results = PoseCompact(padding=0., threshold=1)(dict(img_shape=(100, 100), keypoint=keypoint))
    assert results['img_shape'] == (40, 40), results['img_shape']
    span, found = {'v': np.array([[0., 1.]])}, {'v': np.array([[0., 1., .9]])}
    assert average_recall_at_avg_proposals(span, found, 1, 100)[3] > 0
    assert RetrievalRecall.calculate([[0, 1]], [[1]], topk=2, pred_indices=True,
                                     target_indices=True) == [100]


def freezing():
    from mmaction.models import RGBPoseConv3D
    path = RGBPoseConv3D(rgb_pathway=dict(pathways()[0], frozen_stages=3), pose_pathway=pathways()[1]).rgb_path
    path.train()
    assert not any(p.requires_grad for p in path.layer3_lateral.parameters())


def pathways():
    return [dict(num_stages=4, stage_blocks=(1, 1, 1, 1), lateral=True, lateral_infl=1, lateral_activate=(0, 0, 1, 1),
                 base_channels=8),
            dict(num_stages=3, stage_blocks=(1, 1, 1), lateral=True, lateral_inv=True, lateral_infl=16,
                 lateral_activate=(0, 1, 1), base_channels=4, in_channels=17, out_indices=(2, ), inflate=(0, 1, 1),
                 spatial_strides=(2, 2, 2), temporal_strides=(1, 1, 1), dilations=(1, 1, 1))]


def arguments():
    from mmaction.models import RGBPoseConv3D
    given = pathways()
    RGBPoseConv3D(rgb_pathway=given[0], pose_pathway=given[1])
    assert given == pathways(), 'its arguments have changed'


def modes():
    from mmaction.models import ResNet3dSlowOnly
    assert ResNet3dSlowOnly(depth=50, pretrained=None, base_channels=8).eval() is not None, 'no network'


def numpy_names_of_mmdet():
    from mmdet.evaluation.functional import ytviseval
    assert np.ones(1, bool).astype(ytviseval.np.float).dtype == np.float64


def borrowed_mask():
    if not HAS_XTCOCOTOOLS:
        return
    import xtcocotools.mask
    mask = np.asfortranarray(np.eye(4, dtype=np.uint8))
    assert (xtcocotools.mask.decode(xtcocotools.mask.encode(mask)) == mask).all()


def mmpose_without_torchvision():
    import mmpose.visualization
    assert mmpose.visualization.PoseLocalVisualizer is not None


def radius():
    from mmpose.visualization.opencv_backend_visualizer import OpencvBackendVisualizer
    visualizer = OpencvBackendVisualizer(backend='opencv')
    visualizer.set_image(np.zeros((9, 9, 3), np.uint8))
    visualizer.draw_circles(np.array([4., 4.]), np.array([2]), face_colors=(0, 0, 255))
    assert (visualizer.get_image()[4, 4] == (0, 0, 255)).all()
    assert (visualizer.get_image()[0, 0] == 0).all()


class WithoutXtcocotools:
    """``sys.path`` without xtcocotools, as on a Python that it has no wheel for."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition('.')[0] == 'xtcocotools':
            return None
        return importlib.machinery.PathFinder.find_spec(name, path, target)


def stand_in():
    finders = sys.meta_path
    sys.meta_path = [WithoutXtcocotools if finder is importlib.machinery.PathFinder else finder
                     for finder in finders]
    for name in [name for name in sys.modules if name.partition('.')[0] == 'xtcocotools']:
        del sys.modules[name]
    try:
        from xtcocotools.coco import COCO
        from xtcocotools.cocoeval import COCOeval
        assert COCO(ann_data=dict(annotations=[dict(id=0, image_id=0)])).anns[0]['iscrowd'] is False
        assert COCOeval(None, None, 'keypoints', np.ones(3)).params.kpt_oks_sigmas.sum() == 3
    finally:
        if repair.LAST_RESORT not in finders and repair.LAST_RESORT in sys.meta_path:
            finders.append(repair.LAST_RESORT)
        sys.meta_path = finders


CHECKS = {
    'mmengine: package look-up without pkg_resources': look_up,
    'mmengine: resume with safe loading': resume,
    'mmengine: safe loading of every checkpoint': safe_loading,
    'mmengine: resume in a moved work dir': moved,
    'mmengine: mmskel:: config references': config_reference,
    'mmengine: scope of mmskel:: configs': config_scope,
    'mmcv: operators without compiling': operators,
    'mmaction: the missing DRN module': import_mmaction,
    'mmaction: transformers without its old names': import_mmaction_beside_transformers,
    'mmaction: names that NumPy dropped': numpy_names_of_mmaction,
    'mmaction: frozen stages of pathways with lateral connections': freezing,
    'mmaction: RGBPoseConv3D without traces in its arguments': arguments,
    'mmaction: networks whose train() and eval() return nothing': modes,
    'mmdet: names that NumPy dropped': numpy_names_of_mmdet,
    'xtcocotools: extension module built for NumPy 1': borrowed_mask,
    'mmpose: drawing without torchvision': mmpose_without_torchvision,
    'mmpose: radius of drawn keypoints': radius,
    'xtcocotools: no wheel for this Python': stand_in,
}


def attempt(check):
    try:
        check()
    except Exception as error:
        return f'{type(error).__name__}: {error}'
    return 'ok'


def main():
    repairs = {f'{r.package}: {r.name}': r for r in REPAIRS}
    outcomes = {}
    # Where xtcocotools is absent, mmpose needs the stand-in; elsewhere its check comes last,
    # because it hides the real one.
    last = 'xtcocotools: no wheel for this Python'
    order = sorted(CHECKS, key=lambda name: HAS_XTCOCOTOOLS == (name == last))
    for name in order:
        check = CHECKS[name]
        without = attempt(check)
        repair.install([repairs[name]])
        outcome = attempt(check)
        outcomes[name] = [without, outcome, repair.status([repairs[name]])[0].state]
    print('OUTCOMES', json.dumps(outcomes))


if __name__ == '__main__':
    main()
