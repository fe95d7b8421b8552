"""A diagnosis is judged rightly: against scikit-learn, against definitions, on patients that the model never saw."""
from functools import partial

import numpy as np
import pytest
from hypothesis import given, strategies as st

from minigrad.zoo import diagnosis as d

seeds = st.integers(0, 2**32 - 1)
quick = partial(d.train, steps=60)


@st.composite
def judged(draw, ties=True):
    """(y, p): some patients with predictions; p in tenths, so that many are equal."""
    y = np.array(draw(st.lists(st.integers(0, 1), min_size=2, max_size=40).filter(lambda y: 0 < sum(y) < len(y))))
    p = np.array(draw(st.lists(st.integers(0, 10), min_size=len(y), max_size=len(y)))) / 10
    return y, p


# -- models ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("question", [d.breast_cancer, d.diabetes])
def test_without_hidden_layers_it_is_scikit_learns_logistic_regression(question):
    peer = pytest.importorskip("sklearn.linear_model")
    x, y, _ = question()
    z = d.standardize(x)[0].astype(float)
    for penalty in (1.0, 20.0):
        theirs = peer.LogisticRegression(C=1 / penalty, tol=1e-10, max_iter=10_000).fit(z, y).predict_proba(z)[:, 1]
        mine = d.train(x, y, penalty=penalty, steps=600)(x)
        assert mine.dtype == float and np.abs(mine - theirs).max() < 1e-4


def test_questions_mean_what_they_say():
    x, y, names = d.breast_cancer()
    assert (x.shape, len(names), y.sum()) == ((569, 30), 30, 212)                  # 212 malignant
    assert x[y == 1, names.index("mean radius")].mean() > x[y == 0, names.index("mean radius")].mean()
    x, y, names = d.diabetes()
    assert (x.shape, len(names), y.sum()) == ((442, 10), 10, (d.datasets.load_diabetes().y > 200).sum())
    assert x[y == 1, names.index("body mass index")].mean() > x[y == 0, names.index("body mass index")].mean()


def test_cross_validation_beats_the_prevalence():
    x, y, _ = d.breast_cancer()
    p = d.cross_validate(quick, x, y)
    assert d.auc(y, p) > 0.98 and d.brier(y, p) < 0.035 < d.brier(y, np.full(len(y), y.mean()))


def test_the_units_of_the_columns_make_no_difference():
    x, y, _ = d.diabetes()
    powers = 2.0 ** np.arange(-5, 5, dtype=np.float32)
    assert np.allclose(quick(x, y)(x), quick(x * powers, y)(x * powers), atol=1e-5)


# -- cross-validation ------------------------------------------------------------------------------------------------
@given(st.integers(2, 30), st.integers(2, 30), st.integers(2, 10), seeds)
def test_folds_share_patients_and_sick_to_within_one(sick, healthy, count, seed):
    count = min(count, sick, healthy)
    y = np.random.default_rng(seed).permutation(np.repeat([0, 1], [healthy, sick]))
    fold = d.folds(y, count, seed)
    assert np.array_equal(fold, d.folds(y, count, seed))
    for part in (fold, fold[y == 1], fold[y == 0]):
        assert np.ptp(np.bincount(part, minlength=count)) <= 1, f"seed {seed}"


@given(seeds)
def test_nobody_is_judged_by_a_model_that_saw_them(seed):
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(20) % 2)
    x = np.arange(20.0)[:, None]                # each patient has a name

    def train(x, y):
        seen = set(x[:, 0].tolist())
        return lambda x: np.array([name in seen for name in x[:, 0].tolist()], float)
    assert not d.cross_validate(train, x, y, 4, seed).any()


def test_noise_is_not_predicted():
    """Choosing columns by all the patients first is the classic leak; inside `train` there is none."""
    def best(x, y):
        return np.argsort(np.abs((y - y.mean()) @ (x - x.mean(0))))[-10:]

    def inside(x, y):
        columns = best(x, y)
        predict = quick(x[:, columns], y)
        return lambda x: predict(x[:, columns])
    honest, leaked, y = [], [], np.arange(80) % 2
    for seed in range(4):
        x = np.random.default_rng(seed).normal(size=(80, 2000)).astype(np.float32)
        honest.append(d.auc(y, d.cross_validate(inside, x, y)))
        leaked.append(d.auc(y, d.cross_validate(quick, x[:, best(x, y)], y)))
    assert np.mean(leaked) > 0.8 and abs(np.mean(honest) - 0.5) < 0.15, (leaked, honest)


# -- ranking ---------------------------------------------------------------------------------------------------------
@given(judged())
def test_counts_are_those_of_each_threshold(judged):
    y, p = judged
    for threshold, hits, alarms in zip(*d.counts(y, p), strict=True):
        called = p >= threshold
        assert (hits, alarms) == ((called & (y == 1)).sum(), (called & (y == 0)).sum())


@given(judged())
def test_curves_are_scikit_learns(judged):
    peer = pytest.importorskip("sklearn.metrics")
    y, p = judged
    false, recall = d.roc(y, p)
    theirs = peer.roc_curve(y, p, drop_intermediate=False)
    assert np.allclose(false, theirs[0]) and np.allclose(recall, theirs[1])
    recall, precision = d.precision_recall(y, p)
    theirs = peer.precision_recall_curve(y, p)
    assert np.allclose(precision[::-1], theirs[0][:-1]) and np.allclose(recall[::-1], theirs[1][:-1])
    assert np.isclose(d.auc(y, p), peer.roc_auc_score(y, p))
    assert np.isclose(d.average_precision(y, p), peer.average_precision_score(y, p))
    assert np.isclose(d.brier(y, p), peer.brier_score_loss(y, p))


@given(judged())
def test_the_area_is_under_the_curve(judged):
    y, p = judged
    assert np.isclose(d.auc(y, p), np.trapezoid(*d.roc(y, p)[::-1]))


# -- calibration -----------------------------------------------------------------------------------------------------
def test_reliability_of_probabilities_that_are_true():
    rng = np.random.default_rng(0)
    p = rng.random(20_000)
    y = (rng.random(20_000) < p).astype(int)
    predicted, observed, low, high, number = d.reliability(y, p, 20)
    assert np.abs(predicted - observed).max() < 0.06 and number.tolist() == [1000] * 20
    assert ((low <= predicted) & (predicted <= high)).mean() >= 0.85
    surer = d.reliability(y, p ** 3 / (p ** 3 + (1 - p) ** 3), 20)      # the same ranking, too sure of itself
    assert np.abs(surer[0] - surer[1]).max() > 0.15


def test_wilson_interval_of_a_textbook():
    """81 of 263: 0.2553 to 0.3662  (Newcombe 1998, Statistics in Medicine 17, table I)."""
    y = np.repeat([1, 0], [81, 182])
    _, observed, low, high, _ = d.reliability(y, np.full(263, 0.3), 1)
    assert np.allclose([observed[0], low[0], high[0]], [81 / 263, 0.2553, 0.3662], atol=5e-5)


@given(judged(), st.integers(1, 10))
def test_every_patient_is_in_one_group(judged, bins):
    y, p = judged
    predicted, observed, low, high, number = d.reliability(y, p, bins)
    assert number.sum() == len(y) and np.isclose(observed @ number, y.sum()) and np.isclose(predicted @ number, p.sum())
    assert (low <= observed + 1e-12).all() and (observed <= high + 1e-12).all() and (np.diff(predicted) >= 0).all()


# -- confidence ------------------------------------------------------------------------------------------------------
def test_the_interval_holds_the_truth_as_often_as_it_says():
    """Two normal distributions one apart have an AUC of Φ(1/√2) = 0.7602; 95 % of the intervals should hold it."""
    held = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        y = np.arange(120) % 2
        _, low, high = d.interval(d.auc, y, rng.normal(size=120) + y, draws=100, seed=seed)
        held += low <= 0.7602 <= high
    assert 88 <= held <= 99, held


def test_a_difference_is_judged_on_the_same_patients():
    rng = np.random.default_rng(0)
    y = np.arange(100) % 2
    p = rng.random(100)

    def difference(y, p, q):
        return d.brier(y, p) - d.brier(y, q)
    assert d.interval(difference, y, p, p, draws=50) == (0, 0, 0)
    value, low, high = d.interval(difference, y, p, p * 0.9 + 0.1 * y, draws=200)      # better for everybody
    assert 0 < low < value < high


# -- decisions -------------------------------------------------------------------------------------------------------
@given(judged(), st.integers(1, 50), st.integers(1, 50))
def test_the_cheapest_threshold_is_the_cheapest(judged, miss, alarm):
    y, p = judged
    best = d.cost(y, p >= d.cheapest_threshold(y, p, miss, alarm), miss, alarm)
    thresholds, price = d.costs(y, p, miss, alarm)
    assert np.isclose(best, min(d.cost(y, p >= t, miss, alarm) for t in [*np.unique(p), 2]))
    assert np.isclose(best, price.min())
    assert np.allclose(price, [d.cost(y, p >= t, miss, alarm) for t in thresholds])


def test_true_probabilities_are_cheapest_at_the_rational_threshold():
    rng = np.random.default_rng(0)
    p = rng.random(50_000)
    y = (rng.random(50_000) < p).astype(int)
    assert d.rational_threshold(20, 1) == 1 / 21
    for miss, alarm in ((1, 1), (4, 1), (1, 3)):
        found, price = d.cheapest_threshold(y, p, miss, alarm), d.costs(y, p, miss, alarm)[1].min()
        assert abs(found - d.rational_threshold(miss, alarm)) < 0.05
        assert d.cost(y, p >= d.rational_threshold(miss, alarm), miss, alarm) < price * 1.01


def test_decisions_are_made_inside_the_training_rows():
    x, y, _ = d.diabetes()
    called = d.cross_validate(d.deciding(partial(d.train, steps=20), miss=10, alarm=1, count=3), x, y, 3)
    assert set(called) == {0, 1}
    assert d.cost(y, called, 10, 1) < min(d.cost(y, np.zeros(442), 10, 1), d.cost(y, np.ones(442), 10, 1))


# -- errors ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("call, words", [
    (lambda: d.train(np.ones((3, 2), np.float32), [1, 1, 1]), "some of both"),
    (lambda: d.auc([0, 2, 1], [0.1, 0.2, 0.3]), r"holds \[0, 1, 2\]"),
    (lambda: d.roc([0, 1], [0.1, 0.2, 0.3]), r"2 patients; the predictions have shape \(3,\)"),
    (lambda: d.brier([0, 1], [0.1, np.nan]), "some are nan"),
    (lambda: d.folds([0, 0, 0, 1, 1], 3), "between 2 and 2 folds, as the rarer class has 2 patients, not 3"),
    (lambda: d.rational_threshold(0, 1), "positive numbers"),
])
def test_errors_say_what_is_wrong(call, words):
    with pytest.raises(ValueError, match=words):
        call()
