"""Adaptation: a copy learns the video's keypoints, masks and flow; the network it starts from stays."""
from dataclasses import replace

import pytest
import torch

from mmskel.body import SMPL, BodyError, tube_body
from mmskel.body.capture import BodyParameters, Camera, MocapNet, place
from mmskel.body.capture.adapt import AdaptOptions, LossWeights, Track, adapt, predict_track, self_supervised_loss
from mmskel.body.capture.camera import ROOT

SIZE, FRAMES = 32, 5


@pytest.fixture(scope='module')
def smpl():
    return SMPL(tube_body('smpl'))


@pytest.fixture(scope='module')
def track(smpl):
    """A body that turns and bends an arm, before an empty image, with exact keypoints, masks of its vertices, a flow."""
    pose, time = torch.zeros(FRAMES, 24, 3), torch.linspace(0, 0.6, FRAMES)
    pose[:, 0], pose[:, 18, 1] = torch.tensor(ROOT), time
    turn = torch.stack((0 * time, time, 0 * time), 1)
    body = BodyParameters(torch.zeros(FRAMES, 10), pose, torch.cat((turn.sin(), turn.cos()), 1),
                          torch.tensor([[0.2, 0.1, 4.]]).expand(FRAMES, 3))
    camera = Camera(torch.full((FRAMES, 2), 500.), torch.full((FRAMES, 2), (SIZE - 1) / 2), torch.full((FRAMES, ), 0.1))
    placed = place(smpl, body)
    masks = torch.zeros(FRAMES, SIZE, SIZE, dtype=torch.bool)
    for mask, points in zip(masks, camera.project(placed.vertices).round().long().clamp(0, SIZE - 1)):
        mask[points[:, 1], points[:, 0]] = True
    return Track(torch.zeros(FRAMES, 3, SIZE, SIZE), camera.project(placed.joints), torch.ones(FRAMES, 24), camera,
                 masks=masks, flow=torch.ones(FRAMES - 1, SIZE, SIZE, 2))


@pytest.fixture
def network():
    torch.manual_seed(0)
    return MocapNet(SIZE, 4, batch_statistics=False, rotation='6d')


def error(network, smpl, track):
    return (track.camera.project(predict_track(network, smpl, track, skin=False)[1].joints) - track.keypoints).norm(dim=-1).mean()


def test_adaptation_lowers_the_error_and_leaves_the_network(smpl, track, network):
    before, kept = error(network, smpl, track), [one.clone() for one in network.state_dict().values()]
    plain = replace(track, masks=None, flow=None)
    found = adapt(network, smpl, plain, AdaptOptions(steps=40, lr=1e-3))
    after = (track.camera.project(found.placed.joints) - track.keypoints).norm(dim=-1).mean()
    assert after < 0.5 * before and found.losses[-1] < found.losses[0] and len(found.losses) == 40
    assert found.placed.vertices.shape == (FRAMES, 414, 3)
    assert all(torch.equal(a, b) for a, b in zip(kept, network.state_dict().values()))
    torch.testing.assert_close(error(found.network, smpl, track), after)
    again = adapt(network, smpl, plain, AdaptOptions(steps=3, lr=1e-3)).losses
    assert again == found.losses[:3]


def test_what_is_missing_has_no_part_in_the_loss(smpl, track, network):
    network.eval()
    first = torch.tensor([0, 2])
    hidden = track.score.clone()
    hidden[:, 5] = 0
    lost = track.keypoints.clone()
    lost[:, 5] = torch.nan
    plain = replace(track, score=hidden, masks=None, flow=None)
    loss = self_supervised_loss(network, smpl, plain, first)
    torch.testing.assert_close(self_supervised_loss(network, smpl, replace(plain, keypoints=lost), first), loss)
    for term, part in (('silhouette', dict(masks=track.masks)), ('flow', dict(flow=track.flow))):
        assert self_supervised_loss(network, smpl, replace(plain, **part), first) > loss, term
        without = AdaptOptions(weights=LossWeights()._replace(**{term: 0.}))
        torch.testing.assert_close(self_supervised_loss(network, smpl, replace(plain, **part), first, without), loss)


def test_one_frame_has_no_pair(smpl, track, network):
    one = Track(track.images[:1], track.keypoints[:1], track.score[:1], track.camera.of(slice(1)))
    found = adapt(network, smpl, one, AdaptOptions(steps=2))
    assert found.body.trans.shape == (1, 3) and len(found.losses) == 2


def test_it_stops_when_nothing_is_gained(smpl, track, network):
    plain = replace(track, masks=None, flow=None)
    assert len(adapt(network, smpl, plain, AdaptOptions(steps=50, lr=0., window=5, pairs=4)).losses) == 10


def test_wrong_tracks_are_refused(smpl, track, network):
    with pytest.raises(BodyError, match=r'score of a track has shape \(5, 23\)'):
        replace(track, score=track.score[:, :23])
    with pytest.raises(BodyError, match='camera is of 2 crops'):
        replace(track, camera=track.camera.of(slice(2)))
    with pytest.raises(BodyError, match='nothing to adapt to'):
        adapt(network, smpl, replace(track, score=track.score * 0))
    with pytest.raises(BodyError, match='no longer gives finite'):
        adapt(network, smpl, track, AdaptOptions(steps=5, lr=1e30))
