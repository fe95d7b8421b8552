"""The measures by their definitions: against counting, and the axioms of each."""
import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from minigrad.trust.fairness import (
    bootstrap,
    calibration,
    class_balance,
    demographic_parity_difference,
    equalized_odds_difference,
    rates,
    thresholds_for,
    wilson,
)

people = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1), st.sampled_from("abc")), min_size=1, max_size=60)


@given(n=st.integers(1, 10_000), share=st.floats(0, 1), z=st.floats(0.1, 4))
def test_wilson_is_where_the_normal_test_just_rejects(n, share, z):
    """|k - n p| = z √(n p (1 - p)) at both ends."""
    k = round(share * n)
    low, high = wilson(k, n, z)
    assert 0 <= low <= k / n <= high <= 1
    for p in (low, high):
        assert abs(k - n * p) == pytest.approx(z * math.sqrt(n * p * (1 - p)), abs=1e-6 * n)


def test_wilson_covers_95_percent():
    rng = np.random.default_rng(0)
    for p in (0.02, 0.3, 0.9):
        low, high = wilson(rng.binomial(100, p, 20_000), 100)
        assert 0.925 < np.mean((low <= p) & (p <= high)) < 0.985, p


def test_wilson_of_nobody():
    assert wilson(0, 0) == (0, 1)


def test_bootstrap_of_a_mean_is_the_normal_interval():
    x = np.random.default_rng(1).standard_normal(2000)
    low, high = bootstrap(np.mean, x, samples=2000)
    error = x.std() / math.sqrt(x.size)
    assert low == pytest.approx(x.mean() - 1.96 * error, abs=0.15 * error)
    assert high == pytest.approx(x.mean() + 1.96 * error, abs=0.15 * error)
    assert bootstrap(np.mean, x) == bootstrap(np.mean, x)
    narrow = bootstrap(np.mean, x, confidence=0.5)
    assert low < narrow[0] < narrow[1] < high


def test_bootstrap_keeps_rows_together():
    x = np.arange(50.0)
    assert bootstrap(lambda a, b: np.abs(a - b).max(), x, x) == (0, 0)


@given(people)
def test_rates_by_counting(rows):
    y, d, group = map(np.array, zip(*rows))
    found = rates(y, d, group)
    assert list(found) == sorted(set(group.tolist()))
    for g, of_group in found.items():
        mine = [(a, b) for a, b, c in rows if c == g]
        for name, chosen in {"base": [a for a, b in mine], "selection": [b for a, b in mine],
                             "accuracy": [a == b for a, b in mine], "tpr": [b for a, b in mine if a],
                             "fpr": [b for a, b in mine if not a], "ppv": [a for a, b in mine if b]}.items():
            rate = of_group[name]
            assert rate.n == len(chosen)
            if chosen:
                assert rate.value == pytest.approx(sum(chosen) / len(chosen))
                assert rate.low <= rate.value <= rate.high
            else:
                assert math.isnan(rate.value) and (rate.low, rate.high) == (0, 1)


@given(people)
def test_differences_are_the_spread_of_the_rates(rows):
    y, d, group = map(np.array, zip(*rows))
    found = rates(y, d, group).values()

    def spread(name):
        values = [r[name].value for r in found]
        return max(values) - min(values)
    assert demographic_parity_difference(d, group) == pytest.approx(spread("selection"))
    expected = max(spread("tpr"), spread("fpr")) if all(
        r[name].n for r in found for name in ("tpr", "fpr")) else math.nan
    assert equalized_odds_difference(y, d, group) == pytest.approx(expected, nan_ok=True)


@given(people)
def test_axioms(rows):
    y, d, group = map(np.array, zip(*rows))
    for constant in (np.zeros_like(d), np.ones_like(d)):        # the same decision for all is fair, by these measures
        assert demographic_parity_difference(constant, group) == 0
        assert equalized_odds_difference(y, constant, group) in (0, pytest.approx(math.nan, nan_ok=True))
    if not math.isnan(perfect := equalized_odds_difference(y, y, group)):
        assert perfect == 0                                     # so is a perfect one, by equalized odds, ...
    bases = [r["base"].value for r in rates(y, y, group).values()]
    assert demographic_parity_difference(y, group) == pytest.approx(max(bases) - min(bases))    # ... not by parity
    order = np.random.default_rng(0).permutation(len(y))
    renamed = np.array([{"a": "z", "b": "x", "c": "y"}[g] for g in group.tolist()])
    assert demographic_parity_difference(d[order], renamed[order]) == demographic_parity_difference(d, group)


@settings(max_examples=20)
@given(seed=st.integers(0, 999), bins=st.integers(2, 12))
def test_calibration_by_counting(seed, bins):
    rng = np.random.default_rng(seed)
    s, group = rng.random(200), rng.integers(0, 2, 200)
    y = (rng.random(200) < s).astype(int)
    for g, found in calibration(y, s, group, bins).items():
        assert found.n.sum() == (group == g).sum()
        assert np.sum(found.n * found.share) == pytest.approx(y[group == g].sum())
        assert np.sum(found.n * found.score) == pytest.approx(s[group == g].sum())
        assert ((found.low <= found.share) & (found.share <= found.high)).all()
        assert (np.diff(found.score) > 0).all()


def test_calibrated_scores_have_a_small_error_and_shifted_ones_the_shift():
    rng = np.random.default_rng(0)
    s = rng.uniform(0, 0.8, 100_000)
    y, group = (rng.random(s.size) < s).astype(int), np.zeros(s.size, int)
    assert calibration(y, s, group)[0].error < 0.01
    assert calibration(y, s + 0.2, group)[0].error == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize("call, words", [
    (lambda: rates([0, 1], [0.3, 1], ["a", "b"]), "score becomes a decision"),
    (lambda: demographic_parity_difference([0, 1], ["a"]), "both must be"),
    (lambda: calibration([0, 1], [0.2, 1.2], ["a", "b"]), "probabilities"),
    (lambda: wilson(3, 2), "from 0 to n"), (lambda: bootstrap(np.mean, []), "rows"),
    (lambda: demographic_parity_difference([0, 1, 1], [0.0, 1.0, np.nan]), "group is nan for 1 of 3"),
    (lambda: rates([0, 1], [0, 1], ["a", None]), "group is None for 1 of 2")])
def test_refusals(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize("measure", [
    lambda nobody: rates(nobody, nobody, nobody), lambda nobody: demographic_parity_difference(nobody, nobody),
    lambda nobody: equalized_odds_difference(nobody, nobody, nobody),
    lambda nobody: calibration(nobody, nobody, nobody), lambda nobody: class_balance(nobody, nobody, nobody),
    lambda nobody: thresholds_for(0.5, nobody, nobody, nobody)])
def test_of_nobody_there_is_nothing_to_measure(measure):
    with pytest.raises(ValueError, match="there is nobody in these data"):
        measure([])
