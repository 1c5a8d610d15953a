"""MP-GCN's door: the published inputs and their quirks, the normalised variant, slots, objects."""
import numpy as np
import pytest
import torch
from parity import load

from mmskel.models import PanoramaEncoder
from mmskel.models.encoders import append_objects, bone_angles, fill_slots

DESCRIPTION, ARRAYS, _ = load('mp_gcn_inputs')
LETTERS = dict(J='joint', V='joint_motion', B='bone', M='bone_motion', joint='joint')


@pytest.mark.parametrize('name', DESCRIPTION['model_kwargs'])
def test_published_inputs(name):
    arguments = DESCRIPTION['model_kwargs'][name]
    layout, _, persons = arguments['graph']['graph'].partition('-')
    persons, extended = int(persons or 1), arguments['inputs'].isupper()
    encoder = PanoramaEncoder('coco17', ['ball'] if 'ball' in layout else [], extended=extended,
                              streams=[LETTERS[x] for x in (arguments['inputs'] if extended else [arguments['inputs']])])
    x = encoder.encode(dict(keypoint=torch.from_numpy(ARRAYS[f'in_{name}__keypoint']).permute(3, 1, 2, 0)))
    slots, frames, nodes, channels = x.shape
    streams, graphs = len(encoder.stacked), slots // persons
    x = x.view(graphs, persons, frames, nodes, streams, channels // streams).permute(4, 5, 2, 1, 3, 0)
    x = x.reshape(streams, channels // streams, frames, persons * nodes, graphs)
    np.testing.assert_allclose(x, ARRAYS[f'out_{name}__x'], rtol=1e-6, atol=1e-6)


def clip(persons=3, frames=6, nodes=18, coords=2):
    torch.manual_seed(persons)
    return torch.rand(persons, frames, nodes, coords) * 400 + 100


def test_published_quirks():
    x = clip()
    x[1] = 0
    x[2, 3, 17] = 0  # the ball is not seen
    out = PanoramaEncoder('coco17', ['ball']).encode(dict(keypoint=x)).view(3, 6, 18, 4, 2, 2)
    joint, moved, bone, bent = out.unbind(3)
    assert not moved[:, -2:].any() and not bent[:, -2:].any() and moved[:, :-2].any()
    torch.testing.assert_close(bone[1, :, :, 1], torch.full((6, 18, 2), np.pi / 2))
    torch.testing.assert_close(bone[:, :, 0, 1], torch.full((3, 6, 2), np.pi / 2))  # the nose has no bone
    torch.testing.assert_close(joint[2, 3, 17, 1], -x[2, 3, 0])  # 0 - centre
    torch.testing.assert_close(moved[2, 2, 17, 0], -x[2, 2, 17])  # a spike where the ball vanishes
    assert not PanoramaEncoder('coco17', ['ball']).encode(dict(keypoint=x[:, :2])).view(3, 2, 18, 4, 2, 2)[:, :, :, 1].any()


def test_normalised_variant():
    x = clip()
    x[1] = 0
    x[2, 3, 17] = 0
    encoder = PanoramaEncoder('coco17', ['ball'], normalized=True)
    out = encoder.encode(dict(keypoint=x))
    # where the camera stands and how far it zooms no longer matters, and what is missing is zero everywhere
    moved = torch.where(x != 0, x * 3 + 50, 0)
    torch.testing.assert_close(encoder.encode(dict(keypoint=moved)), out, rtol=1e-4, atol=1e-4)
    assert not out[1].any() and not out[2, 3, 17].any()
    joint, motion, bone, bent = out.view(3, 6, 18, 4, 2, 2).unbind(3)
    seen = (x != 0).any(-1)
    assert joint[..., 0, :][seen].mean(0).abs().max() < 1e-5 and joint[..., 0, :][seen].square().mean() == pytest.approx(1, abs=1e-4)
    assert not motion[2, 2:4, 17, 0].any() and motion[0, 4, :, 0].any() and not motion[:, 5].any()
    assert motion[0, 3, :, 1].any() and not motion[0, 4, :, 1].any() and not bone[:, :, 0].any()
    assert torch.isfinite(out).all() and not encoder.encode(dict(keypoint=torch.zeros_like(x))).any()


def test_angles_equal_the_arc_cosine_in_double():
    torch.manual_seed(0)
    for coords in (2, 3, 4):
        bone = torch.randn(500, coords) * 100
        bone[::5, 1:] = 0  # along an axis
        wide = bone.double()
        exact = torch.arccos(wide / (wide.norm(dim=-1, keepdim=True) + 1e-4))
        torch.testing.assert_close(bone_angles(bone).double(), exact, rtol=2e-5, atol=2e-5)


def test_objects_and_scores():
    x, ball = clip(nodes=17), torch.rand(6, 1, 3)
    score = torch.rand(3, 6, 17)
    encoder = PanoramaEncoder('coco17', ['ball'], with_score=True)
    out = encoder.encode(dict(keypoint=x, keypoint_score=score, objects=ball))
    assert out.shape == (3, 6, 18, 24)
    whole = encoder.encode(dict(keypoint=append_objects(x, ball[..., :2]),
                                keypoint_score=torch.cat([score, ball[..., 2].expand(3, 6, 1)], -1)))
    torch.testing.assert_close(out, whole)
    torch.testing.assert_close(out[:, :, 17, 2], ball[None, :, 0, 2].expand(3, 6))
    assert encoder.encode(dict(keypoint=append_objects(x, ball[..., :2])))[..., 2].eq(1).all()  # nobody said how sure


def test_slots():
    x = clip(persons=4)
    score = torch.tensor([1., 3., 1., 2.])[:, None, None].expand(4, 6, 18)
    kept, kept_score = fill_slots(x, score, 3)
    assert torch.equal(kept, x[[0, 1, 3]]) and torch.equal(kept_score, score[[0, 1, 3]])  # of equals the earlier
    x[0, :, 5:] = 0
    assert torch.equal(fill_slots(x, None, 3)[0], x[1:])
    padded, padded_score = fill_slots(x, score, 6)
    assert torch.equal(padded[:4], x) and not padded[4:].any() and not padded_score[4:].any()
    batch = torch.stack([x, x.flip(0)])
    assert torch.equal(fill_slots(batch, None, 3)[0], torch.stack([x[1:], x.flip(0)[:3]]))
    assert PanoramaEncoder('coco17', ['ball'], num_person=12).encode(dict(keypoint=x)).shape == (12, 6, 18, 16)


def test_batch_of_a_loader():
    encoder = PanoramaEncoder('coco17', ['ball'], streams=['bone', 'joint'], extended=False)
    out = encoder(dict(inputs=dict(keypoint=[clip()[None], clip()[None]]), data_samples=None))
    assert out['inputs'].shape == (2, 1, 3, 6, 18, 4)
    torch.testing.assert_close(out['inputs'][0, 0, ..., :2], clip())


def test_errors():
    with pytest.raises(ValueError, match=r"17 nodes per person, .* \['ball'\] has 18; .*AddObjects"):
        PanoramaEncoder('coco17', ['ball']).encode(dict(keypoint=clip(nodes=17)))
    with pytest.raises(ValueError, match=r"unknown streams \['speed'\]; expected some of joint, joint_motion"):
        PanoramaEncoder('coco17', streams=['speed'])
