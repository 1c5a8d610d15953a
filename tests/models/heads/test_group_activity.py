"""The label of the group, those of its persons, and samples that have only the first."""
import pytest
import torch
from mmaction.models.heads import GCNHead
from mmaction.structures import ActionDataSample

from mmskel.models import GroupActivityHead


def samples(*person_labels):
    found = []
    for label in person_labels:
        sample = ActionDataSample().set_gt_label(1)
        if label is not None:
            sample.set_metainfo(dict(person_label=label, frame_dir='7/38025'))
        found.append(sample)
    return found


def test_the_group_alone_is_mmactions_head():
    torch.manual_seed(0)
    ours, theirs = GroupActivityHead(4, 8), GCNHead(4, 8)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 3, 8, 5, 7)
    torch.testing.assert_close(ours(x), theirs(x))
    assert set(ours.loss(x, samples(None, None))) == {'top1_acc', 'top5_acc', 'loss_cls'}
    ours.init_weights()
    assert 0 < float(ours.fc.weight.abs().max()) < 0.01


def test_actions_of_persons():
    torch.manual_seed(0)
    head, x = GroupActivityHead(4, 8, num_actions=3, action_weight=0.5), torch.randn(2, 3, 8, 5, 7, requires_grad=True)
    scores = head.action_scores(x)
    labels = [[0, -1, 2], None]
    losses = head.loss(x, samples(*labels))
    wanted = torch.nn.functional.cross_entropy(scores[0, [0, 2]], torch.tensor([0, 2]))
    torch.testing.assert_close(losses['loss_action'], wanted / 2)
    losses['loss_action'].backward()
    assert x.grad[0, [0, 2]].any() and not x.grad[0, 1].any() and not x.grad[1].any()
    nobody = head.loss(x, samples(None, [-1, -1, -1]))
    assert nobody['loss_action'] == 0 and nobody['loss_action'].requires_grad
    two_views = torch.cat([x, x]).detach()[[0, 2, 1, 3]]
    scores_of_views = head.action_scores(two_views)
    assert head._person_labels(samples(*labels), scores_of_views)[:, 0].tolist() == [0, 0, -1, -1]
    found = head.predict(two_views, samples(*labels))
    torch.testing.assert_close(found[1].pred_person_score, scores[1].softmax(-1))
    assert found[0].pred_score.shape == (4, )


def test_labels_that_do_not_fit():
    head = GroupActivityHead(4, 8, num_actions=3)
    with pytest.raises(ValueError, match=r"clip '7/38025': person_label \[0, 3, 1\] for 3 persons and 3 actions"):
        head.loss(torch.randn(1, 3, 8, 5, 7), samples([0, 3, 1]))
    with pytest.raises(ValueError, match='SetPersons keeps labels'):
        head.loss(torch.randn(1, 3, 8, 5, 7), samples([0, 1]))
