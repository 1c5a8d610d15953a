"""The classifier with a hidden layer: the average before it, and what it has in common with MMAction2's heads."""
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from torch.nn import functional


def test_average_then_perceptron():
    torch.manual_seed(0)
    head = MODELS.build(dict(type='PerceptronHead', num_classes=5, in_channels=8, label_smooth_eps=0.05)).eval()
    x = torch.randn(2, 3, 8, 4, 1)
    scores = head(x)
    torch.testing.assert_close(scores, head.net(x.mean((1, 3, 4))))
    samples = [ActionDataSample().set_gt_label(label) for label in (0, 4)]
    expected = functional.cross_entropy(scores, torch.tensor([0, 4]), label_smoothing=0.05)
    torch.testing.assert_close(head.loss(x, samples)['loss_cls'], expected)
    predicted = head.predict(x, samples)
    torch.testing.assert_close(predicted[1].pred_score, scores[1].softmax(0))
