"""Motion capture: camera and crop, heat maps, network, searches and losses, as numbers."""
import pytest
import torch
from reference.motion_capture import plain_maps, plain_nearest_map, plain_visible

from mmskel.body import SMPL, BodyError, tube_body
from mmskel.body.capture import (
    BodyParameters,
    Camera,
    CropBox,
    MocapNet,
    heat_maps,
    losses,
    nearest_vertex_map,
    place,
    recentre,
    visible_vertices,
)
from mmskel.body.capture.camera import ROOT
from mmskel.body.capture.files import load_network, save_network


def some_body(frames=2, seed=0):
    generator = torch.Generator().manual_seed(seed)
    pose = 0.2 * torch.randn(frames, 24, 3, generator=generator)
    pose[:, 0] = torch.tensor(ROOT)
    turn = torch.tensor([0.1, 0.5, -0.2])
    return BodyParameters(torch.randn(frames, 10, generator=generator), pose,
                          torch.cat((turn.sin(), turn.cos())).expand(frames, 6), torch.tensor([[0.1, 0., 3.]]).expand(frames, 3))


def camera(size=64, frames=2):
    return Camera(torch.full((frames, 2), 500.), torch.full((frames, 2), (size - 1) / 2), torch.full((frames, ), 0.1))


@pytest.fixture(scope='module')
def smpl():
    return SMPL(tube_body('smpl'))


@pytest.mark.parametrize('step', [1, 3])
def test_visible_vertices_are_those_of_rays_in_space(smpl, step):
    for seed in range(3):
        vertices = place(smpl, some_body(1, seed)).vertices[0].double()
        found = visible_vertices(vertices, smpl.faces, step)
        assert torch.equal(found, plain_visible(vertices, smpl.faces.long(), step))
        assert 0.1 < found.double().mean() < 0.9


def test_triangles_behind_the_camera_hide_nothing(smpl):
    vertices = place(smpl, some_body(1)).vertices[0]
    both = torch.cat((vertices, vertices - torch.tensor([0., 0., 10.])))
    faces = torch.cat((smpl.faces, smpl.faces + len(vertices)))
    seen = visible_vertices(both, faces)
    assert torch.equal(seen[:len(vertices)], visible_vertices(vertices, smpl.faces)) and not seen[len(vertices):].any()


def test_nearest_vertex_map_and_its_gradient():
    torch.manual_seed(0)
    points, weights = (torch.rand(2, 40, 2) * 40 - 4).requires_grad_(), torch.rand(2, 24, 32)
    found, plain = nearest_vertex_map(points, 24, 32), plain_nearest_map(points, 24, 32)
    torch.testing.assert_close(found, plain)
    gradients = [torch.autograd.grad((one * weights).sum(), points)[0] for one in (found, plain)]
    torch.testing.assert_close(*gradients)


def test_heat_maps():
    points = torch.tensor([[[3.2, 17.9], [-1., 40.], [500., 3.]]]).double()
    maps = heat_maps(points, 32)
    torch.testing.assert_close(maps, plain_maps(points, 32))
    assert maps[0, 0].argmax() == 18 * 32 + 3 and maps[0, 2].sum() == 0
    assert not heat_maps(points, 32, torch.tensor([[False, True, True]]))[0, 0].any()


def test_the_crop_and_its_camera_agree():
    image = torch.zeros(3, 60, 80)
    image[:, 30, 50] = 1
    keypoints = torch.tensor([[50., 30.], [70., 10.], [66., 55.]])
    box = CropBox.around(keypoints, 32)
    crop = box.image(image)
    weights = crop[0] / crop[0].sum()
    y, x = (weights.sum(1) * torch.arange(32)).sum(), (weights.sum(0) * torch.arange(32)).sum()
    torch.testing.assert_close(torch.stack((x, y)), box.points(keypoints[0]), atol=0.15, rtol=0)
    torch.testing.assert_close(box.back(box.points(keypoints)), keypoints)
    inside = box.points(keypoints)
    assert inside.min() > 0 and inside.max() < 31
    assert CropBox(-500, -500, 40, 16).image(image).shape == (3, 16, 16) and CropBox(-500, -500, 40, 16).image(image).max() == 0
    with pytest.raises(BodyError, match='less than a pixel'):
        CropBox.around(keypoints[:1], 32)
    with pytest.raises(BodyError, match='none is seen'):
        CropBox.around(keypoints[:0], 32)


def test_a_new_centre_keeps_the_projection(smpl):
    body, old = some_body(), camera()
    joints = place(smpl, body._replace(trans=body.trans * 0)).joints
    wanted = old.project(joints + body.trans[:, None])
    new = old._replace(centre=old.centre + 0.5)
    trans = recentre(new, wanted, joints, body.trans[:, 2])
    assert (new.project(joints + trans[:, None]) - wanted).abs().max() < 0.5 / 2  # of the half pixel
    torch.testing.assert_close(recentre(old, wanted, joints, body.trans[:, 2]), body.trans, atol=1e-5, rtol=0)


def test_both_forms_of_the_rotation_turn_alike(smpl):
    body = some_body(1)
    straight = place(smpl, body)
    from mmskel.body.capture.camera import euler_matrices
    turn = euler_matrices(body.rotation)
    torch.testing.assert_close(turn @ turn.mT, torch.eye(3)[None], atol=1e-6, rtol=0)
    columns = body._replace(rotation=torch.cat((2 * turn[:, :, 0], turn[:, :, 1] + turn[:, :, 0]), 1))
    torch.testing.assert_close(place(smpl, columns, '6d').vertices, straight.vertices, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(place(smpl, body, skin=False).joints, straight.joints)


@pytest.mark.parametrize('rotation', ['euler', '6d'])
def test_network_starts_upright_and_three_metres_away(rotation, tmp_path):
    torch.manual_seed(0)
    net = MocapNet(32, 4, rotation=rotation, batch_statistics=False).eval()
    found = net(torch.rand(2, 3, 32, 32), heat_maps(torch.rand(2, 24, 2) * 32, 32), torch.full((2, ), 0.5), camera(32))
    assert (found.trans[:, 2] - 3).abs().max() < 0.5 and torch.equal(found.pose[:, 0], torch.tensor(ROOT).expand(2, 3))
    upright = (0., 0., 0., 1., 1., 1.) if rotation == 'euler' else (1., 0., 0., 0., 1., 0.)
    assert (found.rotation - torch.tensor(upright)).abs().max() < 0.2
    save_network(tmp_path / 'a.pth', net, dict(source='x'))
    again, meta = load_network(tmp_path / 'a.pth')
    assert again.rotation == rotation and meta['source'] == 'x' and not again.norms[0].batch_statistics
    assert all(torch.equal(a, b) for a, b in zip(again.state_dict().values(), net.state_dict().values()))


def test_batch_statistics_depend_on_the_batch_and_leave_the_moving_ones():
    torch.manual_seed(0)
    inputs = torch.rand(3, 3, 64, 64), heat_maps(torch.rand(3, 24, 2) * 64, 64), torch.zeros(3), camera(64, 3)
    net, kept = MocapNet(64, 4).eval(), None
    kept = [one.clone() for one in net.buffers()]
    two = net(inputs[0][:2], inputs[1][:2], inputs[2][:2], inputs[3].of(slice(2)))
    assert not torch.allclose(net(*inputs).pose[:2], two.pose)
    assert all(torch.equal(a, b) for a, b in zip(kept, net.buffers()))
    still = MocapNet(64, 4, batch_statistics=False).eval()
    torch.testing.assert_close(still(*inputs).pose[:2],
                               still(inputs[0][:2], inputs[1][:2], inputs[2][:2], inputs[3].of(slice(2))).pose)


def test_wrong_networks_and_files_are_refused(tmp_path):
    with pytest.raises(BodyError, match='multiple of 32'):
        MocapNet(100)
    with pytest.raises(BodyError, match='known: euler, 6d'):
        MocapNet(rotation='quaternion')
    with pytest.raises(BodyError, match='expected \\(N, 3, 32, 32\\)'):
        MocapNet(32, 2)(torch.rand(1, 3, 64, 64), torch.rand(1, 24, 32, 32), torch.zeros(1), camera(32, 1))
    torch.save(dict(state_dict=dict(a=torch.zeros(1))), tmp_path / 'b.pth')
    with pytest.raises(BodyError, match='holds no motion capture network'):
        load_network(tmp_path / 'b.pth')


def test_missing_keypoints_count_for_nothing_and_size_does_not_matter():
    found, seen = torch.rand(2, 5, 2) * 30, torch.rand(2, 5, 2) * 30
    score = torch.tensor([[1., 1., .5, 0., 1.], [0., 1., 1., 1., 1.]])
    loss = losses.keypoint_loss(found, seen, score, 32)
    seen[0, 3] = torch.nan
    torch.testing.assert_close(losses.keypoint_loss(found, seen, score, 32), loss)
    torch.testing.assert_close(losses.keypoint_loss(2 * found, 2 * seen, score, 64), loss)
    assert losses.keypoint_loss(found, seen, score * 0, 32) == 0


def test_flow_of_a_known_displacement_has_no_error():
    first, moved = torch.rand(20, 2) * 31, torch.tensor([1.5, -0.5])
    field, visible = moved.expand(32, 32, 2), torch.arange(20) % 2 == 0
    assert losses.flow_loss(first, first + moved, field, visible, 32) < 1e-6
    wrong = losses.flow_loss(first, first + moved + 1, field, visible, 32)
    torch.testing.assert_close(wrong, torch.tensor(1 / 32))  # over visible vertices; the published divisor is twice as large
    published = losses.published_flow_loss(first, first + moved + 1, moved.expand(20, 2), visible)
    torch.testing.assert_close(published, torch.tensor(0.5))
    assert losses.flow_loss(first, first, field, visible & False, 32) == 0


def test_silhouette_pulls_stray_vertices_to_the_mask():
    mask = torch.zeros(1, 64, 64, dtype=torch.bool)
    mask[0, 20:40, 20:40] = True
    distance = losses.distance_to_mask(mask)
    assert distance[0, 30, 50] == 11 and not losses.distance_to_mask(mask & False).any()
    inside = torch.stack(torch.meshgrid(torch.arange(20., 40), torch.arange(20., 40), indexing='ij'), -1).view(1, -1, 2)
    assert losses.silhouette_loss(inside, mask, distance) * 64 < 0.1
    points = torch.cat((inside, torch.tensor([[[55., 30.], [90., 30.]]])), 1).requires_grad_()
    losses.silhouette_loss(points, mask, distance).backward()
    gradient = points.grad[0, -2:, 0]
    assert (gradient > 0).all()  # downhill is to the left, where the mask is
    assert losses.silhouette_loss(points, mask & False, distance) == 0


def test_supervised_and_prior_losses_are_weighted_means():
    one = some_body()
    two = one._replace(betas=one.betas + 1, trans=one.trans + 2)
    torch.testing.assert_close(losses.supervised_loss(one, two), torch.tensor(0.05 + 0.4))
    expected = one.betas.square().mean() + one.pose[:, 1:].square().mean()
    torch.testing.assert_close(losses.prior_loss(one), expected)
    with pytest.raises(BodyError, match=r'expected \(C, H, W\)'):
        losses.sample(torch.zeros(3, 4), torch.zeros(1, 2))
