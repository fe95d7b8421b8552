"""The two theorems, on all small data that Hypothesis can think of."""
import math

import numpy as np
import pytest
from hypothesis import assume, given, strategies as st

from minigrad.trust.fairness import class_balance, decide, implied_fpr, rates, thresholds_for

cells = st.lists(st.tuples(st.integers(1, 12), st.floats(0, 1)), min_size=1, max_size=5)


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=60))
def test_chouldechova_holds_for_every_classifier(rows):
    y, d = map(np.array, zip(*rows))
    r = rates(y, d, np.zeros(len(y), int))[0]
    assume(0 < r["base"].value < 1 and r["ppv"].value > 0)
    assert implied_fpr(r["base"].value, r["ppv"].value, r["tpr"].value) == pytest.approx(r["fpr"].value)


def calibrated(cells):
    """People in cells of n with k positives each, whose score is k / n: (y, s), calibrated exactly."""
    counts = [(n, round(share * n)) for n, share in cells]
    return (np.concatenate([np.arange(n) < k for n, k in counts]).astype(int),
            np.concatenate([np.full(n, k / n) for n, k in counts]))


@given(cells, cells)
def test_kleinberg_calibrated_scores_are_balanced_only_if_perfect_or_bases_are_equal(one, other):
    (y0, s0), (y1, s1) = calibrated(one), calibrated(other)
    y, s, group = np.concatenate([y0, y1]), np.concatenate([s0, s1]), np.repeat([0, 1], [len(y0), len(y1)])
    assume(all(0 < part.mean() < 1 for part in (y0, y1)))
    found = class_balance(y, s, group)
    for _, _, score, base in found.values():
        assert score == pytest.approx(base)
    gaps = [abs(found[0][k] - found[1][k]) for k in (0, 1)]
    if max(gaps) < 1e-9:
        perfect = np.array_equal(y, s)
        assert perfect or found[0][3] == pytest.approx(found[1][3]), (one, other)


@given(st.integers(0, 999), st.floats(0.1, 0.9), st.sampled_from(["selection", "tpr", "fpr"]))
def test_thresholds_meet_their_target(seed, target, rate):
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 2, 400)
    y = rng.integers(0, 2, 400)
    s = rng.random(400) ** (1 + group)                      # one group has lower scores; no ties
    d = decide(s, group, thresholds_for(target, y, s, group, rate))
    for g, r in rates(y, d, group).items():
        assert r[rate].value == pytest.approx(target, abs=1.5 / r[rate].n), (seed, g)


@pytest.mark.parametrize("call, words", [
    (lambda: implied_fpr(1, 0.5, 0.5), "base must be in"), (lambda: implied_fpr(0.5, 0, 0.5), "ppv must be in"),
    (lambda: implied_fpr(0.5, 0.5, math.nan), "tpr must be in"),
    (lambda: thresholds_for(0.5, [1], [0.5], ["a"], "ppv"), "rate is"),
    (lambda: thresholds_for(0.5, [1, 1, 0], [0.5, 0.1, 0.2], ["a", "b", "b"], "fpr"), "nobody of group 'a' has y = 0")])
def test_refusals(call, words):
    with pytest.raises(ValueError, match=words):
        call()
