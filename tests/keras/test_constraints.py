"""Constraints: what they make of a weight, and that every step of an optimizer ends with it."""
import copy

import numpy as np
import pytest

import minigrad as mg
from minigrad.keras import constraints, layers, models, optimizers

W = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32) * 3
KINDS = {"max_norm": constraints.MaxNorm(1.5), "non_neg": constraints.NonNeg(), "unit_norm": constraints.UnitNorm(1),
         "min_max_norm": constraints.MinMaxNorm(2.0, 3.0, 0.5, axis=[0, 1])}


def lengths(w, axis=0):
    return np.sqrt((w * w).sum(axis=axis))


def test_what_they_make():
    assert np.allclose(lengths(KINDS["max_norm"](W)), np.minimum(lengths(W), 1.5), atol=1e-5)
    assert np.array_equal(KINDS["non_neg"](W), np.maximum(W, 0))
    assert np.allclose(lengths(KINDS["unit_norm"](W), 1), 1, atol=1e-5)
    assert lengths(KINDS["min_max_norm"](W), None) == pytest.approx((lengths(W, None) + 3) / 2, rel=1e-5)
    assert isinstance(constraints.get("MaxNorm"), constraints.MaxNorm) and constraints.get(None) is None


@pytest.mark.peers
@pytest.mark.parametrize("name", KINDS)
def test_like_keras(name):
    keras = pytest.importorskip("keras")
    theirs = getattr(keras.constraints, type(KINDS[name]).__name__)(**KINDS[name].get_config())
    assert np.allclose(KINDS[name](W), keras.ops.convert_to_numpy(theirs(W)), atol=1e-5)


@pytest.mark.parametrize("how", [{"run_eagerly": True}, {"jit_compile": True}])
def test_each_step_ends_with_it(how, tmp_path):
    x = np.random.default_rng(1).standard_normal((40, 4)).astype(np.float32)
    mg.seed(0)
    model = models.Sequential([layers.Dense(3, kernel_constraint=constraints.MaxNorm(0.5), bias_constraint="non_neg"),
                               layers.Dense(1)])
    model.compile(optimizers.Adam(0.1), "mse", **how)
    model.fit(x, x.sum(1), batch_size=8, epochs=3, verbose=0)
    kernel, bias, free, _ = model.get_weights()
    assert lengths(kernel).max() <= 0.5 + 1e-5 and bias.min() >= 0 and lengths(free) > 0.5
    model.save(tmp_path)
    again = models.load_model(tmp_path)
    for one in (again, copy.deepcopy(model)):
        assert one.layers[0].kernel.constraint.max_value == 0.5
    with mg.keras.GradientTape() as tape:                   # a loop of one's own
        loss = (again(x) ** 2).mean()
    optimizers.SGD(50.0).apply_gradients(zip(tape.gradient(loss, again.trainable_weights), again.trainable_weights))
    assert lengths(again.layers[0].kernel.numpy()).max() <= 0.5 + 1e-5


def test_averages_are_held_too():
    x = np.random.default_rng(0).standard_normal((9, 4)).astype(np.float32)
    model = models.Sequential([layers.Dense(2, kernel_constraint="non_neg")])
    model.compile(optimizers.SGD(0.5, use_ema=True), "mse")
    model.fit(x, x[:, :2], epochs=3, verbose=0)
    assert model.weights[0].numpy().min() >= 0


def test_one_of_ones_own():
    dense = layers.Dense(2, kernel_constraint=lambda w: mg.clip(w, -0.01, 0.01))
    dense(W)
    optimizers.SGD(9.0).apply_gradients([(np.ones((3, 2), np.float32), dense.kernel)])     # wherever it began
    assert np.allclose(dense.kernel.numpy(), -0.01)
    with pytest.raises(TypeError, match="no argument 'gain_constraint'"):
        layers.Dense(2, gain_constraint="non_neg")
    with pytest.raises(ValueError, match="unknown constraint"):
        layers.Dense(2, kernel_constraint="round")(W)


def test_regularizers_of_every_weight_and_of_outputs():
    model = models.Sequential([layers.LSTM(2, kernel_regularizer="l2", recurrent_regularizer="l1",
                                           bias_regularizer="l2", activity_regularizer="l1")])
    model.compile("sgd", lambda y, p: 0 * p)
    x = np.random.default_rng(0).standard_normal((5, 3, 2)).astype(np.float32)
    loss = model.evaluate(x, np.zeros((5, 2)), verbose=0)
    kernel, recurrent, bias = model.get_weights()
    expected = 0.01 * ((kernel ** 2).sum() + abs(recurrent).sum() + (bias ** 2).sum() + abs(model(x).numpy()).sum() / 5)
    assert loss == pytest.approx(expected, rel=1e-5)
