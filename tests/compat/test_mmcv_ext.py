"""The operators' stand-ins give the right numbers and gradients, through mmcv's own functions."""
import math
import types

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mmskel.compat.mmcv_ext import boxes as boxes_module
from mmskel.compat.mmcv_ext import roi_align as roi_align_module
from mmskel.compat.mmcv_ext.torchvision_ops import torchvision_ops

ROIS = torch.tensor([[0., 2, 3, 21, 17], [1, -9, 4, 30, 40], [1, 5, 5, 5.5, 5.5]],
                    dtype=torch.double)


@pytest.fixture(scope='module')
def ops(repaired):
    import mmcv._ext
    import mmcv.ops
    if getattr(mmcv._ext, '__file__', None):
        pytest.skip('a compiled mmcv is installed')
    return mmcv.ops


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    """Without torchvision's kernels, which are tried on their own."""
    monkeypatch.setattr(boxes_module, 'torchvision_ops', lambda: None)
    monkeypatch.setattr(roi_align_module, 'torchvision_ops', lambda: None)


def rand(*shape, seed=0, dtype=torch.float32):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def random_boxes(n, seed=0, size=100.):
    corner, extent = rand(n, 2, seed=seed) * size, rand(n, 2, seed=seed + 1) * size / 3 + 1
    return torch.cat((corner, corner + extent), 1)


def iou(a, b, offset=0):
    w = min(a[2], b[2]) - max(a[0], b[0]) + offset
    h = min(a[3], b[3]) - max(a[1], b[1]) + offset
    inter = max(w, 0) * max(h, 0)

    def area(box):
        return (box[2] - box[0] + offset) * (box[3] - box[1] + offset)

    return inter / (area(a) + area(b) - inter)


def brute_nms(boxes, scores, threshold, offset=0):
    kept = []
    for i in sorted(range(len(boxes)), key=lambda i: -scores[i]):
        if all(iou(boxes[i], boxes[k], offset) <= threshold for k in kept):
            kept.append(i)
    return kept


@pytest.mark.parametrize('n, offset, threshold', [(0, 0, .5), (1, 0, .5), (200, 1, .3),
                                                  (600, 0, .2), (600, 0, .6)])
def test_nms(ops, n, offset, threshold):
    boxes, scores = random_boxes(n), rand(n, seed=5)
    dets, kept = ops.nms(boxes, scores, threshold, offset=offset)
    assert kept.tolist() == brute_nms(boxes.tolist(), scores.tolist(), threshold, offset)
    assert torch.equal(dets, torch.cat((boxes[kept], scores[kept, None]), 1))


def test_nms_takes_arrays_and_limits(ops):
    boxes, scores = random_boxes(50), rand(50, seed=5)
    _, kept = ops.nms(boxes.numpy(), scores.numpy(), .3, score_threshold=.4, max_num=5)
    strong = [i for i in range(50) if scores[i] > .4]
    expected = brute_nms(boxes[strong].tolist(), scores[strong].tolist(), .3)[:5]
    assert kept.tolist() == [strong[i] for i in expected]


def test_batched_nms_keeps_classes_apart(ops):
    boxes, scores, classes = random_boxes(80), rand(80, seed=5), torch.arange(80) % 3
    _, kept = ops.batched_nms(boxes, scores, classes, dict(type='nms', iou_threshold=.3))
    expected = []
    for c in range(3):
        members = torch.nonzero(classes == c)[:, 0]
        found = brute_nms(boxes[members].tolist(), scores[members].tolist(), .3)
        expected += members[found].tolist()
    assert kept.tolist() == sorted(expected, key=lambda i: -scores[i])


def test_torchvision_is_used_where_it_works(monkeypatch):
    calls = []
    kernels = types.SimpleNamespace(
        nms=lambda *args: calls.append(args) or torch.tensor([3]),
        roi_align=lambda *args: calls.append(args) or torch.ones(1, 1, 2, 3))
    monkeypatch.setattr(boxes_module, 'torchvision_ops', lambda: kernels)
    monkeypatch.setattr(roi_align_module, 'torchvision_ops', lambda: kernels)
    boxes, scores = random_boxes(4), rand(4)
    assert boxes_module.nms(boxes, scores, .5, 0).tolist() == [3]
    assert boxes_module.nms(boxes, scores, 1., 1).tolist() == scores.argsort(
        descending=True).tolist()  # torchvision knows no offset
    out, empty = torch.zeros(1, 1, 2, 3), torch.zeros(0)
    feature, rois = rand(1, 1, 4, 4), torch.tensor([[0., 0, 0, 2, 2]])
    roi_align_module.roi_align_forward(feature, rois, out, empty, empty, 2, 3, .5, 0, 1, True)
    assert out.min() == 1
    assert calls[0] == (boxes, scores, .5)
    assert calls[1] == (feature, rois, .5, 2, 3, 0, True)


@pytest.mark.parametrize('aligned', [True, False])
def test_torchvision_agrees(ops, aligned):
    kernels = torchvision_ops()
    if kernels is None:
        pytest.skip('no torchvision that works with this torch')
    boxes, scores = random_boxes(600), rand(600, seed=5)
    assert torch.equal(ops.nms(boxes, scores, .3)[1], kernels.nms(boxes, scores, .3))
    x = rand(2, 3, 8, 9, dtype=torch.double).requires_grad_()
    both = (ops.roi_align(x, ROIS, (2, 3), .4, 0, 'avg', aligned),
            kernels.roi_align(x, ROIS, .4, 2, 3, 0, aligned))
    torch.testing.assert_close(*both)
    torch.testing.assert_close(*(torch.autograd.grad(out.sum(), x)[0] for out in both))


def brute_soft_nms(boxes, scores, method, threshold, sigma, min_score):
    """Bodla et al.'s algorithm as written: take the best, decay the rest, drop the weak."""
    left = [(s, i) for i, s in enumerate(scores)]
    kept = []
    while left:
        best = max(left, key=lambda pair: pair[0])
        left.remove(best)
        kept.append(best)
        decayed = []
        for score, i in left:
            overlap = iou(boxes[i], boxes[best[1]])
            if method == 'gaussian':
                score *= math.exp(-overlap**2 / sigma)
            elif overlap >= threshold:
                score *= 0 if method == 'naive' else 1 - overlap
            if score >= min_score:
                decayed.append((score, i))
        left = decayed
    return kept


@pytest.mark.parametrize('method', ['naive', 'linear', 'gaussian'])
def test_soft_nms(ops, method):
    boxes, scores = random_boxes(60), rand(60, seed=5)
    dets, kept = ops.soft_nms(boxes, scores, .3, sigma=.5, min_score=.05, method=method)
    expected = brute_soft_nms(boxes.tolist(), scores.tolist(), method, .3, .5, .05)
    assert kept.tolist() == [i for _, i in expected]
    torch.testing.assert_close(dets[:, 4], torch.tensor([s for s, _ in expected]))
    assert torch.equal(dets[:, :4], boxes[kept])


def test_nms_match(ops):
    boxes, scores = random_boxes(60), rand(60, seed=5)
    groups = ops.nms_match(torch.cat((boxes, scores[:, None]), 1), .3)
    assert [int(g[0]) for g in groups] == brute_nms(boxes.tolist(), scores.tolist(), .3)
    assert sorted(int(i) for g in groups for i in g) == list(range(60))
    for group in groups:
        assert all(iou(boxes[group[0]].tolist(), boxes[i].tolist()) >= .3 for i in group[1:])
        assert scores[group].tolist() == sorted(scores[group].tolist(), reverse=True)


@pytest.mark.parametrize('offset', [0, 1])
def test_bbox_overlaps(ops, offset):
    a, b = random_boxes(7), random_boxes(7, seed=9)
    expected = torch.tensor([[iou(x, y, offset) for y in b.tolist()] for x in a.tolist()])
    torch.testing.assert_close(ops.bbox_overlaps(a, b[:5], offset=offset), expected[:, :5])
    torch.testing.assert_close(
        ops.bbox_overlaps(a, b, aligned=True, offset=offset), expected.diagonal())
    area = (a[:, 2] - a[:, 0] + offset) * (a[:, 3] - a[:, 1] + offset)
    area_b = (b[:, 2] - b[:, 0] + offset) * (b[:, 3] - b[:, 1] + offset)
    inter = expected * (area[:, None] + area_b) / (1 + expected)
    torch.testing.assert_close(
        ops.bbox_overlaps(a, b, mode='iof', offset=offset), inter / area[:, None])


def naive_roi_align(x, rois, size, scale, ratio, pool, aligned):
    """Sample by sample, from the definition."""
    (ph, pw), (height, width), out = size, x.shape[-2:], []
    for roi in rois:
        x1, y1, x2, y2 = [float(v) * scale - (.5 if aligned else 0) for v in roi[1:]]
        w, h = x2 - x1, y2 - y1
        if not aligned:
            w, h = max(w, 1), max(h, 1)
        nx = ratio or math.ceil(w / pw)
        ny = ratio or math.ceil(h / ph)
        cells = []
        for i in range(ph):
            for j in range(pw):
                samples = []
                for iy in range(ny):
                    for ix in range(nx):
                        sy = y1 + (i + (iy + .5) / ny) * h / ph
                        sx = x1 + (j + (ix + .5) / nx) * w / pw
                        if not (-1 <= sy <= height and -1 <= sx <= width):
                            samples.append(torch.zeros(x.shape[1], dtype=x.dtype))
                            continue
                        sy, sx = min(max(sy, 0), height - 1), min(max(sx, 0), width - 1)
                        y0, x0 = int(sy), int(sx)
                        y1_, x1_ = min(y0 + 1, height - 1), min(x0 + 1, width - 1)
                        ly, lx, f = sy - y0, sx - x0, x[int(roi[0])]
                        samples.append(f[:, y0, x0] * (1 - ly) * (1 - lx)
                                       + f[:, y0, x1_] * (1 - ly) * lx
                                       + f[:, y1_, x0] * ly * (1 - lx) + f[:, y1_, x1_] * ly * lx)
                samples = torch.stack(samples)
                cells.append(samples.mean(0) if pool == 'avg' else samples.amax(0))
        out.append(torch.stack(cells, 1).reshape(-1, ph, pw))
    return torch.stack(out)


@pytest.mark.parametrize('pool', ['avg', 'max'])
@pytest.mark.parametrize('aligned', [True, False])
@pytest.mark.parametrize('ratio', [0, 2])
def test_roi_align(ops, pool, aligned, ratio):
    x = rand(2, 3, 8, 9, dtype=torch.double).requires_grad_()
    args = (x, ROIS, (2, 3), .4, ratio, pool, aligned)
    expected, got = naive_roi_align(*args), ops.roi_align(*args)
    torch.testing.assert_close(got, expected)
    weight = rand(*got.shape, seed=3, dtype=torch.double)
    if pool == 'max':
        with pytest.raises(NotImplementedError, match='max'):
            (got * weight).sum().backward()
        return
    gradients = [torch.autograd.grad((out * weight).sum(), x)[0] for out in (got, expected)]
    torch.testing.assert_close(*gradients)


def test_roi_align_of_no_region(ops):
    assert ops.roi_align(rand(1, 3, 8, 8), torch.zeros(0, 5), (2, 2)).shape == (0, 3, 2, 2)


@pytest.mark.parametrize('stride, padding, dilation, groups, deform_groups',
                         [(1, 1, 1, 1, 1), (2, 1, 1, 2, 2), ((2, 1), (0, 2), (1, 2), 1, 4)])
def test_deform_conv(ops, stride, padding, dilation, groups, deform_groups):
    x, weight = rand(2, 4, 9, 8) - .5, rand(6, 4 // groups, 3, 2, seed=1) - .5
    plain = F.conv2d(x, weight, None, stride, padding, dilation, groups)
    still = torch.zeros(2, deform_groups * 12, *plain.shape[-2:])
    geometry = (stride, padding, dilation, groups, deform_groups)
    torch.testing.assert_close(ops.deform_conv2d(x, still, weight, *geometry), plain)
    mask, bias = torch.full_like(still[:, ::2], .5), rand(6, seed=2)
    modulated = ops.modulated_deform_conv2d(x, still, mask, weight, bias, *geometry)
    torch.testing.assert_close(modulated, plain / 2 + bias[:, None, None])


def test_deform_conv_moves_by_its_offset(ops):
    x, weight = rand(1, 2, 7, 7), rand(3, 2, 3, 3, seed=1)
    offset = torch.zeros(1, 18, 5, 5)
    offset[:, 0::2], offset[:, 1::2] = 1, 2  # y, then x
    moved = F.pad(x, (0, 2, 0, 1))[:, :, 1:, 2:]
    torch.testing.assert_close(ops.deform_conv2d(x, offset, weight), F.conv2d(moved, weight))


def test_gradients_of_deform_conv(ops):
    double = dict(dtype=torch.double)
    x, weight = rand(2, 2, 4, 4, **double), rand(2, 2, 2, 2, seed=1, **double)
    offset, mask = rand(2, 8, 3, 3, seed=2, **double) * .8 + .1, rand(2, 4, 3, 3, seed=3, **double)
    bias = rand(2, seed=4, **double)
    for tensor in (x, weight, offset, mask, bias):
        tensor.requires_grad_()
    assert torch.autograd.gradcheck(ops.deform_conv2d, (x, offset, weight), fast_mode=True)
    assert torch.autograd.gradcheck(
        ops.modulated_deform_conv2d, (x, offset, mask, weight, bias), fast_mode=True)


@pytest.mark.parametrize('weighted', [False, True])
def test_sigmoid_focal_loss(ops, weighted):
    logits = (rand(6, 4, dtype=torch.double) * 8 - 4).requires_grad_()
    target = torch.tensor([0, 3, 2, 4, 1, 0])  # 4 is background
    if weighted:
        target[3] = 2
    weight = torch.tensor([1., 2., .5, 3.], dtype=torch.double) if weighted else None
    positive = F.one_hot(target, 5)[:, :4].double()
    p = logits.sigmoid()
    p_t = torch.where(positive > 0, p, 1 - p)
    alpha_t = torch.where(positive > 0, .25, .75).double()
    direct = -alpha_t * (1 - p_t)**2 * p_t.log()
    if weighted:
        direct = direct * weight[target, None]
    got = ops.sigmoid_focal_loss(logits, target, 2., .25, weight, 'none')
    torch.testing.assert_close(got, direct)
    for reduction, expected in (('sum', direct.sum()), ('mean', direct.sum() / 6)):
        got = ops.sigmoid_focal_loss(logits, target, 2., .25, weight, reduction)
        torch.testing.assert_close(got, expected)
        gradients = [torch.autograd.grad(loss, logits, retain_graph=True)[0]
                     for loss in (got, expected)]
        torch.testing.assert_close(*gradients)


def test_multi_scale_deformable_attention(ops):
    from mmcv.ops.multi_scale_deform_attn import (
        MultiScaleDeformableAttnFunction,
        multi_scale_deformable_attn_pytorch,
    )
    shapes = torch.tensor([[4, 5], [2, 3]])
    starts = torch.tensor([0, 20])
    value = rand(2, 26, 3, 4, dtype=torch.double).requires_grad_()
    locations = rand(2, 5, 3, 2, 4, 2, seed=1, dtype=torch.double).requires_grad_()
    weights = rand(2, 5, 3, 2, 4, seed=2, dtype=torch.double).requires_grad_()
    got = MultiScaleDeformableAttnFunction.apply(value, shapes, starts, locations, weights, 64)
    expected = multi_scale_deformable_attn_pytorch(value, shapes, locations, weights)
    torch.testing.assert_close(got, expected)
    inputs, direction = (value, locations, weights), rand(*got.shape, seed=3, dtype=torch.double)
    for a, b in zip(*(torch.autograd.grad((out * direction).sum(), inputs)
                      for out in (got, expected))):
        torch.testing.assert_close(a, b)


def test_operators_without_stand_in_say_so(ops):
    with pytest.raises(NotImplementedError, match='nms_rotated.*install the full mmcv'):
        ops.nms_rotated(torch.zeros(1, 5), torch.zeros(1), .5)


def test_environment_report(ops):
    assert 'mmskel' in ops.get_compiler_version()
    assert 'mmskel' in ops.get_compiling_cuda_version()


def test_nms_in_numpy_matches_types(ops):
    dets, kept = ops.nms(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), .5)
    assert isinstance(dets, np.ndarray) and len(kept) == 0
