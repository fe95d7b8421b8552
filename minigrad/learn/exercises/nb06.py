"""Exercises of notebook 06: losses."""
import numpy as np

import minigrad as mg

from ..checking import Wrong, call, exercise, for_all, same


def _numbers(low, high, n):
    from hypothesis import strategies as st
    number = st.floats(low, high).map(lambda v: round(v, 1))
    return st.lists(number, min_size=n, max_size=n).map(np.array)


def _said(got, expected, what, hints):
    """same(), and words for the mistakes that this exercise invites: (condition, words)."""
    try:
        same(got, expected, what)
    except Wrong as wrong:
        words = next((w for condition, w in hints if np.shape(got) == np.shape(expected)
                      and condition(np.asarray(got))), "")
        raise Wrong(f"{wrong} {words}".strip()) from None


mse = exercise("06.mse_slope", "2 (y - t) / n", "each square (y - t)² has the slope 2 (y - t); the mean divides by n.")


@mse.property
def _(answer):
    for_all(lambda y, t: same(call(answer, y, t), 2 * (y - t) / 3, "the slope"), y=_numbers(-3, 3, 3),
            t=_numbers(-3, 3, 3))


cross_entropy = exercise("06.cross_entropy_slope", "what was said minus what came, over n",
                         "softmax of each row; subtract 1 at the label of each row; divide by the number of rows.")


@cross_entropy.property
def _(answer):
    from hypothesis import strategies as st

    def property(rows, labels):
        z, labels = np.array(rows), np.array(labels)
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        expected = (p - np.eye(3)[labels]) / 2
        whole = np.exp(z) / np.exp(z).sum()
        _said(call(answer, z.copy(), labels), expected, "the slope", [
            (lambda got: np.allclose(got, 2 * expected), "The mean over the batch divides by n."),
            (lambda got: np.allclose(got, (whole - np.eye(3)[labels]) / 2),
             "Each row has its own sum: axis=1, keepdims=True."),
            (lambda got: np.allclose(got, p / 2) or np.allclose(got, p),
             "That is what was said; what came is missing."),
        ])
    row = st.lists(st.floats(-2, 2).map(lambda v: round(v, 1)), min_size=3, max_size=3)
    for_all(property, rows=st.lists(row, min_size=2, max_size=2),
            labels=st.lists(st.integers(0, 2), min_size=2, max_size=2))


logsumexp = exercise("06.logsumexp", "ln Σ eᶻ without overflow", "m = z.max(); then m + ln of the sum of e^(z - m).")


@logsumexp.property
def _(answer):
    def property(z):
        with np.errstate(all="ignore"):
            got = call(answer, z)
        if not np.isfinite(got):
            raise Wrong(f"the result is {got}: an exponential overflowed (or all vanished). "
                        "Take out the largest first.")
        same(got, mg.logsumexp(z), "the result")
    for_all(property, z=_numbers(-3, 3, 2))
    for_all(property, z=_numbers(-2000, 2000, 2))


binary = exercise("06.binary_slope", "σ(z) - t", "what the network said minus what came; it said σ(z) = 1 / (1 + e⁻ᶻ).")


@binary.property
def _(answer):
    from hypothesis import strategies as st

    def property(z, t):
        z, t = np.array([z]), np.array([t])
        p = 0.5 * (1 + np.tanh(z / 2))
        with np.errstate(all="ignore"):
            got = call(answer, z, t)
        _said(got, p - t, "the slope", [
            (lambda got: np.allclose(got, p * (1 - p)), "That is the slope of σ itself."),
            (lambda got: np.allclose(got, (p - t) * p * (1 - p)), "The slope of σ is in it already: it cancels."),
            (lambda got: not np.isfinite(got).all(), "An exponential overflowed: 1 / (1 + e⁻ᶻ) = (1 + tanh(z/2)) / 2."),
        ])
    for_all(property, z=st.floats(-4, 4).map(lambda v: round(v, 1)), t=st.sampled_from([0.0, 1.0]))
    for_all(property, z=st.sampled_from([-1000.0, 1000.0]), t=st.sampled_from([0.0, 1.0]))
