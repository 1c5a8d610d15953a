"""RGBPose-Conv3D: encoder, head and the repairs of MMAction2's network."""
import copy

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS, TRANSFORMS
from mmaction.structures import ActionDataSample

from mmskel.interop.rgbpose import pose_pathway, rgb_pathway

K = 4


def network(**more):
    torch.manual_seed(0)
    model = MODELS.build(dict(
        type='MMRecognizer3D', data_preprocessor=MODELS.build(dict(type='RGBPoseEncoder', layout='coco17')),
        backbone=dict(type='RGBPoseConv3D', rgb_pathway=rgb_pathway(8, (1, 1, 1, 1)),
                      pose_pathway=pose_pathway(17, 4, (1, 1, 1))),
        cls_head=dict(type='RGBPoseFusionHead', num_classes=K, in_channels=(256, 64), **more)))
    model.init_weights()
    return model


def batch(samples=2, views=1, labels=True):
    rng = torch.Generator().manual_seed(1)
    data = dict(inputs=dict(
        imgs=[torch.randint(0, 256, (views, 2, 64, 64, 3), generator=rng, dtype=torch.uint8) for _ in range(samples)],
        keypoint=[torch.rand(views, 1, 8, 17, 2, generator=rng) * 60 for _ in range(samples)],
        keypoint_score=[torch.ones(views, 1, 8, 17) for _ in range(samples)]), data_samples=[])
    for i in range(samples):
        sample = ActionDataSample(metainfo=dict(img_shape=(64, 64), frame_dir=str(i)))
        data['data_samples'].append(sample.set_gt_label(i % K) if labels else sample)
    return data


def test_encoder_normalises_pictures_and_draws_a_quarter_of_their_size():
    data = batch(views=3)
    inputs = network().data_preprocessor(copy.deepcopy(data))['inputs']
    assert inputs['imgs'].shape == (2, 3, 3, 2, 64, 64) and inputs['heatmap_imgs'].shape == (2, 3, 17, 8, 16, 16)
    pixel = data['inputs']['imgs'][1][2, 1, 5, 6].float()
    expected = (pixel - torch.tensor([123.675, 116.28, 103.53])) / torch.tensor([58.395, 57.12, 57.375])
    torch.testing.assert_close(inputs['imgs'][1, 2, :, 1, 5, 6], expected)
    x, y = (data['inputs']['keypoint'][0][0, 0, 3, 9] / 4).round().int().tolist()
    assert inputs['heatmap_imgs'][0, 0, 9, 3, y, x] > .5
    with pytest.raises(ValueError, match='different shapes'):
        data['inputs']['imgs'][0] = data['inputs']['imgs'][0][..., :32, :]
        network().data_preprocessor(data)
    with pytest.raises(ValueError, match='the samples have none'):
        del data['inputs']['imgs']
        network().data_preprocessor(data)


@pytest.mark.parametrize('samples', [1, 3, K])
def test_both_losses_reach_both_pathways(samples):
    """As many clips as classes is where MMAction2's head crashes."""
    model = network(dropout=0, loss_weights=1).train()
    data = model.data_preprocessor(batch(samples), True)
    losses = model(**data, mode='loss')
    assert {'rgb_loss_cls', 'pose_loss_cls', 'rgb_top1_acc', 'pose_top1_acc'} <= set(losses)
    total, _ = model.parse_losses(losses)
    assert torch.isclose(total, losses['rgb_loss_cls'] + losses['pose_loss_cls'])
    for stream, other in (('rgb', 'pose'), ('pose', 'rgb')):
        model.zero_grad()
        losses[f'{stream}_loss_cls'].backward(retain_graph=True)
        stems = {path: getattr(model.backbone, f'{path}_path').conv1.conv.weight.grad for path in (stream, other)}
        assert stems[stream].any() and stems[other].any(), 'the exchange carries gradients'


def test_loss_weights_and_soft_labels():
    feats = torch.randn(K, 256, 1, 2, 2), torch.randn(K, 64, 1, 2, 2)
    samples = batch(K)['data_samples']
    head = network(dropout=0).cls_head
    plain = head.loss(feats, samples)
    head.loss_weights = (2., 0.)
    weighted = head.loss(feats, samples)
    assert torch.isclose(weighted['rgb_loss_cls'], 2 * plain['rgb_loss_cls']) and weighted['pose_loss_cls'] == 0
    for i, sample in enumerate(samples):
        sample.set_gt_label(torch.nn.functional.one_hot(torch.tensor(i % K), K).float())
    head.loss_weights = (1., 1.)
    torch.testing.assert_close(head.loss(feats, samples)['rgb_loss_cls'], plain['rgb_loss_cls'])


@pytest.mark.parametrize('average', ['prob', 'score'])
def test_prediction_is_the_weighted_sum_and_each_head_is_kept(average):
    model = network(fusion_weights=(3, 1), average_clips=average).eval()
    for fc in (model.cls_head.fc_rgb, model.cls_head.fc_pose):
        torch.nn.init.normal_(fc.weight)
    with torch.no_grad():
        found = model.test_step(batch(views=3))
        inputs = model.data_preprocessor(batch(views=3))['inputs']
        raw = model.cls_head(model.backbone(*(x.flatten(0, 1) for x in inputs.values())))
    for i, sample in enumerate(found):
        parts = []
        for stream in ('rgb', 'pose'):
            views = raw[stream].view(2, 3, K)[i]
            parts.append(views.softmax(1).mean(0) if average == 'prob' else views.mean(0).softmax(0))
            torch.testing.assert_close(sample.stream_scores[stream], parts[-1])
        torch.testing.assert_close(sample.pred_score, .75 * parts[0] + .25 * parts[1])
        assert sample.pred_label == sample.pred_score.argmax() and torch.isclose(sample.pred_score.sum(), torch.tensor(1.))
    with pytest.raises(ValueError, match='fusion_weights'):
        network(fusion_weights=(0, 0))


def test_numbers_are_those_of_mmaction2s_head():
    ours = network(dropout=0.5).cls_head.eval()
    theirs = MODELS.build(dict(type='RGBPoseHead', num_classes=K, in_channels=(256, 64), average_clips='prob',
                               loss_weights=[1., 1.])).eval()
    theirs.load_state_dict(ours.state_dict())
    feats = torch.randn(6, 256, 1, 2, 2), torch.randn(6, 64, 1, 2, 2)
    samples = batch(6)['data_samples']
    expected, found = theirs.loss(feats, samples), ours.loss(feats, samples)
    assert set(expected) == set(found)
    for key in expected:
        torch.testing.assert_close(found[key], expected[key])
    expected = [s.pred_score for s in theirs.predict(feats, copy.deepcopy(samples[:3]))]
    for one, sample in zip(expected, ours.predict(feats, samples[:3])):
        torch.testing.assert_close(sample.stream_scores, one)


def test_repaired_freezing_takes_the_lateral_of_its_stage():
    def frozen(stages):
        path = network().backbone.rgb_path
        path.frozen_stages = stages
        path.train()
        return {name.partition('.')[0] for name, p in path.named_parameters() if not p.requires_grad}
    assert frozen(1) == {'conv1', 'layer1'}
    assert frozen(2) == {'conv1', 'layer1', 'layer2', 'layer2_lateral'}
    assert frozen(3) == {'conv1', 'layer1', 'layer2', 'layer2_lateral', 'layer3', 'layer3_lateral'}


def test_repaired_network_leaves_its_arguments_alone():
    rgb, pose = rgb_pathway(8, (1, 1, 1, 1)), pose_pathway(17, 4, (1, 1, 1))
    before = copy.deepcopy((rgb, pose))
    one = MODELS.get('RGBPoseConv3D')(None, 4, rgb_pathway=rgb, pose_pathway=pose)
    assert (rgb, pose) == before and one.rgb_path.speed_ratio == 4


def test_a_whole_test_clip_is_that_of_mmaction2s_pipeline_and_preprocessors():
    """From frames and joints to both inputs of the network; MMAction2 is handed our frames instead of decord's."""
    from mmengine.dataset import Compose, pseudo_collate
    from mmengine.registry import init_default_scope
    init_default_scope('mmaction')
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (50, 90, 120, 3), dtype=np.uint8)
    keypoint = rng.uniform(20, 110, (2, 50, 17, 2)).astype(np.float32)
    keypoint[1, 20:] = 0
    score = rng.uniform(0, 1, (2, 50, 17)).astype(np.float32)
    item = dict(frame_dir='a', total_frames=50, img_shape=(90, 120), label=1, keypoint=keypoint, keypoint_score=score)

    sampled = TRANSFORMS.get('MMUniformSampleFrames')(clip_len=dict(RGB=8, Pose=32), num_clips=2, test_mode=True)(
        dict(item, modality='Pose', start_index=0))
    data = dict(sampled, imgs=list(frames[sampled['RGB_inds']]), keypoint=keypoint[:, sampled['Pose_inds']],
                keypoint_score=score[:, sampled['Pose_inds']], modality=['RGB', 'Pose'])
    for step in (TRANSFORMS.get('MMCompact')(hw_ratio=1.), TRANSFORMS.get('Resize')(scale=(256, 256), keep_ratio=False),
                 TRANSFORMS.get('GeneratePoseTarget')(sigma=0.7, scaling=0.25), TRANSFORMS.get('FormatShape')(input_format='NCTHW'),
                 TRANSFORMS.get('PackActionInputs')(collect_keys=('imgs', 'heatmap_imgs'))):
        data = step(data)
    images = dict(type='ActionDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375],
                    format_shape='NCTHW')
    theirs = MODELS.build(dict(type='MultiModalDataPreprocessor', preprocessors=dict(
        imgs=images, heatmap_imgs=dict(type='ActionDataPreprocessor'))))(pseudo_collate([data]))['inputs']

    ours = Compose([
        dict(type='SampleVideoAndPose', num_clips=2, test_mode=True), dict(type='LoadClipFrames'),
        dict(type='CropToPersons', hw_ratio=1), dict(type='ResizeImage', size=(256, 256)),
        dict(type='PackSkeleton', with_frames=True)])(dict(item, video=frames[..., ::-1], rng=rng))
    ours = MODELS.build(dict(type='RGBPoseEncoder', layout='coco17'))(pseudo_collate([ours]))['inputs']
    for key in ('imgs', 'heatmap_imgs'):
        assert ours[key].shape == theirs[key].shape
        torch.testing.assert_close(ours[key], theirs[key].float(), rtol=0, atol=2e-6)
