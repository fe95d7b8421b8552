"""DP-SGD: no example moves a step by more than C, the noise has its size, and with neither it is plain SGD."""
import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import minigrad as mg
from minigrad import losses, optimizers
from minigrad.trust.privacy import DPOptimizer, fit_private

from ...keras.networks import classes, network

SPARSE = losses.SparseCategoricalCrossentropy(from_logits=True, reduction=None)


def private(clip=1.0, noise=0.0, people=90, rate=0.5, seed=0, optimizer=None):
    return DPOptimizer(optimizer or optimizers.SGD(0.1), clip, noise, rate, people, seed)


def sums(optimizer, model, x, y):
    """Σ clipped gradients, as one vector."""
    parts = optimizer.privatize(SPARSE(y, model(x)), model.trainable_weights)
    return np.concatenate([g.ravel() for g in parts]) * optimizer.rate * optimizer.people


@settings(max_examples=25)
@given(clip=st.floats(1e-3, 10), who=st.integers(0, 19), seed=st.integers(0, 50))
def test_one_example_more_moves_the_sum_by_at_most_the_clip(clip, who, seed):
    """The sensitivity, on which the whole proof rests; also for an outlier."""
    x, y = classes(20, seed)
    x[who] *= 1000
    model = network(5, 3, seed=seed)
    model(x)
    keep = np.arange(20) != who
    moved = sums(private(clip), model, x, y) - sums(private(clip), model, x[keep], y[keep])
    assert np.linalg.norm(moved) <= clip * (1 + 1e-3), f"clip {clip}, example {who}, seed {seed}"


def test_without_clip_and_noise_it_is_sgd():
    x, y = classes()
    plain, careful = network(5, 3), network(5, 3)
    plain(x), careful(x)
    careful.set_weights(plain.get_weights())
    optimizer = private(clip=1e6, rate=1.0, people=90)
    SPARSE(y, plain(x)).mean().backward()
    optimizers.SGD(0.1).step(plain.trainable_weights)
    optimizer.step(SPARSE(y, careful(x)), careful.trainable_weights)
    for a, b in zip(plain.get_weights(), careful.get_weights()):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_the_noise_has_deviation_noise_times_clip_over_batch():
    x, y = classes()
    model = network(200, 3)
    model(x)
    quiet, loud = private(2.0, 0.0), private(2.0, 1.5)
    got = np.concatenate([(a - b).ravel() for a, b in zip(
        loud.privatize(SPARSE(y, model(x)), model.trainable_weights),
        quiet.privatize(SPARSE(y, model(x)), model.trainable_weights))])
    expected = 1.5 * 2.0 / 45
    n = got.size                                                            # five standard errors, seed 0
    assert abs(got.std() / expected - 1) < 5 / math.sqrt(2 * n) and abs(got.mean()) < 5 * expected / math.sqrt(n)


def test_an_empty_batch_is_noise_alone():
    model = network(5, 3)
    model(classes()[0])
    optimizer = private(noise=1.0)
    gradients = optimizer.privatize(mg.tensor(np.zeros(0, np.float32)), model.trainable_weights)
    assert all(g.shape == w.shape and g.any() for g, w in zip(gradients, model.trainable_weights))


def test_batches_are_poisson_samples():
    optimizer = private(people=1000, rate=0.1, seed=3)
    counts = np.zeros(1000)
    sizes = []
    for rows in optimizer.batches(400):
        counts[rows] += 1
        sizes.append(len(rows))
    assert abs(counts.mean() - 40) < 5 * math.sqrt(400 * 0.09 / 1000)
    assert 0.8 < np.var(sizes) / 90 < 1.25                                  # binomial, not a fixed size; seed 3


def test_each_step_is_accounted_for():
    x, y = classes()
    model = network(5, 3)
    model(x)
    optimizer = private(noise=1.0, rate=0.1)
    spent = []
    for rows in optimizer.batches(5):
        optimizer.step(SPARSE(y[rows], model(x[rows])), model.trainable_weights)
        spent.append(optimizer.epsilon(1e-3))
    assert spent == sorted(spent) and spent[0] > 0
    assert optimizer.optimizer.iterations == 5


def test_fit_learns_within_its_budget():
    x, y = classes(600)
    model = network(8, 3)
    optimizer = fit_private(model, SPARSE, x, y, optimizers.Adam(0.05), epsilon=3, batch_size=60, epochs=10, seed=0)
    assert 2.9 < optimizer.epsilon(0.1 / 600) <= 3
    assert (model.predict(x, verbose=0).argmax(axis=1) == y).mean() > 0.85   # 1/3 by chance


def test_a_seed_repeats_it():
    x, y = classes()
    weights = []
    for _ in range(2):
        model = network(4, 3)
        fit_private(model, SPARSE, x, y, optimizers.SGD(0.1), noise=1.0, batch_size=30, epochs=1, seed=5)
        weights.append(model.get_weights())
    assert all(np.array_equal(a, b) for a, b in zip(*weights))


@pytest.mark.parametrize("setting, words", [
    ({"clip": 0}, "clip must be a number above 0"), ({"noise": -1}, "noise must be a number of at least 0"),
    ({"rate": 0}, "rate must be"), ({"people": 0}, "people must be a whole number of at least 1")])
def test_refusals(setting, words):
    with pytest.raises(ValueError, match=words):
        private(**setting)


def test_fit_wants_one_of_noise_and_epsilon():
    x, y = classes()
    for both in ({}, {"noise": 1.0, "epsilon": 1.0}):
        with pytest.raises(ValueError, match="either"):
            fit_private(network(4, 3), SPARSE, x, y, optimizers.SGD(0.1), **both)
