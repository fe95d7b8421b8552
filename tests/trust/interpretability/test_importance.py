"""Permutation importance, attention rollout and the randomisation test."""
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import minigrad as mg
from minigrad import datasets, losses
from minigrad.keras.layers import Dense
from minigrad.keras.models import Sequential
from minigrad.trust.interpretability import (
    attention_rollout,
    guided_backpropagation,
    permutation_importance,
    randomisation_test,
    rank_correlation,
    saliency,
    shuffled,
)
from minigrad.zoo.gpt import GPT

few = settings(max_examples=25)
seeds = st.integers(0, 10_000)


# -- permutation importance ------------------------------------------------------------------------------------------
def minus_squared_error(w):
    return lambda x, y: -((x @ w - y) ** 2).mean()


@few
@given(seeds)
def test_a_column_that_is_not_used_gets_exactly_nothing(seed):
    rng = np.random.default_rng(seed)
    x, w = rng.normal(size=(30, 4)), np.array([1.0, 0, -2, 0])
    drops = permutation_importance(minus_squared_error(w), x, x @ w, repeats=3, seed=seed)
    assert drops.shape == (4, 3) and (drops[[1, 3]] == 0).all() and (drops[[0, 2]] > 0).all()


def test_a_linear_model_of_independent_columns_has_importances_2_w_w_var():
    rng, w, deviation = np.random.default_rng(0), np.array([1.0, -2.0, 0.5]), np.array([1.0, 0.5, 3.0])
    x = rng.normal(size=(20_000, 3)) * deviation
    got = permutation_importance(minus_squared_error(w), x, x @ w, repeats=5).mean(axis=1)
    np.testing.assert_allclose(got, 2 * w ** 2 * deviation ** 2, rtol=0.05)


def test_twins_share_their_importance_and_a_group_has_it_whole():
    rng = np.random.default_rng(0)
    column = rng.normal(size=(5000, 1))
    x, w = np.hstack([column, column]), np.array([0.5, 0.5])
    alone = permutation_importance(minus_squared_error(w), x, x @ w).mean(axis=1)
    together = permutation_importance(minus_squared_error(w), x, x @ w, groups=[[0, 1]]).mean()
    np.testing.assert_allclose(alone, 0.5, rtol=0.1)
    np.testing.assert_allclose(together, 2.0, rtol=0.1)


def test_scikit_learn_finds_the_same():
    linear_model = pytest.importorskip("sklearn.linear_model")
    from sklearn.inspection import permutation_importance as theirs
    data = datasets.load_diabetes()
    model = linear_model.LinearRegression().fit(data.x, data.y)
    expected = theirs(model, data.x, data.y, n_repeats=100, random_state=0)
    got = permutation_importance(model.score, data.x, data.y, repeats=100)
    error = np.hypot(expected.importances_std, got.std(axis=1)) / 10
    assert (np.abs(got.mean(axis=1) - expected.importances_mean) < 5 * error + 1e-12).all()


def test_permutation_importance_wants_a_table_and_leaves_it_alone():
    x = np.arange(12.0).reshape(4, 3)
    permutation_importance(minus_squared_error(np.ones(3)), x, x.sum(axis=1))
    np.testing.assert_array_equal(x, np.arange(12.0).reshape(4, 3))
    with pytest.raises(ValueError, match="a table"):
        permutation_importance(lambda x, y: 0, np.zeros(3), np.zeros(3))


# -- attention rollout -----------------------------------------------------------------------------------------------
def weights(seed, layers=3, shape=(2, 4, 6, 6)):
    z = np.random.default_rng(seed).normal(size=(layers, *shape))
    p = np.exp(z) * np.tri(shape[-1])       # causal
    return list(p / p.sum(axis=-1, keepdims=True))


@few
@given(seeds, st.sampled_from([0.0, 0.3, 0.5, 1.0]))
def test_rollout_is_a_distribution_and_stays_causal(seed, residual):
    rollout = attention_rollout(weights(seed), residual)
    np.testing.assert_allclose(rollout.sum(axis=-1), 1)
    assert (rollout >= 0).all() and (rollout * (1 - np.tri(6)) == 0).all()


@few
@given(seeds)
def test_rollout_is_the_jacobian_of_a_network_that_only_mixes(seed):
    maps = weights(seed, shape=(1, 5, 5))

    def mix(x):
        for a in maps:
            x = 0.5 * (a[0] @ x) + 0.5 * x
        return x
    jacobian = mg.jacobian(mix)(np.random.default_rng(seed).normal(size=5))
    np.testing.assert_allclose(attention_rollout(maps), jacobian, atol=1e-12)


def test_rollout_of_a_single_layer_and_of_no_attention():
    one = weights(0, layers=1)
    np.testing.assert_allclose(attention_rollout(one), 0.5 * one[0].mean(axis=1) + 0.5 * np.eye(6))
    np.testing.assert_allclose(attention_rollout(weights(0), residual=1.0), np.broadcast_to(np.eye(6), (2, 6, 6)))


def test_rollout_of_a_gpt():
    mg.seed(0)
    model = GPT("abcd", context=8, depth=2, heads=2, width=16)
    rollout = attention_rollout(model.attention_maps(np.array([[0, 1, 2, 3, 0]])))
    assert rollout.shape == (1, 5, 5)
    np.testing.assert_allclose(rollout.sum(axis=-1), 1, rtol=1e-5)


def test_what_cannot_be_rolled_out():
    for maps, words in (([], "for each layer"), ([np.ones((2, 3, 4))], "must have weights"),
                        ([np.ones((2, 3, 3))], "do not add up to 1")):
        with pytest.raises(ValueError, match=words):
            attention_rollout(maps)
    with pytest.raises(ValueError, match="residual"):
        attention_rollout(weights(0), residual=2)


# -- the randomisation test ------------------------------------------------------------------------------------------
@few
@given(st.lists(st.integers(0, 5), min_size=3, max_size=20), seeds)
def test_rank_correlation_is_scipys(a, seed):
    stats = pytest.importorskip("scipy.stats")
    b = np.random.default_rng(seed).integers(0, 5, len(a))
    expected = stats.spearmanr(a, b).statistic if len(set(a)) > 1 and len(set(b)) > 1 else 0
    assert rank_correlation(a, b) == pytest.approx(expected, abs=1e-9)


def trained_on_digits():
    """A small network that knows the digits, and twenty of them."""
    digits = datasets.load_digits()
    mg.seed(0)
    model = Sequential([Dense(48, activation="relu"), Dense(48, activation="relu"), Dense(10)])
    model.compile("adam", losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    model.fit(digits.x[:1500], digits.y[:1500], epochs=12, verbose=0)
    assert model.evaluate(digits.x[1500:], digits.y[1500:], verbose=0)[1] > 0.85
    return model, digits.x[1500:1520]


def edges(model, x, target=None):
    """How much each pixel differs from its neighbours: looks like an explanation, and never asks the model."""
    images = x.reshape(-1, 8, 8)
    return np.hypot(*np.gradient(images, axis=(1, 2))).reshape(x.shape)


def test_what_depends_on_the_weights_changes_and_what_does_not_fails():
    model, x = trained_on_digits()
    before = model.get_weights()
    by_gradient, by_edges = (randomisation_test(model, x, method) for method in (saliency, edges))
    assert list(by_gradient) == [layer.name for layer in model.layers[::-1]]
    assert list(by_gradient.values())[-1] < 0.3
    assert list(by_edges.values()) == pytest.approx([1, 1, 1])
    for a, b in zip(before, model.get_weights()):
        np.testing.assert_array_equal(a, b)


def test_shuffled_keeps_the_numbers_and_puts_them_back_even_after_an_error():
    model, _ = trained_on_digits()
    layer = model.layers[1]
    before = layer.kernel.numpy()
    with pytest.raises(RuntimeError, match="inside"), shuffled([layer]):
        now = layer.kernel.numpy()
        assert (np.sort(now, axis=None) == np.sort(before, axis=None)).all() and (now != before).mean() > 0.9
        raise RuntimeError("inside")
    np.testing.assert_array_equal(layer.kernel.numpy(), before)


def test_the_test_itself_takes_guided_backpropagation():
    model, x = trained_on_digits()
    similarity = randomisation_test(model, x, guided_backpropagation)
    assert set(similarity) == {layer.name for layer in model.layers} and all(-1 <= s <= 1 for s in similarity.values())
