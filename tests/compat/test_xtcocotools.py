"""xtcocotools: the stand-in gives the original's numbers."""
import copy

import numpy as np
import pytest

from mmskel.compat import xtcocotools_on_pycocotools as ours

V = 5
SIGMAS = np.array([.05, .06, .07, .08, .1])


def random_world(seed):
    """Ground truth and results with everything that the two evaluations treat differently:
    ids from 0, stale or absent num_keypoints, crowds, persons and results without points."""
    rng = np.random.default_rng(seed)
    images = [dict(id=i, width=200, height=200) for i in range(6)]
    truths, results = [], []
    for image in images:
        for _ in range(rng.integers(1, 4)):
            points = rng.uniform(20, 180, (V, 2))
            visible = rng.integers(0, 3, V) * (rng.random() > .1)
            x1, y1 = points.min(0)
            w, h = points.max(0) - points.min(0)
            truth = dict(id=len(truths), image_id=image['id'], category_id=1,
                         keypoints=np.column_stack((points, visible)).reshape(-1).tolist(),
                         bbox=[x1, y1, w, h], area=w * h * rng.uniform(.3, 1),
                         segmentation=[[x1, y1, x1, y1 + h, x1 + w, y1 + h, x1 + w, y1]],
                         num_keypoints=int(rng.integers(0, V)))
            if rng.random() > .5:
                truth['iscrowd'] = int(rng.random() > .8)
            truths.append(truth)
            found = points + rng.normal(scale=rng.uniform(0, 12), size=(V, 2))
            score = np.full((V, 1), float(rng.random() > .1))
            results.append(dict(image_id=image['id'], category_id=1, score=float(rng.random()),
                                keypoints=np.hstack((found, score)).reshape(-1).tolist()))
    world = dict(images=images, annotations=truths, categories=[dict(id=1, name='person')])
    return world, results


def evaluate(coco_module, eval_module, kind, world, results, use_area):
    world, results = copy.deepcopy(world), copy.deepcopy(results)
    coco = coco_module.COCO('memory', ann_data=world)
    if kind != 'keypoints':
        results = [dict(image_id=t['image_id'], category_id=1, score=r['score'],
                        bbox=(np.array(t['bbox']) * np.random.default_rng(0).uniform(.8, 1.2, 4)
                              ).tolist())
                   for t, r in zip(world['annotations'], results)]
    evaluation = eval_module.COCOeval(coco, coco.loadRes(results), kind, SIGMAS, use_area)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return evaluation.stats


@pytest.mark.parametrize('kind', ['keypoints', 'bbox', 'segm'])
@pytest.mark.parametrize('use_area', [True, False])
def test_equal_to_the_original(repaired, kind, use_area):
    import xtcocotools.coco
    import xtcocotools.cocoeval
    if xtcocotools.coco.COCO is ours.COCO:
        pytest.skip('the original xtcocotools is not installed')
    for seed in range(4):
        world, results = random_world(seed)
        expected, got = (
            evaluate(*modules, kind, world, results, use_area)
            for modules in ((xtcocotools.coco, xtcocotools.cocoeval), (ours, ours)))
        assert expected.max() > 0
        np.testing.assert_allclose(got, expected, atol=1e-12)


def test_perfect_results_are_perfect():
    world, _ = random_world(0)
    world['annotations'] = [
        t for t in world['annotations'] if not t.get('iscrowd') and sum(t['keypoints'][2::3])]
    results = [dict(image_id=t['image_id'], category_id=1, score=.9, keypoints=t['keypoints'])
               for t in world['annotations']]
    stats = evaluate(ours, ours, 'keypoints', world, results, True)
    assert stats[0] == pytest.approx(1)


def test_ground_truth_is_left_as_it_was():
    world, results = random_world(0)
    coco = ours.COCO('memory', ann_data=world)
    before = copy.deepcopy(coco.dataset)
    evaluation = ours.COCOeval(coco, coco.loadRes(results), 'keypoints', SIGMAS, False)
    evaluation.evaluate()
    assert coco.dataset == before


def test_fewer_keypoints():
    world, _ = random_world(0)
    first = world['annotations'][0]['keypoints'][3:6] + world['annotations'][0]['keypoints'][:3]
    coco = ours.COCO('memory', test_index=[1, 0], ann_data=world)
    assert coco.anns[0]['keypoints'] == first


@pytest.mark.parametrize('kind', ['keypoints_crowd', 'keypoints_wholebody'])
def test_other_kinds_are_refused(kind):
    with pytest.raises(NotImplementedError, match=f'{kind}.*real xtcocotools'):
        ours.COCOeval(None, None, kind)
