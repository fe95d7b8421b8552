"""The accountant against published figures, against closed forms, and its axioms."""
import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from minigrad.trust.privacy import Accountant, accountant, noise_for, renyi_divergence, to_epsilon


@pytest.mark.parametrize("noise, epochs, published", [(1.12, 60, 2.92), (0.6, 30, 9.74), (1.2, 10, 1.20),
                                                      (1.1, 60, 3.01), (1.3, 15, 1.19), (0.7, 45, 7.10)])
def test_tensorflow_privacy_tutorial(noise, epochs, published):
    """tensorflow/privacy, tutorials/README.md, "Select Parameters": MNIST, batches of 256, δ = 1e-5; the last three are
    the table as it stood in 2019."""
    steps = epochs * 60000 // 256
    got = Accountant().spend(256 / 60000, noise, steps).epsilon(1e-5, improved=False)
    assert got == pytest.approx(published, abs=0.015)


def test_abadi():
    """Abadi et al. 2016, section 3.1, after theorem 1: q = 0.01, σ = 4, δ = 1e-5, T = 10,000 steps: ε = 1.26."""
    assert Accountant().spend(0.01, 4, 10_000).epsilon(1e-5, improved=False) == pytest.approx(1.26, abs=0.005)


@pytest.mark.parametrize("order, published", [(1.5, 0.00065), (2.5, 0.001085), (5, 0.00218075), (50, 0.023846),
                                              (100, 167.416307)])
def test_divergences_of_tensorflow_privacy(order, published):
    """tensorflow/privacy, rdp_accountant_test.py, test_compute_rdp: q = 0.01, σ = 2.5, 50 steps, to five places."""
    assert 50 * renyi_divergence(0.01, 2.5, order) == pytest.approx(published, abs=1e-5)


def binomial(q, noise, order):
    """For whole α: A = Σₖ (α over k) (1 - q)^(α - k) q^k e^((k² - k) / 2σ²).  (Mironov et al. 2019, section 3.3)"""
    terms = [math.lgamma(order + 1) - math.lgamma(k + 1) - math.lgamma(order - k + 1)
             + (order - k) * math.log1p(-q) + k * math.log(q) + (k * k - k) / (2 * noise ** 2)
             for k in range(order + 1)]
    return np.logaddexp.reduce(terms) / (order - 1)


@settings(max_examples=60)
@given(q=st.floats(1e-4, 0.9), noise=st.floats(0.3, 10), order=st.integers(2, 100))
def test_the_integral_equals_the_sum(q, noise, order):
    expected = binomial(q, noise, order)
    assert renyi_divergence(q, noise, order) == pytest.approx(expected, rel=1e-6, abs=1e-11)
    assert accountant._log_integral(q, noise, order) / (order - 1) == pytest.approx(expected, rel=1e-6, abs=1e-11)


@pytest.mark.parametrize("q, order", [(0.01, 2), (0.2, 40), (0.9, 7)])
@pytest.mark.parametrize("noise", [0.02, 0.04])
def test_what_is_taken_for_little_noise_is_on_the_safe_side_and_near(q, noise, order):
    taken, exact = renyi_divergence(q, noise, order), binomial(q, noise, order)
    assert exact <= taken <= exact + order / (order - 1) * -math.log(q) + 1e-9


@pytest.mark.parametrize("noise", [1e-300, 1e-6, 0.01, 0.05, 0.3, 3.0, 1e4, 1e300])
def test_any_noise_and_order_is_a_bounded_number_of_operations(noise, monkeypatch):
    """An array of a few hundred thousand numbers at most, and none that overflows."""
    sizes, arange = [0], np.arange
    monkeypatch.setattr(np, "arange", lambda *args: (sizes.append(arange(*args).size), arange(*args))[1])
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        for order in (1.0000001, 1.5, 10.9, 64.5, 9999.5, 1e6, 1e300):
            assert renyi_divergence(0.01, noise, order) >= 0
        Accountant().spend(0.01, noise, 10).epsilon(1e-5)
    assert max(sizes) < 700_000


@pytest.mark.parametrize("bad", [math.nan, -1, "1", None, [1]])
def test_noise_for_takes_no_budget_that_is_none(bad):
    for arguments in (bad, 1e-5, 0.1, 10), (1, bad, 0.1, 10), (1, 1e-5, bad, 10), (1, 1e-5, 0.1, bad):
        with pytest.raises((ValueError, TypeError), match="noise_for: "):
            noise_for(*arguments)


@settings(max_examples=40)
@given(q=st.floats(1e-4, 1), noise=st.floats(0.5, 10), order=st.floats(1.1, 60))
def test_more_noise_and_less_sampling_cost_less(q, noise, order):
    here = renyi_divergence(q, noise, order)
    assert renyi_divergence(q, 1.2 * noise, order) <= here + 1e-12
    assert renyi_divergence(0.8 * q, noise, order) <= here + 1e-12
    assert here <= renyi_divergence(1, noise, order) + 1e-12 and here >= 0
    assert here <= renyi_divergence(q, noise, order + 1) + 1e-12             # it grows with the order


def test_without_sampling_it_is_the_gaussian_mechanism():
    assert renyi_divergence(1, 2.0, 8) == 8 / (2 * 2.0 ** 2)                 # Mironov 2017, corollary 3


@settings(max_examples=20)
@given(st.lists(st.tuples(st.sampled_from([0.01, 0.1]), st.sampled_from([1.0, 2.0]), st.integers(0, 50)), max_size=4))
def test_steps_add_up_in_any_order(steps):
    one, other = Accountant(), Accountant()
    for q, noise, n in steps:
        one.spend(q, noise, n)
    for q, noise, n in reversed(steps):
        for part in (n // 2, n - n // 2):
            other.spend(q, noise, part)
    np.testing.assert_allclose(one.divergences, other.divergences, rtol=1e-9)


def test_the_gaussian_mechanism_is_as_private_as_the_accountant_says():
    """The definition itself: with σ = 1 and no sampling, δ(ε) = Φ(1/2σ - εσ) - e^ε Φ(-1/2σ - εσ) is exact.

    (Balle and Wang 2018, theorem 8)"""
    def phi(x):
        return 0.5 * math.erfc(-x / math.sqrt(2))
    for noise in (0.7, 1.0, 3.0):
        for delta in (1e-3, 1e-5, 1e-8):
            for improved in (True, False):
                epsilon = Accountant().spend(1, noise).epsilon(delta, improved)
                exact = phi(0.5 / noise - epsilon * noise) - math.exp(epsilon) * phi(-0.5 / noise - epsilon * noise)
                assert exact <= delta, (noise, delta, improved)
                assert not improved or exact > delta / 100      # and not far from it


def test_the_newer_conversion_is_never_worse():
    spent = Accountant().spend(0.01, 1.0, 1000)
    for delta in (1e-2, 1e-5, 1e-9):
        assert spent.epsilon(delta) <= spent.epsilon(delta, improved=False)


@pytest.mark.parametrize("epsilon", [0.5, 2, 8])
def test_noise_for_keeps_to_the_budget_and_wastes_little(epsilon):
    noise = noise_for(epsilon, 1e-5, 0.02, 500)
    assert Accountant().spend(0.02, noise, 500).epsilon(1e-5) <= epsilon
    assert Accountant().spend(0.02, 0.99 * noise, 500).epsilon(1e-5) > epsilon


def test_extremes():
    assert Accountant().epsilon(1e-5) == 0 and Accountant().spend(0.1, 1.0, 0).epsilon(1e-5) == 0
    assert Accountant().spend(0.1, 0.0).epsilon(1e-5) == math.inf
    assert Accountant().spend(0, 1.0, 10).epsilon(1e-5) == 0


@pytest.mark.parametrize("call, words", [
    (lambda: renyi_divergence(1.1, 1, 2), "0 <= q <= 1"), (lambda: renyi_divergence(0.1, -1, 2), "noise >= 0"),
    (lambda: renyi_divergence(0.1, 1, 1), "order > 1"), (lambda: to_epsilon([1.0], 0, [2]), "delta must be"),
    (lambda: Accountant().spend(0.1, 1, -1), "at least 0"), (lambda: noise_for(1e-9, 1e-12, 1, 10**9), "no noise")])
def test_refusals(call, words):
    with pytest.raises(ValueError, match=words):
        call()
