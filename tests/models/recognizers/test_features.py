"""Features, pooled features and logits of any recogniser, and the one averaging of views."""
import numpy as np
import pytest
import torch
from mmaction.models.heads import GCNHead
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.registry import DefaultScope
from torch import nn

from mmskel.engine import SkeletonAccuracy
from mmskel.models.recognizers import (
    FeatureScorer,
    HeadScorer,
    average_views,
    network_output,
    pooled_features,
    predict_samples,
    recognise,
)

N, VIEWS, K = 2, 3, 5


def build(**cfg):
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmaction'):
        model = MODELS.build(cfg).eval()
    for layer in model.cls_head.modules():
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight)
    return model


def graph_network(head=None, **encoder):
    return build(type='RecognizerGCN', data_preprocessor=dict(type='StreamEncoder', layout='coco17', **encoder),
                 backbone=dict(type='SkeletonSTGCN', layout='coco17', in_channels=2, base_channels=4, num_stages=1),
                 cls_head=head or dict(type='GCNHead', num_classes=K, in_channels=4))


def stock_graph_network():
    return build(type='RecognizerGCN', data_preprocessor=None,
                 backbone=dict(type='STGCN', in_channels=2, base_channels=4, num_stages=1, inflate_stages=[],
                               down_stages=[], graph_cfg=dict(layout='coco', mode='stgcn_spatial')),
                 cls_head=dict(type='GCNHead', num_classes=K, in_channels=4))


def volume_network(head='I3DHead', **more):
    return build(type='Recognizer3D',
                 data_preprocessor=dict(type='HeatmapEncoder', layout='coco17', size=(16, 16)),
                 backbone=dict(type='C3DLight', in_channels=17, base_channels=2),
                 cls_head=dict(type=head, num_classes=K, in_channels=16, dropout_ratio=.5, **more))


def two_pathways(head='RGBPoseFusionHead'):
    pathway = dict(num_stages=4, lateral=True, base_channels=4, conv1_kernel=(1, 7, 7), inflate=(0, 0, 1, 1))
    return build(type='MMRecognizer3D', data_preprocessor=dict(type='RGBPoseEncoder', layout='coco17'),
                 backbone=dict(type='RGBPoseConv3D', pretrained=None, speed_ratio=4, channel_ratio=4,
                               rgb_pathway=dict(pathway, lateral_infl=1, lateral_activate=[0, 0, 1, 1],
                                                fusion_kernel=7),
                               pose_pathway=dict(num_stages=3, stage_blocks=(4, 6, 3), lateral=True, in_channels=17,
                                                 lateral_inv=True, lateral_infl=16, lateral_activate=(0, 1, 1),
                                                 out_indices=(2, ), conv1_kernel=(1, 7, 7), conv1_stride_s=1,
                                                 conv1_stride_t=1, pool1_stride_s=1, pool1_stride_t=1,
                                                 inflate=(0, 1, 1), spatial_strides=(2, 2, 2),
                                                 temporal_strides=(1, 1, 1), fusion_kernel=7, dilations=(1, 1, 1),
                                                 base_channels=2)),
                 cls_head=dict(type=head, num_classes=K, in_channels=(128, 32), average_clips='prob'))


def samples(n=N, **more):
    return [ActionDataSample(metainfo=dict(frame_dir=f'clip{i}', **more)).set_gt_label(i) for i in range(n)]


def joints(clips=VIEWS, n=N, frames=8):
    torch.manual_seed(1)
    keypoint = [12 * torch.rand(clips, 2, frames, 17, 2) for _ in range(n)]
    return dict(inputs=dict(keypoint=keypoint), data_samples=samples(n, img_shape=(16, 16)))


def stock_joints():
    return dict(inputs=joints()['inputs']['keypoint'], data_samples=samples())


def pictures_and_joints():
    batch = joints(1, frames=16)
    batch['inputs']['imgs'] = [torch.randint(0, 255, (1, 4, 32, 32, 3), dtype=torch.uint8) for _ in range(N)]
    batch['data_samples'] = samples(img_shape=(32, 32))
    return batch


CASES = {'ours': (graph_network, joints, VIEWS), "MMAction2's graph network": (stock_graph_network, stock_joints, VIEWS),
         'volumes': (volume_network, joints, VIEWS), 'RGB and pose': (two_pathways, pictures_and_joints, 1)}


@pytest.mark.parametrize('case', CASES)
def test_every_stage_has_a_row_per_view(case):
    network, batch, views = CASES[case]
    model = network()
    with torch.no_grad():
        features, pooled, logits = (recognise(model, batch(), stage) for stage in ('features', 'pooled', 'logits'))
        tested = model.test_step(batch())
    rows = N * views
    assert all(len(one) == rows for one in (features if isinstance(features, tuple) else [features]))
    if case == 'RGB and pose':
        assert pooled.shape == (rows, 160) and set(logits) == {'rgb', 'pose'} and logits['rgb'].shape == (rows, K)
        torch.testing.assert_close(pooled[:, :128], features[0].mean((2, 3, 4)))
        torch.testing.assert_close(model.cls_head.fc_pose(pooled[:, 128:]), logits['pose'])
        return
    mean = features.mean((2, 3, 4)) if case == 'volumes' else features.mean((3, 4)).mean(1)
    torch.testing.assert_close(pooled, mean)
    classifier = model.cls_head.fc_cls if case == 'volumes' else model.cls_head.fc
    torch.testing.assert_close(classifier(pooled), logits)
    together = average_views(logits.unflatten(0, (N, views)), model.cls_head.average_clips or 'prob')
    for sample, probability in zip(tested, together.probability):
        expected = sample.pred_score
        torch.testing.assert_close(expected if expected.ndim == 1 else expected.softmax(1).mean(0), probability)


@pytest.mark.parametrize('average', ['prob', 'score', None])
def test_predictions_have_the_heads_probabilities_and_the_logits(average):
    """Three views per clip: the mean of softmaxes is not the softmax of the mean."""
    model = graph_network(dict(type='GCNHead', num_classes=K, in_channels=4, average_clips=average))
    nn.init.normal_(model.cls_head.fc.weight, std=100.)
    with torch.no_grad():
        found = predict_samples(model, joints())
        raw = recognise(model, joints()).unflatten(0, (N, VIEWS))
        usual = GCNHead(K, 4, average_clips=average or 'prob').average_clip(raw.flatten(0, 1), num_segs=VIEWS)
        as_ever = model.test_step(joints())
    assert model.cls_head.average_clips == average, 'the head is left alone'
    metric = SkeletonAccuracy()
    metric.dataset_meta = {}
    metric.process({}, [dict(frame_dir=f'{i}', **{k: one.get(k) for k in ('pred_score', 'probability', 'logits', 'gt_label')})
                        for i, one in enumerate(found)])
    metric.compute_metrics(metric.results)
    np.testing.assert_array_equal(metric.last.scores, usual.softmax(1) if average == 'score' else usual)
    np.testing.assert_array_equal(metric.last.logits, raw.mean(1))
    for one, other in zip(found, as_ever):
        torch.testing.assert_close(one.pred_score, other.pred_score, rtol=0, atol=0)


class OwnAverage(GCNHead):

    def average_clip(self, cls_scores, num_segs=1):
        return cls_scores.unflatten(0, (-1, num_segs)).sigmoid().amax(1)


def test_a_head_that_averages_in_its_own_way_has_the_last_word():
    model = graph_network()
    model.cls_head = OwnAverage(K, 4)
    with torch.no_grad():
        found, expected = predict_samples(model, joints()), model.test_step(joints())
    for one, other in zip(found, expected):
        assert 'logits' not in one
        torch.testing.assert_close(one.probability, other.pred_score)


def test_several_heads_are_fused_or_refused():
    with torch.no_grad():
        found = predict_samples(two_pathways(), pictures_and_joints())
        expected = two_pathways().test_step(pictures_and_joints())
        for one, other in zip(found, expected):
            torch.testing.assert_close(one.probability, other.pred_score)
            assert set(one.stream_scores) == {'rgb', 'pose'}
        with pytest.raises(ValueError, match='predicts rgb and pose separately.*RGBPoseFusionHead'):
            predict_samples(two_pathways('RGBPoseHead'), pictures_and_joints())


class Convolving(GCNHead):

    def forward(self, x):
        return nn.functional.linear(x.mean((3, 4)).mean(1), self.fc.weight)


def test_what_a_recogniser_does_not_have_is_named():
    model = graph_network()
    with pytest.raises(ValueError, match="unknown stage 'neck'; known: features, pooled, logits"):
        recognise(model, joints(), 'neck')
    with pytest.raises(ValueError, match='a Linear is not a recogniser'):
        network_output(nn.Linear(1, 1), torch.ones(1))
    model.cls_head = Convolving(K, 4)
    with pytest.raises(ValueError, match='Convolving has no linear layer that takes 4 pooled channels'):
        recognise(model, joints(), 'pooled')
    del model.cls_head
    assert recognise(model, joints(), 'features').shape[0] == N * VIEWS
    with pytest.raises(ValueError, match="has no head, so it has no 'pooled'"):
        recognise(model, joints(), 'pooled')


def test_gradients_pass_the_door():
    model = graph_network()
    recognise(model, joints(), 'pooled').sum().backward()
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in model.backbone.parameters())


def test_scorers():
    model, names = graph_network(), ['a', 'b', 'c', 'd', 'e']
    with torch.no_grad():
        closed, pooled = HeadScorer()(model, joints(), names), pooled_features(model, joints())
        assert closed.shape == (N, K) and torch.allclose(closed.sum(1), torch.ones(N)) and pooled.shape == (N, 4)
        seen = []

        def classify(features, class_names):
            seen.append((features, class_names))
            return torch.full((len(features), len(class_names)), 1 / len(class_names))

        assert FeatureScorer(classify)(model, joints(), ['wave', 'kick']).shape == (N, 2)
    torch.testing.assert_close(seen[0][0], recognise(model, joints(), 'pooled').unflatten(0, (N, VIEWS)).mean(1).detach())
    assert seen[0][1] == ['wave', 'kick'] and FeatureScorer.open_vocabulary and not HeadScorer.open_vocabulary
