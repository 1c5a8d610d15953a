"""mmpose: drawing works without torchvision and with today's NumPy."""
import numpy as np
import pytest
import torch

from mmskel.compat.mmpose import ToPILImage


def test_grey_maps():
    grey = torch.tensor([[0., .5, 1.]])
    for tensor in (grey, grey[None]):
        image = ToPILImage()(tensor)
        assert image.mode == 'L' and np.asarray(image).tolist() == [[0, 127, 255]]


def test_simcc_heatmaps_are_drawn(repaired):
    from mmpose.visualization.simcc_vis import SimCCVisualizer
    heatmap = torch.zeros(3, 64, 48)
    heatmap[:, 20, 30] = 1
    blank = np.zeros((64, 48, 3), np.uint8)
    drawn = SimCCVisualizer().draw_instance_xy_heatmap(heatmap, blank)
    assert drawn.ndim == 3 and drawn.shape[2] == 3 and drawn.max() > 0


@pytest.mark.parametrize('backend', ['opencv', 'matplotlib'])
@pytest.mark.parametrize('alpha', [1., .5])
def test_keypoints_are_drawn(repaired, backend, alpha):
    from mmengine.structures import InstanceData
    from mmpose.datasets.datasets.utils import parse_pose_metainfo
    from mmpose.structures import PoseDataSample
    from mmpose.visualization import PoseLocalVisualizer
    visualizer = PoseLocalVisualizer(f'{backend}_{alpha}', backend=backend, alpha=alpha, radius=3)
    metainfo = dict(dataset_name='two', keypoint_info={
        i: dict(name=f'joint {i}', id=i, color=[255, 0, 0], type='', swap='') for i in range(2)
    }, skeleton_info={}, joint_weights=[1.] * 2, sigmas=[.1] * 2)
    visualizer.set_dataset_meta(parse_pose_metainfo(metainfo))
    keypoints = np.array([[[10., 10.], [30., 20.]]], np.float32)
    sample = PoseDataSample(pred_instances=InstanceData(
        keypoints=keypoints, keypoint_scores=np.ones((1, 2), np.float32)))
    image = np.zeros((40, 40, 3), np.uint8)
    drawn = visualizer.add_datasample('x', image, sample, draw_gt=False, draw_bbox=False)
    for x, y in keypoints[0].astype(int):
        assert drawn[y, x, 0] > 100 and drawn[y, x, 1:].max() < 60
    assert drawn[38, 5].max() == 0
