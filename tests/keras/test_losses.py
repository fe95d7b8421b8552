"""Losses equal their closed forms, match shapes strictly, and have the right gradients."""
import math
import warnings

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_allclose

import minigrad as mg
from minigrad import losses
from minigrad.keras.losses import LOSSES

seeds = st.integers(0, 2**32)


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def data(name, seed, n=12, k=5):
    """(y_true, y_pred) that a loss is made for, in double precision."""
    rng = np.random.default_rng(seed)
    p = softmax(rng.standard_normal((n, k)))
    if name in ("hinge", "squared_hinge"):
        return rng.choice([-1.0, 1.0], (n, k)), rng.standard_normal((n, k))
    if name == "poisson":
        return rng.poisson(3, (n, k)).astype(float), rng.uniform(0.1, 5, (n, k))
    if name in ("binary_crossentropy", "bce", "binary_focal_crossentropy", "dice", "tversky"):
        return rng.integers(0, 2, (n, k)).astype(float), p
    if name in ("categorical_crossentropy", "categorical_focal_crossentropy", "categorical_hinge"):
        return np.eye(k)[rng.integers(0, k, n)], p
    if name in ("sparse_categorical_crossentropy", "categorical_generalized_cross_entropy"):
        return rng.integers(0, k, n), p
    if name in ("kl_divergence", "kld"):
        return softmax(rng.standard_normal((n, k))), p
    return rng.standard_normal((n, k)), 2 * rng.standard_normal((n, k))


def cosine(t, p):
    return (t * p).sum(-1) / np.sqrt((t * t).sum(-1) * (p * p).sum(-1))


def binary(t, p):
    return -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean(-1)


def sparse(t, p):
    return -np.log(p[np.arange(len(t)), t])


def per_cent(t, p):
    return 100 * (abs(t - p) / abs(t)).mean(-1)


def logarithmic(t, p):
    return ((np.log(1 + np.maximum(t, 1e-7)) - np.log(1 + np.maximum(p, 1e-7)))**2).mean(-1)


def overlap(t, p):
    return np.array(1 - 2 * (t * p).sum() / (t.sum() + p.sum() + 1e-7))


CLOSED_FORMS = {
    "mean_squared_error": lambda t, p: ((t - p)**2).mean(-1), "mse": lambda t, p: ((t - p)**2).mean(-1),
    "mean_absolute_error": lambda t, p: abs(t - p).mean(-1), "mae": lambda t, p: abs(t - p).mean(-1),
    "huber": lambda t, p: np.where(abs(t - p) <= 1, (t - p)**2 / 2, abs(t - p) - 0.5).mean(-1),
    "poisson": lambda t, p: (p - t * np.log(p + 1e-7)).mean(-1),
    "cosine_similarity": lambda t, p: -cosine(t, p),
    "binary_crossentropy": binary, "bce": binary,
    "categorical_crossentropy": lambda t, p: -(t * np.log(p)).sum(-1),
    "sparse_categorical_crossentropy": sparse,
    "kl_divergence": lambda t, p: (t * np.log(t / p)).sum(-1), "kld": lambda t, p: (t * np.log(t / p)).sum(-1),
    "hinge": lambda t, p: np.maximum(1 - t * p, 0).mean(-1),
    "squared_hinge": lambda t, p: (np.maximum(1 - t * p, 0)**2).mean(-1),
    "categorical_hinge": lambda t, p: np.maximum(np.where(t == 1, 0, p).max(-1) - p[t == 1] + 1, 0),
    "mean_absolute_percentage_error": per_cent, "mape": per_cent,
    "mean_squared_logarithmic_error": logarithmic, "msle": logarithmic,
    "log_cosh": lambda t, p: np.log(np.cosh(p - t)).mean(-1), "logcosh": lambda t, p: np.log(np.cosh(p - t)).mean(-1),
    "binary_focal_crossentropy": lambda t, p: (np.where(t == 1, 1 - p, p)**2 * -np.log(np.where(t == 1, p, 1 - p))
                                               ).mean(-1),
    "categorical_focal_crossentropy": lambda t, p: 0.25 * (1 - p[t == 1])**2 * -np.log(p[t == 1]),
    "categorical_generalized_cross_entropy": lambda t, p: 2 * (1 - np.sqrt(p[np.arange(len(t)), t])),
    "dice": overlap, "tversky": overlap,
}
OF_A_BATCH = ("dice", "tversky")            # one value for all rows, which weights of rows can't weigh


@settings(max_examples=20)
@given(seed=seeds)
@pytest.mark.parametrize("name", LOSSES)
def test_closed_form(name, seed):
    t, p = data(name, seed)
    each = CLOSED_FORMS[name](t, p)
    if name in OF_A_BATCH:
        assert_allclose(losses.get(name)(t, p).item(), each, rtol=1e-6)
        with pytest.raises(ValueError, match="sample_weight"):
            losses.get(name)(t, p, np.ones(len(t)))
        return
    weights = np.random.default_rng(seed).uniform(0, 2, len(t))
    kind = type(losses.get(name))
    assert_allclose(kind(reduction=None)(t, p).numpy(), each, rtol=1e-10)
    assert_allclose(losses.get(name)(t, p).item(), each.mean(), rtol=1e-10)
    assert_allclose(kind(reduction="sum")(t, p).item(), each.sum(), rtol=1e-10)
    assert_allclose(losses.get(name)(t, p, weights).item(), (weights * each).mean(), rtol=1e-10)
    assert_allclose(kind(reduction="none")(t, p, weights[:, None]).numpy(), weights * each, rtol=1e-10)
    assert_allclose(kind(reduction="mean_with_sample_weight")(t, p, weights).item(),
                    (weights * each).sum() / weights.sum(), rtol=1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_against_scikit_learn(seed):
    def ours(name):
        return losses.get(name)(*data(name, seed)).item()
    assert ours("mse") == pytest.approx(sklearn.metrics.mean_squared_error(*data("mse", seed)))
    assert ours("mae") == pytest.approx(sklearn.metrics.mean_absolute_error(*data("mae", seed)))
    t, p = data("categorical_crossentropy", seed)
    assert ours("categorical_crossentropy") == pytest.approx(sklearn.metrics.log_loss(t.argmax(-1), p, labels=range(5)))
    t, p = data("binary_crossentropy", seed)
    assert ours("binary_crossentropy") == pytest.approx(sklearn.metrics.log_loss(t.ravel(), p.ravel()))
    t, p = (a[:, 0] for a in data("hinge", seed))
    assert losses.Hinge()(t, p).item() == pytest.approx(sklearn.metrics.hinge_loss(t, p))
    t, p = (a[:, 0] for a in data("poisson", seed))
    deviance = 2 * (losses.Poisson()(t, p).item() - losses.Poisson()(np.maximum(t, 1e-12), np.maximum(t, 1e-12)).item())
    assert deviance == pytest.approx(sklearn.metrics.mean_poisson_deviance(t, p), rel=1e-5)


@settings(max_examples=10)
@given(seed=seeds)
@pytest.mark.parametrize("name", LOSSES)
def test_gradient(name, seed):
    """Against central differences; also of the labels, where they are probabilities that someone may learn."""
    t, p = data(name, seed, n=3)
    loss, h = losses.get(name), 1e-6
    gradient = mg.grad(lambda p: loss(t, p))(p)
    for index in np.ndindex(p.shape):
        step = np.zeros_like(p)
        step[index] = h
        difference = (loss(t, p + step).item() - loss(t, p - step).item()) / (2 * h)
        assert gradient[index] == pytest.approx(difference, rel=1e-4, abs=1e-6), (seed, index)


def test_gradient_of_the_labels():
    t, p = data("kl_divergence", 0)
    gradient = mg.grad(lambda t: losses.KLDivergence()(t, p))(t)
    assert_allclose(gradient, (np.log(t / p) + 1) / len(t), rtol=1e-8)


@pytest.mark.parametrize("from_logits", [True, False])
def test_a_class_that_is_ignored_counts_for_nothing(from_logits):
    labels, p = np.array([1, 255, 0, 255]), softmax(np.arange(12.0).reshape(4, 3) % 5)
    scores, rest = np.log(p) if from_logits else p, labels != 255
    kept = losses.SparseCategoricalCrossentropy(from_logits, 255)
    plain = losses.SparseCategoricalCrossentropy(from_logits)
    assert kept(labels, scores).item() == pytest.approx(plain(labels[rest], scores[rest]).item())
    each = losses.sparse_categorical_crossentropy(labels, scores, from_logits, 255).numpy()
    assert (each[~rest] == 0).all() and (each[rest] > 0).all()
    gradient = mg.grad(lambda s: kept(labels, s))(scores)
    assert (gradient[~rest] == 0).all() and (gradient[rest] != 0).any()


def test_axis_of_the_classes_and_dtype():
    t, p = np.eye(3)[[[0, 1], [2, 1]]], softmax(np.arange(12.0).reshape(2, 2, 3) % 5)
    t, p = np.moveaxis(t, -1, 1), np.moveaxis(p, -1, 1)
    here = losses.CategoricalCrossentropy(axis=1)(t, p).item()
    assert here == pytest.approx(losses.CategoricalCrossentropy()(np.moveaxis(t, 1, -1), np.moveaxis(p, 1, -1)).item())
    assert here == pytest.approx(losses.SparseCategoricalCrossentropy(axis=1)(t.argmax(1), p).item())
    assert losses.MeanSquaredError(dtype="float64")(np.float32([1]), np.float32([3])).dtype == np.float64


# -- logits ----------------------------------------------------------------------------------------------------------
@settings(max_examples=20)
@given(seed=seeds, smoothing=st.sampled_from([0.0, 0.1, 1.0]))
def test_logits_and_probabilities_agree(seed, smoothing):
    rng = np.random.default_rng(seed)
    z, labels = 2 * rng.standard_normal((8, 4)), rng.integers(0, 4, 8)
    one_hot, bits = np.eye(4)[labels], rng.integers(0, 2, (8, 4)).astype(float)
    for kind, t, p in ((losses.CategoricalCrossentropy, one_hot, softmax(z)),
                       (losses.BinaryCrossentropy, bits, 1 / (1 + np.exp(-z)))):
        assert_allclose(kind(from_logits=True, label_smoothing=smoothing)(t, z).item(),
                        kind(label_smoothing=smoothing)(t, p).item(), rtol=1e-6)
    a = losses.SparseCategoricalCrossentropy(from_logits=True)(labels, z).item()
    assert a == pytest.approx(losses.CategoricalCrossentropy(from_logits=True)(one_hot, z).item(), rel=1e-12)


def test_label_smoothing_is_that_of_the_labels():
    t, p = data("categorical_crossentropy", 0)
    assert_allclose(losses.CategoricalCrossentropy(label_smoothing=0.2)(t, p).item(),
                    losses.CategoricalCrossentropy()(0.8 * t + 0.2 / 5, p).item(), rtol=1e-12)
    t, p = data("binary_crossentropy", 0)
    assert_allclose(losses.BinaryCrossentropy(label_smoothing=0.2)(t, p).item(),
                    losses.BinaryCrossentropy()(0.8 * t + 0.1, p).item(), rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_extreme_predictions_stay_finite(dtype):
    """Certain and wrong: logits give the exact loss, probabilities that of 1e-7."""
    z = mg.tensor([[1e4, -1e4]], dtype=dtype, requires_grad=True)
    y = losses.CategoricalCrossentropy(from_logits=True)([[0, 1]], z)
    y.backward()
    assert y.item() == 2e4 and np.array_equal(z.grad.numpy(), [[1, -1]])
    assert losses.BinaryCrossentropy(from_logits=True)([[0, 1]], z).item() == 1e4
    p = mg.tensor([[1.0, 0.0]], dtype=dtype, requires_grad=True)
    for loss, t in ((losses.CategoricalCrossentropy(), [[0, 1]]), (losses.SparseCategoricalCrossentropy(), [1]),
                    (losses.BinaryCrossentropy(), [[0, 1]]), (losses.KLDivergence(), [[0.0, 1.0]])):
        y = loss(t, p)
        y.backward()
        assert y.item() == pytest.approx(-math.log(1e-7), rel=0.02), loss
        assert np.isfinite(p.grad.numpy()).all(), loss


def test_probabilities_are_scaled_to_one_as_keras_does():
    assert losses.CategoricalCrossentropy()([[0, 1.0]], [[2.0, 6.0]]).item() == pytest.approx(-math.log(0.75))
    assert losses.SparseCategoricalCrossentropy()([1], [[2.0, 6.0]]).item() == pytest.approx(-math.log(0.75))


# -- shapes and dtypes -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", LOSSES)
def test_float32_stays_float32(name):
    t, p = data(name, 0)
    x = mg.tensor(p, dtype="float32", requires_grad=True)
    y = losses.get(name)(t, x, *([] if name in OF_A_BATCH else [np.ones(len(t))]))
    y.backward()
    assert y.dtype == x.grad.dtype == np.float32 and y.shape == ()


@pytest.mark.parametrize("name", [n for n in LOSSES if "sparse" not in n and "generalized" not in n])
def test_labels_of_other_types_are_cast(name):
    t, p = data(name, 0)
    t = np.round(t)
    expected = losses.get(name)(t, p).item()
    for other in (t.astype(int), t.astype("float32"), t.tolist(), mg.tensor(t.astype("int8"))):
        assert losses.get(name)(other, p).item() == pytest.approx(expected, rel=1e-12)


def test_sparse_labels_of_other_types():
    t, p = data("sparse_categorical_crossentropy", 0)
    loss = losses.SparseCategoricalCrossentropy()
    expected = loss(t, p).item()
    for other in (t.astype("uint8"), t.astype("float32"), t.tolist(), t[:, None], mg.tensor(t, dtype="int8")):
        assert loss(other, p).item() == expected


@pytest.mark.parametrize("true, pred", [((6, 1), (6,)), ((6,), (6, 1)), ((6, 1), (6, 1)), ((6,), (6,)),
                                        ((2, 3, 1), (2, 3)), ((2, 3), (2, 3, 1))])
def test_a_last_axis_of_one_is_matched(true, pred):
    t, p = np.arange(6.0), np.arange(6.0)[::-1]
    assert losses.MeanSquaredError()(t.reshape(true), p.reshape(pred)).item() == pytest.approx(((t - p)**2).mean())


@settings(max_examples=100)
@given(true=st.lists(st.integers(1, 3), max_size=3).map(tuple), pred=st.lists(st.integers(1, 3), max_size=3).map(tuple))
def test_shapes_are_never_broadcast(true, pred):
    """Equal, up to a last axis of 1, or an error."""
    t, p = np.ones(true), np.ones(pred)
    if true == pred or true + (1,) == pred or true == pred + (1,):
        values = losses.MeanSquaredError(reduction=None)(t, p)
        assert values.size <= max(t.size, 1)
    else:
        with pytest.raises(ValueError, match="y_true has shape"):
            losses.MeanSquaredError()(t, p)


def test_values_of_sequences_and_of_single_numbers():
    rng = np.random.default_rng(0)
    t, p = rng.standard_normal((2, 4, 7, 3))
    values = losses.MeanSquaredError(reduction=None)(t, p)
    assert_allclose(values.numpy(), ((t - p)**2).mean(-1))
    labels, z = rng.integers(0, 3, (4, 7)), rng.standard_normal((4, 7, 3))
    loss = losses.SparseCategoricalCrossentropy(from_logits=True, reduction=None)
    each, weights = loss(labels, z), rng.uniform(size=4)
    assert each.shape == (4, 7)
    assert_allclose(loss(labels, z, weights).numpy(), each.numpy() * weights[:, None])
    assert_allclose(losses.MeanSquaredError(reduction=None)(t[:, 0, 0], p[:, 0, 0]).numpy(), (t - p)[:, 0, 0]**2)


@pytest.mark.parametrize("call, error, message", [
    (lambda: losses.get("mse")(np.ones(32), np.ones((32, 32))), ValueError, r"MeanSq.*\(32,\).*\(32, 32\)"),
    (lambda: losses.CategoricalCrossentropy()([0, 1], np.ones((2, 3))), ValueError, "SparseCategoricalCrossentropy"),
    (lambda: losses.SparseCategoricalCrossentropy()(np.eye(3), np.ones((3, 3))), ValueError, "one-hot labels"),
    (lambda: losses.SparseCategoricalCrossentropy()([0, 3], np.ones((2, 3))), ValueError, "labels from 0 to 3.*0 to 2"),
    (lambda: losses.SparseCategoricalCrossentropy()([0, -1], np.ones((2, 3))), ValueError, "labels from -1 to 0"),
    (lambda: losses.SparseCategoricalCrossentropy()([0, 0.5], np.ones((2, 3))), ValueError, "whole numbers"),
    (lambda: losses.SparseCategoricalCrossentropy()([0, math.nan], np.ones((2, 3))), ValueError, "whole numbers"),
    (lambda: losses.CategoricalCrossentropy()(np.ones(3), np.ones((3, 1))), ValueError, "one class"),
    (lambda: losses.BinaryCrossentropy()([-1, 1], [0.5, 0.5]), ValueError, "labels must be from 0 to 1"),
    (lambda: losses.BinaryCrossentropy()([math.nan, 1], [0.5, 0.5]), ValueError, "labels must be from 0 to 1"),
    (lambda: losses.BinaryCrossentropy(label_smoothing=2), ValueError, "label_smoothing"),
    (lambda: losses.MeanSquaredError(reduction="average"), ValueError, "reduction must be one of"),
    (lambda: losses.get("mse")([[1.0]], [[2.0]], [1.0, 2.0]), ValueError, "sample_weight has shape"),
    (lambda: losses.get("mse")(np.ones((0, 3)), np.ones((0, 3))), ValueError, "empty batch"),
    (lambda: losses.get("sme"), ValueError, "did you mean 'mse'"),
    (lambda: losses.get(lambda t, p: 1.0)([1.0], [1.0]), TypeError, "must return a tensor"),
    (lambda: losses.get(lambda t, p: (p - t)**2)(np.ones(5), np.ones((5, 1))), ValueError, "where they should"),
])
def test_bad_arguments(call, error, message):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)         # casting nan to int
        with pytest.raises(error, match=message):
            call()


# -- by name ---------------------------------------------------------------------------------------------------------
def test_get():
    loss = losses.MeanSquaredError()
    assert losses.get(loss) is loss
    assert type(losses.get("MeanSquaredError")) is type(losses.get("MSE")) is type(losses.get(losses.MeanSquaredError))


def test_a_function_as_a_loss():
    def fourth_power(t, p):
        return mg.mean((p - t)**4, axis=-1)
    t, p = data("mse", 0)
    loss = losses.get(fourth_power)
    each = ((t - p)**4).mean(-1)
    assert loss(t, mg.tensor(p)).item() == pytest.approx(each.mean())
    assert loss(t, mg.tensor(p), np.arange(12.0)).item() == pytest.approx((np.arange(12) * each).mean())
    assert losses.get(lambda t, p: mg.mean((p - t)**4))(t, p).item() == pytest.approx(each.mean())


@pytest.mark.parametrize("name", LOSSES)
def test_config_round_trip(name):
    one = losses.get(name)
    assert repr(type(one).from_config(one.get_config())) == repr(one)
