import numpy as np
import pytest

from mmskel.evaluation import FusionError, Results, fit_weights, fuse, fuse_fitted, load_results, save_results
from mmskel.evaluation.fusion import PRESETS, RULES, preset_weights, softmax

IDS, CLASSES = ['a', 'b', 'c'], ['sit', 'stand', 'wave']
JOINT = np.array([[3., 1, 0], [0, 1, 2], [4, 3, 0]])
BONE = np.array([[0., 2, 1], [0, 3, 1], [3, 4, 0]])


def results(logits, stream='joint', ids=IDS, labels=(0, 1, 1), **more):
    meta = dict(dict(stream=stream, split='xview_test', config='st.py', checkpoint='epoch_9.pth'), **more.pop('meta', {}))
    return Results(list(ids), softmax(np.asarray(logits, float)), labels, CLASSES, meta, logits=logits, **more)


def reordered(some, order):
    out = some.in_order([some.ids[i] for i in order])
    out.subsets = some.subsets
    return out


def order_of(fused):
    return np.argsort(fused.scores, axis=1).tolist()


# the rules, against numbers worked out here


def test_logits_by_hand():
    fused = fuse([results(JOINT), results(BONE, 'bone')], 'logits', [.6, .4])
    # 0.6 * (3, 1, 0) + 0.4 * (0, 2, 1) = (1.8, 1.4, 0.4)
    powers = np.exp([1.8, 1.4, .4])
    np.testing.assert_allclose(fused.scores[0], powers / powers.sum(), rtol=1e-6)
    assert fused.scores.argmax(1).tolist() == [0, 1, 0]  # clip b: (0, 1.8, 1.6), clip c: (3.6, 3.4, 0)
    np.testing.assert_allclose(fuse([results(JOINT), results(BONE, 'bone')], 'logits', [6, 4]).scores, fused.scores,
                               rtol=1e-6)


def test_softmax_by_hand():
    p, q = np.log([[.7, .2, .1]] * 3), np.log([[.1, .6, .3]] * 3)
    fused = fuse([results(p), results(q, 'bone')], 'softmax', [2, 1])
    np.testing.assert_allclose(fused.scores, [[1.5 / 3, 1 / 3, .5 / 3]] * 3, rtol=1e-6)
    assert fused.meta['score'] == 'probability'
    np.testing.assert_allclose(fuse([results(p), results(q)]).scores[0], [.4, .4, .2], rtol=1e-6)  # the default


def test_l2norm_by_hand():
    a, b = np.array([[3., 4, 0]] * 3), np.array([[0., 0, 100]] * 3)  # one network that shouts
    fused = fuse([results(a), results(b)], 'l2norm')
    powers = np.exp(np.array([.6, .8, 1]) / 2)
    np.testing.assert_allclose(fused.scores, [powers / powers.sum()] * 3, rtol=1e-6)
    assert order_of(fuse([results(a), results(b / 1e3)], 'l2norm')) == order_of(fused)
    assert np.isfinite(fuse([results(a), results(b * 0)], 'l2norm').scores).all()


def test_product_by_hand():
    p, q = np.log([[.7, .2, .1]] * 3), np.log([[.1, .6, .3]] * 3)
    fused = fuse([results(p), results(q)], 'product', [1, 3])
    product = np.array([.7 * .1 ** 3, .2 * .6 ** 3, .1 * .3 ** 3]) ** .25
    np.testing.assert_allclose(fused.scores[0], product / product.sum(), rtol=1e-5)


def test_one_streams_zero_is_no_veto():
    one, two = results(JOINT), results(BONE)
    one.scores = np.eye(3, dtype=np.float32)[[1, 1, 1]]
    assert np.isfinite(fuse([one, two], 'product').scores).all()


@pytest.mark.parametrize('rule', RULES)
def test_a_fused_result_sums_to_one_and_knows_its_making(rule):
    fused = fuse([results(JOINT), results(BONE, 'bone')], rule, [2, 1])
    np.testing.assert_allclose(fused.scores.sum(1), 1, rtol=1e-6)
    meta = fused.meta
    assert (meta['rule'], meta['weights'], meta['config'], meta['split']) == (rule, [2, 1], 'st.py', 'xview_test')
    assert [(m['stream'], m['weight'], m['checkpoint']) for m in meta['members']] == [
        ('joint', 2, 'epoch_9.pth'), ('bone', 1, 'epoch_9.pth')]
    assert [m['top1'] for m in meta['members']] == pytest.approx([1 / 3, 2 / 3])


def test_fusing_a_stream_with_itself_changes_no_prediction():
    for rule in RULES:
        assert order_of(fuse([results(JOINT)] * 3, rule, [1, .5, 0])) == order_of(results(JOINT)), rule


@pytest.mark.parametrize('rule', RULES)
def test_joined_by_id_whatever_the_order(rule):
    rng = np.random.default_rng(0)
    ids = [f'clip{i}' for i in range(40)]
    streams = [results(rng.normal(size=(40, 3)), name, ids, np.arange(40) % 3,
                       subsets=dict(clean=ids[::2])) for name in ('joint', 'bone', 'joint_motion')]
    straight = fuse(streams, rule, [1, 2, 3])
    mixed = fuse([reordered(s, rng.permutation(40)) for s in streams], rule, [1, 2, 3])
    assert mixed.ids != ids and straight.ids == ids
    again = mixed.in_order(ids)
    np.testing.assert_allclose(again.scores, straight.scores, rtol=1e-6)
    assert again.labels.tolist() == straight.labels.tolist() and mixed.summary() == pytest.approx(straight.summary())
    assert mixed.summary()['clean/n'] == 20 and mixed.meta['members'][0]['clean/top1'] >= 0


# what is published


def test_pyskl_is_two_two_one_one_on_probabilities():
    streams = ('bone', 'joint_motion', 'joint', 'bone_motion')
    assert preset_weights('pyskl', streams) == [2, 1, 2, 1] and preset_weights('pyskl', ('bone', 'joint')) == [1, 1]
    members = [results(JOINT + i * BONE, s) for i, s in enumerate(streams)]
    fused = fuse(members, preset='pyskl')
    expected = (2 * members[0].scores + members[1].scores + 2 * members[2].scores + members[3].scores) / 6
    np.testing.assert_allclose(fused.scores, expected, rtol=1e-6)
    assert (fused.meta['preset'], fused.meta['rule'], fused.meta['weights']) == ('pyskl', 'softmax', [2, 1, 2, 1])


def test_ctrgcn_is_six_six_four_four_on_logits():
    streams = ('joint', 'bone', 'joint_motion', 'bone_motion')
    assert preset_weights('ctrgcn', streams) == [.6, .6, .4, .4] and preset_weights('ctrgcn', streams[:2]) == [1, 1]
    members = [results(JOINT + i * BONE, s) for i, s in enumerate(streams)]
    fused = fuse(members, preset='ctrgcn')
    total = .6 * members[0].logits + .6 * members[1].logits + .4 * members[2].logits + .4 * members[3].logits
    np.testing.assert_allclose(fused.scores, softmax(total / 2), rtol=1e-5)


def test_hdgcn_is_six_unit_vectors():
    """Joint and bone of three centres: streams occur several times."""
    rng = np.random.default_rng(0)
    members = [results(rng.normal(size=(3, 3)) * 10 ** i, stream) for i, stream in enumerate(['joint', 'bone'] * 3)]
    fused = fuse(members, preset='hdgcn')
    total = sum(m.logits / np.sqrt((m.logits ** 2).sum(1, keepdims=True)) for m in members)
    assert order_of(fused) == np.argsort(total, axis=1).tolist() and fused.meta['weights'] == [1] * 6
    assert set(PRESETS) == {'pyskl', 'ctrgcn', 'hdgcn'}


@pytest.mark.parametrize('preset, streams, message', [
    ('ctrgcn', ['joint', 'bone', 'joint_motion'], "'bone_motion' is missing"),
    ('pyskl', ['joint', 'joint'], "'bone' is missing; 'joint' occurs twice"),
    ('pyskl', ['joint', ''], "'bone' is missing; '' is none of them"),
    ('nope', ['joint'], "unknown preset 'nope'; known: pyskl, ctrgcn, hdgcn")])
def test_presets_want_their_streams(preset, streams, message):
    with pytest.raises(FusionError, match=message):
        preset_weights(preset, streams)


# what is refused


def without_logits(some):
    some.logits = None
    return some


@pytest.mark.parametrize('change, arguments, message', [
    (dict(ids=['a', 'b', 'd']), {}, r"1 clips are only in 'a.json', e.g. c; 1 clips are only in 'b.json', e.g. d"),
    (dict(ids=['a', 'b', 'c'], labels=(0, 2, 1)), {}, "clip 'b' has label 1 in 'a.json' and 2 in 'b.json'"),
    ({}, dict(weights=[1]), '1 weights for 2 results'),
    ({}, dict(weights=[0, 0]), 'not all 0'), ({}, dict(weights=[1, -1]), 'must be non-negative'),
    ({}, dict(weights=[1, float('nan')]), 'must be non-negative'),
    ({}, dict(rule='mean'), "unknown rule 'mean'; known: logits, softmax, l2norm, product"),
    ({}, dict(rule='logits', preset='hdgcn'), 'a preset includes its rule and weights')])
def test_what_does_not_belong_together(change, arguments, message):
    with pytest.raises(FusionError, match=message):
        fuse([results(JOINT), results(BONE, **dict(dict(stream='bone'), **change))], names=["'a.json'", "'b.json'"],
             **arguments)


def test_other_classes():
    other = Results(IDS, np.full((3, 2), .5), (0, 1, 1), CLASSES[:2])
    with pytest.raises(FusionError, match='result 1 has 3 classes, result 2 has 2'):
        fuse([results(JOINT), other])
    renamed = results(BONE)
    renamed.class_names = ['sit', 'wave', 'stand']
    with pytest.raises(FusionError, match="class 1 is 'stand' in result 1 and 'wave' in result 2"):
        fuse([results(JOINT), renamed])
    with pytest.raises(FusionError, match='at least two'):
        fuse([results(JOINT)])


def test_files_without_logits(tmp_path):
    """Old files load, and serve where probabilities are enough."""
    save_results(tmp_path / 'old.json', without_logits(results(BONE, 'bone')))
    save_results(tmp_path / 'new.json', results(JOINT))
    old, new = load_results(tmp_path / 'old.json'), load_results(tmp_path / 'new.json')
    assert old.logits is None
    np.testing.assert_allclose(new.logits, JOINT)
    for rule in ('softmax', 'product'):
        np.testing.assert_allclose(fuse([new, old], rule).scores, fuse([results(JOINT), results(BONE)], rule).scores,
                                   rtol=1e-5)
    for rule in ('logits', 'l2norm'):
        with pytest.raises(FusionError, match=r"'old.json' holds no logits.*`mmskel test`.*'softmax' or 'product'"):
            fuse([new, old], rule, names=["'new.json'", "'old.json'"])


def test_scores_that_are_no_probabilities():
    wrong = results(BONE)
    wrong.scores = wrong.logits
    with pytest.raises(FusionError, match='scores of result 2 are not probabilities'):
        fuse([results(JOINT), wrong])


# fitted weights


def noisy(n=200, seed=0, **more):
    """A stream that mostly knows the class, and one that shouts nonsense."""
    rng = np.random.default_rng(seed)
    labels, ids = rng.integers(0, 3, n), [f'{seed}_{i}' for i in range(n)]
    good, bad = 2 * np.eye(3)[labels] + rng.normal(size=(n, 3)), 5 * rng.normal(size=(n, 3))
    return [results(good, 'joint', ids, labels, **more), results(bad, 'bone', ids, labels, **more)]


@pytest.mark.parametrize('rule', RULES)
def test_fitting_turns_nonsense_down(rule):
    streams = noisy()
    weights = fit_weights(streams, rule)
    assert max(weights) == weights[0] == 1 and weights[1] < .35
    assert weights == fit_weights([reordered(s, np.arange(200)[::-1]) for s in streams], rule)
    fitted, equal = (fuse(streams, rule, w).summary()['top1'] for w in (weights, None))
    assert fitted > equal + .15


def test_ties_are_broken_by_cross_entropy():
    """Every weight of the second stream gives the same top-1; it is no worse than a guess, so it only blurs."""
    labels = np.arange(30) % 3
    ids = [f'c{i}' for i in range(30)]
    clear, flat = results(4 * np.eye(3)[labels], 'joint', ids, labels), results(np.zeros((30, 3)), 'bone', ids, labels)
    assert fit_weights([clear, flat], 'softmax') == [1, 0]


def test_fitted_clips_are_not_reported():
    ids = [f'0_{i}' for i in range(200)]
    streams = noisy(subsets=dict(fit=ids[:120], clean=ids[100:150], begin=ids[:10]))
    fused = fuse_fitted(streams, 'fit')
    assert fused.ids == ids[120:] and fused.summary()['n'] == 80
    assert fused.subsets == dict(clean=ids[120:150])  # 'begin' was fitted on, all of it
    inner = [s.only(set(ids[:120])) for s in streams]
    assert fused.meta['weights'] == fit_weights(inner)
    assert fused.meta['fit'] == dict(on='fit', clips=120, top1=fuse(inner, weights=fused.meta['weights']).summary()['top1'])
    assert "fitted on the 120 clips of 'fit'; all accuracies here are of the other 80" in fused.meta['notes'][0]
    outer = [s.only(set(ids[120:])) for s in streams]
    np.testing.assert_allclose(fused.scores, fuse(outer, weights=fused.meta['weights']).scores, rtol=1e-6)
    assert [m['top1'] for m in fused.meta['members']] == [s.summary()['top1'] for s in outer]


def test_fitting_on_files_of_a_validation_split():
    held, test = noisy(100, 1, meta=dict(split='xview_val')), noisy(50, 2)
    fused = fuse_fitted([test[0], held[1], test[1], held[0]], 'xview_val', 'logits')
    assert sorted(fused.ids) == sorted(test[0].ids) and fused.meta['weights'] == fit_weights(held, 'logits')
    assert fused.meta['fit']['clips'] == 100 and [m['stream'] for m in fused.meta['members']] == ['joint', 'bone']


def test_what_cannot_be_fitted():
    ids = [f'0_{i}' for i in range(200)]
    streams = noisy(subsets=dict(whole=ids, clean=ids[:9]))
    for fit_on, message in (('whole', "'whole' is all of the clips"), ('val', "no subset 'val' .*split: xview_test, its subsets: "
                            'whole, clean'), ('xview_test', "all files are of the split 'xview_test'")):
        with pytest.raises(FusionError, match=message):
            fuse_fitted(streams, fit_on)
    held = noisy(meta=dict(split='xview_val'))
    with pytest.raises(FusionError, match='200 clips, e.g. 0_0, would be fitted and reported'):
        fuse_fitted([*streams, *held], 'xview_val')
    with pytest.raises(FusionError, match=r"0 files of the split 'xview_val' belong to result 2 \(st.py, bone, epoch_9.pth\)"):
        fuse_fitted([*streams, held[0]], 'xview_val')
    with pytest.raises(FusionError, match="result 3 is of the split 'xview_val', and no other"):
        fuse_fitted([streams[0], held[0], held[1]], 'xview_val')
    streams[1].subsets = dict(clean=ids[:8])
    with pytest.raises(FusionError, match="'clean' is not the same"):
        fuse_fitted(streams, 'clean')
    blind = [results(JOINT, labels=(-1, -1, -1)), results(BONE, labels=(-1, -1, -1))]
    with pytest.raises(FusionError, match='no clip of result 1 has a label'):
        fit_weights(blind)
