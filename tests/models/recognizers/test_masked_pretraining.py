"""Masked pretraining: masks, loss, the samples' errors, what a recogniser continues with."""
import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from reference.cascadeformer import mask_in_a_loop, masked_loss
from torch import nn

from mmskel.engine import ReconstructionError
from mmskel.files.errors import UserError
from mmskel.models.losses import MaskedMSELoss
from mmskel.models.recognizers import draw_mask
from mmskel.models.recognizers.masked_pretraining import hide

BACKBONE = dict(type='CascadeFormer', layout='penn13', in_channels=2, channels=16, num_heads=2, num_layers=1, cascade=False)


def build(**options):
    torch.manual_seed(0)
    return MODELS.build(dict(type='MaskedPretraining', backbone=dict(BACKBONE, **options.pop('backbone', {})), **options))


def samples(number):
    return [ActionDataSample() for _ in range(number)]


def test_as_many_places_as_in_the_published_loop():
    torch.manual_seed(0)
    for shape in ((5, 24, 13), (3, 7, 3), (2, 1, 1), (2, 1, 3)):
        found = draw_mask(shape, 0.3)
        expected = mask_in_a_loop(*shape, 0.3, torch.Generator().manual_seed(0))
        assert found.shape == shape and found.dtype == torch.bool
        assert found.sum((1, 2)).tolist() == [max(int(n), 1) for n in expected.sum((1, 2))]


def test_every_place_is_as_likely():
    torch.manual_seed(0)
    share = torch.stack([draw_mask((50, 4, 5), 0.3) for _ in range(100)]).float().mean((0, 1))
    assert (share - 0.3).abs().max() < 0.03
    assert not torch.equal(*draw_mask((2, 24, 13), 0.3))


def test_nothing_is_hidden_in_padding():
    padding = torch.tensor([[False] * 10, [False] * 4 + [True] * 6])
    found = draw_mask((2, 10, 5), 0.3, padding)
    assert found.sum((1, 2)).tolist() == [15, 6] and not found[1, 4:].any()


def test_loss_counts_hidden_coordinates_of_the_whole_batch():
    torch.manual_seed(0)
    found, wanted, hidden = torch.randn(3, 4, 5, 2), torch.randn(3, 4, 5, 2), draw_mask((3, 4, 5), 0.3)
    torch.testing.assert_close(MaskedMSELoss()(found, wanted, hidden), masked_loss(found, wanted, hidden))
    hidden = torch.zeros(1, 1, 2, dtype=torch.bool)
    hidden[0, 0, 1] = True
    x = torch.tensor([[[[9., 9.], [1., 2.]]]])
    assert float(MaskedMSELoss(loss_weight=2)(torch.zeros_like(x), x, hidden)) == pytest.approx(2 * 2.5)
    assert hide(x, hidden).tolist() == [[[[9, 9], [0, 0]]]]


@pytest.mark.parametrize('mask', ['joint', 'frame', 'none'])
@pytest.mark.parametrize('decoder', ['linear', 'mlp', 'residual'])
def test_masks_and_decoders(mask, decoder):
    model = build(mask=mask, decoder=decoder).train()
    x = torch.randn(3, 1, 1, 10, 13, 2)
    hidden = model.draw(x[:, 0, 0])
    share = dict(joint=39 / 130, frame=0.3, none=1)[mask]
    assert float(hidden.float().mean()) == pytest.approx(share)
    if mask == 'frame':
        assert torch.equal(hidden.all(2), hidden.any(2))
    loss = model(x, None, 'loss')['loss_reconstruction']
    loss.backward()
    assert torch.isfinite(loss) and all(p.grad is not None for p in model.parameters())
    assert model(x).shape == x.shape


def test_it_learns():
    torch.manual_seed(0)
    model = build(backbone=dict(dropout=0.)).train()
    x = torch.linspace(-1, 1, 13)[:, None].expand(4, 1, 1, 8, 13, 2)  # always the same pose
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    losses = []
    for _ in range(30):
        optimizer.zero_grad()
        losses.append(model(x, None, 'loss')['loss_reconstruction'])
        losses[-1].backward()
        optimizer.step()
    assert losses[-1] < losses[0] / 10


def test_errors_of_clips_do_not_depend_on_the_batch_and_need_no_labels():
    model = build().eval()
    x = torch.randn(3, 1, 2, 6, 13, 2)
    x[1, :, 1] = 0  # nobody beside the first person
    with torch.no_grad():
        whole = [sample.hidden_error for sample in model(x, samples(3), 'predict')]
        alone = model(x[1:2], samples(1), 'predict')[0].hidden_error
    torch.testing.assert_close(whole[1], alone)
    assert [int(error[1]) for error in whole] == [2 * 46, 46, 2 * 46]
    metric = ReconstructionError()
    metric.process({}, [dict(hidden_error=error) for error in whole])
    total = torch.stack(whole).sum(0)
    assert metric.evaluate(3) == {'reconstruction/error': pytest.approx(float(total[0] / total[1]), rel=1e-6)}
    with pytest.raises(UserError, match='metric of MaskedPretraining'):
        metric.process({}, [dict(pred_score=0)])


def test_a_recogniser_continues_with_its_weights():
    model = build()
    fine = MODELS.build(dict(type='RecognizerGCN', data_preprocessor=nn.Identity(), backbone=dict(BACKBONE, cascade=True),
                             cls_head=dict(type='GCNHead', num_classes=3, in_channels=16, init_cfg=None)))
    missing, unexpected = fine.load_state_dict(model.state_dict(), strict=False)
    assert all(key.startswith(('backbone.t2.', 'backbone.cross.', 'cls_head.')) for key in missing)
    assert sorted(unexpected) == ['decoder.bias', 'decoder.weight']


def test_what_is_no_encoder_of_frame_tokens_is_refused():
    with pytest.raises(ValueError, match='SkeletonSTGCN is not an encoder of frame tokens: it has no arrange'):
        MODELS.build(dict(type='MaskedPretraining', backbone=dict(type='SkeletonSTGCN', layout='coco17', in_channels=2)))
    with pytest.raises(ValueError, match='mask must be one of joint, frame, none'):
        build(mask='bone')
    with pytest.raises(ValueError, match='mask_ratio must be between 0 and 1'):
        build(mask_ratio=1.)
    with pytest.raises(ValueError, match="mode must be 'loss'"):
        build()(torch.randn(1, 1, 1, 4, 13, 2), None, 'test')
