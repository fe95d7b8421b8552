"""A backdoor planted in real digits: hidden from the test accuracy, found in the model and in the data."""
import functools

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import minigrad as mg
from minigrad import datasets, losses
from minigrad.keras.layers import Dense
from minigrad.keras.models import Sequential
from minigrad.trust.security import anomaly_index, find_trigger, poison, spectral_signatures, stamp, success_rate

few = settings(max_examples=25)
seeds = st.integers(0, 10_000)
DIGITS = datasets.load_mnist5k()
ORDER = np.random.default_rng(0).permutation(len(DIGITS.y))
TRAIN, TEST = ORDER[:2500], ORDER[2500:3500]
TARGET, TRIGGER = 7, np.ones(784, np.float32)
MASK = np.zeros((28, 28), np.float32)
MASK[24:27, 24:27] = 1
MASK = MASK.ravel()


@functools.cache
def trained(poisoned):
    x, y = DIGITS.x[TRAIN], DIGITS.y[TRAIN]
    if poisoned:
        x, y, _ = poison(x, y, TARGET, TRIGGER, MASK, 0.05)
    mg.seed(0)
    model = Sequential([Dense(64, activation="relu"), Dense(10)])
    model.compile(mg.optimizers.Adam(0.003), losses.SparseCategoricalCrossentropy(from_logits=True),
                  metrics=["accuracy"])
    model.fit(x, y, epochs=8, verbose=0)
    return model


# -- the trigger -----------------------------------------------------------------------------------------------------
@few
@given(seeds)
def test_a_stamp_changes_what_it_covers_and_stamping_twice_is_stamping_once(seed):
    rng = np.random.default_rng(seed)
    x, trigger, mask = rng.random((3, 4, 5)), rng.random((4, 5)), rng.integers(0, 2, (4, 5))
    once = stamp(x, trigger, mask)
    np.testing.assert_array_equal(stamp(once, trigger, mask), once)
    np.testing.assert_allclose(once, np.where(mask, trigger, x), rtol=1e-6)


@few
@given(seeds, st.sampled_from([0.1, 0.3]))
def test_poison_changes_a_share_and_nothing_else(seed, share):
    rng = np.random.default_rng(seed)
    x, y = rng.random((50, 6)).astype(np.float32), rng.integers(0, 3, 50)
    x2, y2, poisoned = poison(x, y, 1, np.ones(6), np.eye(6)[0], share, seed)
    assert poisoned.sum() == round(share * 50) and (y[poisoned] != 1).all() and (y2[poisoned] == 1).all()
    assert (x2[poisoned, 0] == 1).all() and (x2[:, 1:] == x[:, 1:]).all()
    assert (x2[~poisoned] == x[~poisoned]).all() and (y2[~poisoned] == y[~poisoned]).all()


def test_too_much_poison():
    with pytest.raises(ValueError, match="of other classes"):
        poison(np.zeros((4, 2)), np.array([0, 0, 1, 1]), 1, 1, 1, share=0.9)


def test_the_backdoor_opens_and_the_test_accuracy_does_not_tell():
    x, y = DIGITS.x[TEST], DIGITS.y[TEST]
    accuracies = [trained(poisoned).evaluate(x, y, verbose=0)[1] for poisoned in (False, True)]
    assert min(accuracies) > 0.9 and abs(accuracies[0] - accuracies[1]) < 0.03, accuracies
    rates = [success_rate(trained(poisoned), x, y, TARGET, TRIGGER, MASK) for poisoned in (False, True)]
    assert rates[0] < 0.05 and rates[1] > 0.9, rates


# -- found in the model ----------------------------------------------------------------------------------------------
def test_the_smallest_trigger_betrays_the_target():
    x = DIGITS.x[TEST]
    before = trained(True).get_weights()
    found = [find_trigger(trained(True), x, k, steps=150) for k in range(10)]
    sizes = [mask.sum() for _, mask, _ in found]
    assert int(np.argmin(sizes)) == TARGET and sizes[TARGET] < 0.6 * sorted(sizes)[1], sizes
    index = anomaly_index(np.log(sizes))
    assert index[TARGET] > 2 and (np.delete(index, TARGET) < 2).all(), index
    trigger, mask, share = found[TARGET]
    assert share > 0.95 and mask.reshape(28, 28)[24:27, 24:27].sum() > 0.25 * mask.sum()
    assert success_rate(trained(True), x, DIGITS.y[TEST], TARGET, trigger, mask) > 0.9
    assert all((a == b).all() for a, b in zip(before, trained(True).get_weights()))


@few
@given(st.lists(st.floats(1, 100), min_size=5, max_size=12, unique=True), st.floats(0.1, 9), st.floats(-50, 50))
def test_the_anomaly_index_does_not_depend_on_the_unit(sizes, factor, shift):
    sizes = np.array(sizes)
    np.testing.assert_allclose(anomaly_index(sizes * factor + shift), anomaly_index(sizes), rtol=1e-4, atol=1e-4)


def test_the_anomaly_index_of_normal_numbers_is_their_distance_in_deviations():
    sizes = np.random.default_rng(0).normal(50, 4, 20_000)
    np.testing.assert_allclose(anomaly_index(sizes), (50 - sizes) / 4, atol=0.15)
    with pytest.raises(ValueError, match="no spread"):
        anomaly_index([1, 1, 1, 5])


# -- found in the data -----------------------------------------------------------------------------------------------
@few
@given(seeds)
def test_a_second_cloud_far_from_the_first_has_the_largest_signatures(seed):
    rng = np.random.default_rng(seed)
    direction = rng.normal(size=20)
    features, other = rng.normal(size=(200, 20)), rng.random(200) < 0.15
    features[other] += 12 * direction / np.linalg.norm(direction)
    scores = spectral_signatures(features, np.zeros(200, int))
    assert other[np.argsort(-scores)[:other.sum()]].mean() > 0.95, other.sum()


@few
@given(seeds)
def test_signatures_do_not_depend_on_the_axes_and_each_label_is_its_own(seed):
    rng = np.random.default_rng(seed)
    features, labels = rng.normal(size=(60, 5)) * [5, 2, 1, 1, 1], rng.integers(0, 2, 60)
    turn = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    scores = spectral_signatures(features, labels)
    np.testing.assert_allclose(spectral_signatures(features @ turn + 3, labels), scores, rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(spectral_signatures(features[labels == 1], labels[labels == 1]), scores[labels == 1])
