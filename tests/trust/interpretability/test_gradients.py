"""Attributions by gradients: each method's axiom, on networks that Hypothesis draws."""
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import minigrad as mg
from minigrad.keras.layers import Dense
from minigrad.keras.models import Sequential
from minigrad.trust.interpretability import guided_backpropagation, integrated_gradients, saliency, smooth_grad

seeds = st.integers(0, 10_000)
few = settings(max_examples=25)


def network(seed, activation="tanh", inputs=5, classes=3):
    """A network of random weights, and a batch of inputs, in float64."""
    mg.seed(seed)
    model = Sequential([Dense(8, activation=activation), Dense(classes)])
    model.build((None, inputs))
    for w in model.weights:
        w._data = w._data.astype(np.float64) + 0.1
    x = np.random.default_rng(seed).normal(size=(4, inputs))
    return model, x


def score(model, x, target):
    return model(mg.Tensor(np.broadcast_to(x, (4, 5)))).numpy()[np.arange(4), target]


@few
@given(seeds, st.sampled_from(["tanh", "gelu", "relu"]), st.integers(0, 2))
def test_integrated_gradients_are_complete(seed, activation, target):
    model, x = network(seed, activation)
    baseline = np.random.default_rng([seed, 1]).normal(size=5)
    attributions = integrated_gradients(model, x, target, baseline, steps=300)
    np.testing.assert_allclose(attributions.sum(axis=1), score(model, x, target) - score(model, baseline, target),
                               rtol=0.01, atol=0.02 if activation == "relu" else 1e-4)


def test_the_gap_in_completeness_falls_with_the_square_of_the_steps():
    model, x = network(0)
    whole = score(model, x, 1) - score(model, np.zeros(5), 1)
    coarse, fine = (np.abs(integrated_gradients(model, x, 1, steps=n).sum(axis=1) - whole).max() for n in (8, 80))
    assert 50 < coarse / fine < 200, (coarse, fine)


@few
@given(seeds)
def test_integrated_gradients_of_a_quadratic_form_are_exact_in_one_step(seed):
    """S = x' A x + b x: the gradient is linear along the way, so the midpoint is its mean."""
    rng = np.random.default_rng(seed)
    a, b, x = rng.normal(size=(5, 5)), rng.normal(size=5), rng.normal(size=(4, 5))
    attributions = integrated_gradients(lambda t: ((t @ a) * t).sum(axis=1) + t @ b, x, steps=1)
    np.testing.assert_allclose(attributions, x * ((x @ (a + a.T)) / 2 + b), atol=1e-12)


@few
@given(seeds, st.sampled_from([saliency, integrated_gradients, smooth_grad]))
def test_an_input_that_is_not_used_gets_nothing(seed, method):
    model, x = network(seed)
    model.layers[0].kernel._data[3] = 0
    attributions = method(model, x, 0)
    assert (attributions[:, 3] == 0).all() and np.abs(attributions[:, :3]).max() > 0


@few
@given(seeds)
def test_an_input_equal_to_the_baseline_gets_nothing(seed):
    model, x = network(seed)
    assert (integrated_gradients(model, x, 0, baseline=x[0])[0] == 0).all()


@few
@given(seeds, st.integers(0, 2))
def test_of_a_linear_model_all_see_the_weights(seed, target):
    rng = np.random.default_rng(seed)
    w, x = rng.normal(size=(5, 3)), rng.normal(size=(4, 5))

    def linear(t):
        return t @ w + 1.0
    np.testing.assert_allclose(saliency(linear, x, target), np.broadcast_to(np.abs(w[:, target]), x.shape))
    np.testing.assert_allclose(smooth_grad(linear, x, target, samples=2), np.broadcast_to(w[:, target], x.shape))
    np.testing.assert_allclose(integrated_gradients(linear, x, target, steps=3), x * w[:, target])


@few
@given(seeds)
def test_two_networks_with_the_same_function_get_the_same(seed):
    """Implementation invariance: hidden units in another order."""
    model, x = network(seed)
    order = np.random.default_rng([seed, 2]).permutation(8)
    first, last = model.layers
    twin = Sequential([Dense(8, activation="tanh"), Dense(3)])
    twin.build((None, 5))
    for w, new in zip(twin.weights, (first.kernel._data[:, order], first.bias._data[order], last.kernel._data[order],
                                     last.bias._data)):
        w._data = new
    for method in (saliency, integrated_gradients, smooth_grad):
        np.testing.assert_allclose(method(model, x, 1), method(twin, x, 1), atol=1e-12)


def test_smooth_grad_converges_to_the_gradient_of_the_smoothed_score():
    """S = x³ / 3 has gradient x²; smoothed by a Gaussian of width s it is x² + s²."""
    x = np.array([[0.0, 1.0, 3.0]])
    errors = [np.abs(smooth_grad(lambda t: (t ** 3).sum(axis=1) / 3, x, noise=0.1, samples=n, seed=seed)
                     - (x ** 2 + 0.3 ** 2)) for n in (100, 10_000) for seed in range(5)]
    few, many = np.mean(errors[:5]), np.mean(errors[5:])
    assert many < 0.02 and 5 < few / many < 20, (few, many)


def test_smooth_grad_without_noise_is_the_gradient_and_takes_other_methods():
    model, x = network(3)
    np.testing.assert_allclose(np.abs(smooth_grad(model, x, 2, noise=0, samples=1)), saliency(model, x, 2))
    np.testing.assert_allclose(smooth_grad(model, x, 2, noise=0, samples=2, method=integrated_gradients),
                               integrated_gradients(model, x, 2))


@few
@given(seeds, st.integers(0, 2))
def test_guided_backpropagation_follows_its_recurrence(seed, target):
    """dx = W₁ (relu(W₂) where the unit is on): with one hidden layer only cotangents of both signs matter."""
    model, x = network(seed, "relu")
    first, last = model.layers
    on = x @ first.kernel._data + first.bias._data > 0
    expected = (on * np.maximum(last.kernel._data[:, target], 0)) @ first.kernel._data.T
    np.testing.assert_allclose(guided_backpropagation(model, x, target), expected, atol=1e-12)
    assert first.activation is mg.relu                      # put back


def test_the_default_target_is_the_likeliest_and_each_example_may_have_its_own():
    model, x = network(5)
    likeliest = model(mg.Tensor(x)).numpy().argmax(axis=1)
    np.testing.assert_array_equal(saliency(model, x), saliency(model, x, likeliest))
    np.testing.assert_allclose(saliency(model, x, [0, 1, 2, 0])[2], saliency(model, x, 2)[2])


def test_float32_and_shape_stay():
    mg.seed(0)
    model, x = Sequential([mg.layers.Flatten(), Dense(3)]), np.ones((2, 4, 4), np.float32)
    for method in (saliency, integrated_gradients, smooth_grad):
        assert method(model, x).dtype == np.float32 and method(model, x).shape == x.shape
    assert saliency(model, np.ones((2, 4, 4), int)).dtype == np.float32


def test_bad_input():
    model, x = network(0)
    for call, words in ((lambda: saliency(model, x, 3), "from 0 to 2"), (lambda: saliency(model, x, -1), "from 0 to 2"),
                        (lambda: saliency(model, x, 0.5), "must be a class"),
                        (lambda: integrated_gradients(model, x, steps=0), "at least 1"),
                        (lambda: smooth_grad(model, x, noise=-1), "negative"),
                        (lambda: guided_backpropagation(model, x), "activation=\"relu\"")):
        with pytest.raises(ValueError, match=words):
            call()
