import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.registry import init_default_scope

from mmskel.models.losses import KernelPenalty

MODEL = dict(
    type='PenalisedRecognizer', data_preprocessor=dict(type='SeriesEncoder', layout='kinect20'),
    backbone=dict(type='Ensemble1DCNN', layout='kinect20', num_person=1, base_channels=4),
    cls_head=dict(type='StreamProductHead', num_classes=3, in_channels=16),
    penalties=[dict(type='KernelPenalty', kernels=('backbone.*stem.weight', 'backbone.*convs.?.weight',
                                                   'backbone.*down.weight'), l1=1e-4)])


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmaction')


def test_only_the_named_kernels_count_and_the_rest_gets_no_gradient():
    model = MODELS.build(MODEL)
    penalty = model.penalties[0]
    kernels = [m.weight for m in model.modules() if isinstance(m, torch.nn.Conv1d)]
    assert len(kernels) == 12
    expected = 1e-4 * sum(k.abs().sum() for k in kernels)
    torch.testing.assert_close(penalty(model), expected)
    penalty(model).backward()
    assert {id(p) for p in model.parameters() if p.grad is not None} == set(map(id, kernels))
    torch.testing.assert_close(kernels[0].grad, 1e-4 * kernels[0].sign())


def test_l2_is_a_weight_decay_of_twice_its_value():
    layer = torch.nn.Linear(3, 2)
    KernelPenalty(['weight'], l2=1e-4)(layer).backward()
    torch.testing.assert_close(layer.weight.grad, 2e-4 * layer.weight)


def test_the_recogniser_adds_it_to_its_losses():
    model = MODELS.build(MODEL)
    samples = [ActionDataSample().set_gt_label(i) for i in range(2)]
    losses = model.loss(torch.randn(2, 1, 1, 9, 20, 3), samples)
    torch.testing.assert_close(losses['loss_penalty'], model.penalties[0](model))
    total, _ = model.parse_losses(losses)
    torch.testing.assert_close(total, losses['loss_cls'] + losses['loss_penalty'])


def test_mistakes_show_at_once():
    wrong = dict(MODEL, penalties=[dict(type='KernelPenalty', kernels=('backbone.kernels', ), l1=1.)])
    with pytest.raises(ValueError, match="no parameter of PenalisedRecognizer is called 'backbone.kernels'"):
        MODELS.build(wrong)
    with pytest.raises(ValueError, match='positive l1 or l2'):
        KernelPenalty(['weight'])
