"""Metrics equal scikit-learn's, however the samples are cut into batches, with weights and without."""
import math

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings, strategies as st

import minigrad as mg
from minigrad import losses, metrics

seeds, batch_sizes = st.integers(0, 2**32), st.integers(1, 50)
N, K = 50, 4


def fed(metric, t, p, batch_size=N, weights=None):
    """The metric after all samples, batch by batch, as Tensors."""
    for i in range(0, len(t), batch_size):
        part = slice(i, i + batch_size)
        metric.update_state(mg.tensor(t[part]), mg.tensor(p[part]), None if weights is None else weights[part])
    return metric


def one_hot(labels):
    return np.eye(K)[labels]


def sample(seed):
    """Labels, scores (N, K) with ties, bits, bit scores with ties, weights."""
    rng = np.random.default_rng(seed)
    labels, bits = rng.integers(0, K, N), rng.integers(0, 2, N)
    bits[:2] = 0, 1                         # both kinds: otherwise some figures don't exist
    scores = rng.random((N, K)) + 0.5 * one_hot(labels)
    return labels, scores, bits, rng.integers(0, 8, N) / 8, rng.integers(1, 5, N).astype(float)


def top_2(labels, scores, weights):
    return sk.top_k_accuracy_score(labels, scores, k=2, sample_weight=weights, labels=range(K))


CASES = {   # metric -> (its arguments from a sample, what scikit-learn says)
    "categorical accuracy": (metrics.CategoricalAccuracy, lambda y, s, b, q: (one_hot(y), s),
                             lambda y, s, b, q, w: sk.accuracy_score(y, s.argmax(-1), sample_weight=w)),
    "sparse accuracy": (metrics.SparseCategoricalAccuracy, lambda y, s, b, q: (y, s),
                        lambda y, s, b, q, w: sk.accuracy_score(y, s.argmax(-1), sample_weight=w)),
    "accuracy": (metrics.Accuracy, lambda y, s, b, q: (y, s.argmax(-1)),
                 lambda y, s, b, q, w: sk.accuracy_score(y, s.argmax(-1), sample_weight=w)),
    "binary accuracy": (metrics.BinaryAccuracy, lambda y, s, b, q: (b, q[:, None]),
                        lambda y, s, b, q, w: sk.accuracy_score(b, q > 0.5, sample_weight=w)),
    "top 2": (lambda: metrics.TopKCategoricalAccuracy(2), lambda y, s, b, q: (one_hot(y), s),
              lambda y, s, b, q, w: top_2(y, s, w)),
    "sparse top 2": (lambda: metrics.SparseTopKCategoricalAccuracy(2), lambda y, s, b, q: (y[:, None], s),
                     lambda y, s, b, q, w: top_2(y, s, w)),
    "precision": (metrics.Precision, lambda y, s, b, q: (b, q),
                  lambda y, s, b, q, w: sk.precision_score(b, q > 0.5, sample_weight=w, zero_division=0)),
    "recall": (metrics.Recall, lambda y, s, b, q: (b, q),
               lambda y, s, b, q, w: sk.recall_score(b, q > 0.5, sample_weight=w)),
    "recall at 0.2": (lambda: metrics.Recall(0.2), lambda y, s, b, q: (b, q),
                      lambda y, s, b, q, w: sk.recall_score(b, q > 0.2, sample_weight=w)),
    "f1 of bits": (metrics.F1Score, lambda y, s, b, q: (b, q),
                   lambda y, s, b, q, w: sk.f1_score(b, q > 0.5, sample_weight=w, zero_division=0)),
    **{f"f1 {average}": (lambda average=average: metrics.F1Score(average), lambda y, s, b, q: (one_hot(y), s),
                         lambda y, s, b, q, w, average=average: sk.f1_score(
                             y, s.argmax(-1), sample_weight=w, average=average, labels=range(K), zero_division=0))
       for average in ("macro", "micro", "weighted", None)},
    "f1 of class numbers": (lambda: metrics.F1Score("macro"), lambda y, s, b, q: (y, s),
                            lambda y, s, b, q, w: sk.f1_score(y, s.argmax(-1), sample_weight=w, average="macro",
                                                              labels=range(K), zero_division=0)),
    "auc": (metrics.AUC, lambda y, s, b, q: (b, q), lambda y, s, b, q, w: sk.roc_auc_score(b, q, sample_weight=w)),
    "mse": (metrics.MeanSquaredError, lambda y, s, b, q: (b, q),
            lambda y, s, b, q, w: sk.mean_squared_error(b, q, sample_weight=w)),
    "rmse": (metrics.RootMeanSquaredError, lambda y, s, b, q: (b[:, None], q),
             lambda y, s, b, q, w: sk.root_mean_squared_error(b, q, sample_weight=w)),
    "mae": (metrics.MeanAbsoluteError, lambda y, s, b, q: (one_hot(y), s),
            lambda y, s, b, q, w: sk.mean_absolute_error(one_hot(y), s, sample_weight=w)),
    "log loss": (lambda: metrics.get("categorical_crossentropy"), lambda y, s, b, q: (one_hot(y), s),
                 lambda y, s, b, q, w: sk.log_loss(y, s / s.sum(-1, keepdims=True), sample_weight=w, labels=range(K))),
    "cosine": (lambda: metrics.get("cosine_similarity"), lambda y, s, b, q: (one_hot(y), s),
               lambda y, s, b, q, w: np.average(np.diag(sk.pairwise.cosine_similarity(one_hot(y), s)), weights=w)),
}


@settings(max_examples=25)
@given(seed=seeds, batch_size=batch_sizes, weighted=st.booleans())
@pytest.mark.parametrize("name", CASES)
def test_against_scikit_learn(name, seed, batch_size, weighted):
    make, arguments, expected = CASES[name]
    *values, weights = sample(seed)
    weights = weights if weighted else None
    metric = fed(make(), *arguments(*values), batch_size, weights)
    np.testing.assert_allclose(metric.result(), expected(*values, weights), rtol=1e-9, atol=1e-12)


@settings(max_examples=10)
@given(seed=seeds, cut=st.integers(1, N - 1))
@pytest.mark.parametrize("name", CASES)
def test_state_and_reset(name, seed, cut):
    """A metric that goes on from a saved state ends like one that never stopped; after a reset it begins anew."""
    make, arguments, _ = CASES[name]
    t, p = arguments(*sample(seed)[:4])
    whole, first, second = fed(make(), t, p), fed(make(), t[:cut], p[:cut]), make()
    second.load_state(first.state())
    np.testing.assert_allclose(fed(second, t[cut:], p[cut:]).result(), whole.result(), rtol=1e-12)
    first.reset_state()
    assert np.array_equal(fed(first, t, p).result(), whole.result())


@pytest.mark.parametrize("name", CASES)
def test_nothing_seen_and_float32(name):
    make, arguments, _ = CASES[name]
    metric = make()
    assert np.all(np.isnan(metric.result())) if name == "auc" else np.all(metric.result() == 0)
    t, p = arguments(*sample(0)[:4])
    half = fed(make(), t.astype("float32"), p.astype("float32")).result()
    np.testing.assert_allclose(half, fed(make(), t, p).result(), rtol=1e-5)
    assert isinstance(half, (float, np.ndarray)) and not metric.name.startswith("_")


def test_mean():
    metric = metrics.Mean()
    metric.update_state(mg.tensor(2.0))
    metric.update_state([3.0, 4.0])
    assert metric.result() == 3.0
    metric.update_state([8.0, 100.0], sample_weight=[1.0, 0.0])
    assert metric.result() == 17 / 4


def test_counts_beyond_single_precision():
    """2^24 + 1 is no float32: sums are kept exactly, or in double precision."""
    metric = metrics.Accuracy()
    metric.total = metric.count = 2**24
    metric.update_state(np.ones(1, "float32"), np.ones(1, "float32"))
    assert metric.total == metric.count == 2**24 + 1
    mean = metrics.Mean()
    for _ in range(3):
        mean.update_state(np.array([2**24, 1], "float32"))
    assert mean.total == 3 * (2**24 + 1)


def test_nothing_is_recorded():
    x = mg.tensor([0.2, 0.7], requires_grad=True)
    metric = metrics.MeanSquaredError()
    metric.update_state([0.0, 1.0], mg.sigmoid(x))
    assert not isinstance(metric.total, mg.Tensor)


def test_top_k_of_a_nan_is_wrong():
    metric = metrics.SparseTopKCategoricalAccuracy(2)
    metric.update_state([0, 0], [[np.nan, 1.0, 2.0], [3.0, 1.0, 2.0]])
    assert metric.result() == 0.5


def test_auc_without_both_kinds_does_not_exist():
    metric = metrics.AUC()
    metric.update_state([1, 1], [0.5, 0.6])
    assert math.isnan(metric.result())
    metric.update_state([0], [np.nan])
    assert math.isnan(metric.result())


# -- by name ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("y_shape, pred_shape, kind", [
    ((8, 10), (8, 10), metrics.CategoricalAccuracy), ((8,), (8, 10), metrics.SparseCategoricalAccuracy),
    ((8, 1), (8, 10), metrics.SparseCategoricalAccuracy), ((8, 1), (8, 1), metrics.BinaryAccuracy),
    ((8,), (8, 1), metrics.BinaryAccuracy), ((8,), (8,), metrics.BinaryAccuracy),
    ((8, 5), (8, 5, 10), metrics.SparseCategoricalAccuracy)])
def test_accuracy_that_fits_the_shapes(y_shape, pred_shape, kind):
    for name in ("accuracy", "acc", "Accuracy"):
        metric = metrics.get(name, y_shape=y_shape, pred_shape=pred_shape)
        assert type(metric) is kind and metric.name == name
    later, now = metrics.get("accuracy"), kind()
    for metric in (later, now):
        metric.update_state(np.ones(y_shape), np.ones(pred_shape))
    assert later.result() == now.result()


@pytest.mark.parametrize("loss, kind", [
    ("categorical_crossentropy", metrics.CategoricalAccuracy),
    (losses.SparseCategoricalCrossentropy(from_logits=True), metrics.SparseCategoricalAccuracy),
    ("binary_crossentropy", metrics.BinaryAccuracy)])
def test_accuracy_that_fits_the_loss(loss, kind):
    assert type(metrics.get("accuracy", loss=loss)) is kind


def test_binary_accuracy_of_logits():
    metric = metrics.get("accuracy", loss=losses.BinaryCrossentropy(from_logits=True))
    metric.update_state([1, 0], [0.3, -0.3])            # probabilities 0.57 and 0.43
    assert metric.result() == 1.0


@pytest.mark.parametrize("name", metrics.METRICS)
def test_names(name):
    metric = metrics.get(name)
    assert metric.name == name and type(metrics.get(type(metric))) is type(metric)
    assert metrics.get(metric) is metric
    again = type(metric).from_config(metric.get_config())
    assert repr(again) == repr(metric) and again.name == name


def test_losses_and_functions_as_metrics():
    t, p = np.array([0.0, 1.0, 1.0]), np.array([0.1, 0.8, 0.4])
    for metric in (metrics.get("huber"), metrics.get(losses.Huber()), metrics.get("Huber")):
        metric.update_state(t, p)
        assert metric.result() == pytest.approx(losses.Huber()(t, p).item())

    def worst(t, p):
        return abs(t - p).max()
    metric = metrics.get(worst)
    metric.update_state(t, p)
    metric.update_state(t, t)
    assert metric.name == "worst" and metric.result() == pytest.approx(0.3)     # the mean over two batches


@pytest.mark.parametrize("call, error, message", [
    (lambda: metrics.get("acuracy"), ValueError, "did you mean 'accuracy'"),
    (lambda: metrics.get(None), ValueError, "unknown metric None"),
    (lambda: metrics.CategoricalAccuracy().update_state([1, 0], np.ones((2, 3))), ValueError, "SparseCat"),
    (lambda: metrics.SparseCategoricalAccuracy().update_state(np.eye(3), np.eye(3)), ValueError, "one-hot"),
    (lambda: metrics.BinaryAccuracy().update_state(np.ones(32), np.ones((32, 32))), ValueError, "must have the same"),
    (lambda: metrics.AUC().update_state([1, 0], [0.5, 0.5], [1, 2, 3]), ValueError, "sample_weight has shape"),
    (lambda: metrics.F1Score("mean"), ValueError, "average must be"),
    (lambda: metrics.Recall().load_state({"total": 1}), ValueError, "counts tp, fp, fn"),
])
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()
