"""Exercises of notebook 12: a GPT from scratch."""
import numpy as np

import minigrad as mg

from ..checking import Wrong, call, exercise, for_all, same
from ..drawing import drawn, seeds

# -- bits ------------------------------------------------------------------------------------------------------------
bits = exercise("12.bits", "the mean of -log₂ softmax(logits)[target]",
                "p = softmax of each row; take the p of the target in each row; a bit is -log₂, "
                "and log₂ x = ln x / ln 2.")


@bits.property
def _(answer):
    from hypothesis import strategies as st

    def property(seed, places, characters):
        rng = np.random.default_rng(seed)
        logits, targets = drawn(seed, places, characters, scale=2), rng.integers(0, characters, places)
        got = np.asarray(call(answer, logits.copy(), targets.copy()), float)
        if got.shape != ():
            raise Wrong(f"one number is wanted, the mean over the places; yours has shape {got.shape}.")
        each = -mg.log_softmax(logits)[np.arange(places), targets]            # in nats
        for guess, words in ((each.mean(), "These are nats: one more division makes them bits."),
                             (each.sum() / np.log(2), "That is the sum over the places; take the mean."),
                             (-each.mean() / np.log(2), "The sign is wrong: a cost is positive."),
                             (np.exp(each).mean(), "That is 1/p; its logarithm is wanted."),
                             (-np.log2(np.exp(-each).mean()), "You took the logarithm of the mean probability; "
                                                              "it is the mean of the logarithms that is wanted.")):
            if np.isclose(got, guess) and not np.isclose(guess, each.mean() / np.log(2)):
                raise Wrong(f"{got:.4g} bits, expected {each.mean() / np.log(2):.4g}. {words}")
        same(got, each.mean() / np.log(2), "the mean cost")
    for_all(property, seed=seeds(), places=st.integers(1, 4), characters=st.integers(2, 5))


@bits.property
def _(answer):
    """Large logits are no reason to overflow."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        got = call(answer, np.array([[1000.0, 0.0]]), np.array([1]))
    if not np.isclose(got, 1000 / np.log(2)):
        raise Wrong(f"for logits [[1000, 0]] and target 1 it is {got}: exp(1000) is too large for a computer. "
                    "Subtract the largest logit of each row first.")


# -- attention -------------------------------------------------------------------------------------------------------
attend = exercise("12.attend", "softmax of q kᵀ / √d over the places up to each one's own, times v",
                  "scores = q @ k.T / np.sqrt(d); set what is later to -np.inf (np.tri gives the triangle); "
                  "softmax; @ v.")


@attend.property
def _(answer):
    """No look ahead: what comes later must not matter."""
    from hypothesis import strategies as st

    def property(seed, places):
        q, k, v = (drawn(seed + n, places, 2) for n in range(3))
        before = np.asarray(call(answer, q.copy(), k.copy(), v.copy()), float)
        if before.shape != v.shape:
            raise Wrong(f"the result has shape {before.shape}, expected {v.shape}: one vector for each place.")
        k[-1], v[-1] = k[-1] + 1, v[-1] - 1
        after = np.asarray(call(answer, q.copy(), k.copy(), v.copy()), float)
        if not np.allclose(before[:-1], after[:-1], equal_nan=True):
            raise Wrong("changing the last place's key and value changes the result at earlier places: "
                        "they look ahead, where the answer stands.")
    for_all(property, seed=seeds(), places=st.integers(2, 4))


@attend.property
def _(answer):
    from hypothesis import strategies as st

    def property(seed, places, width):
        q, k, v = (drawn(seed + n, places, width) for n in range(3))
        got, expected = np.asarray(call(answer, q, k, v), float), mg.attention(q, k, v, causal=True)
        for guess, words in ((mg.attention(q, k, v, causal=True, scale=1.0), "The scores are not divided by √d."),
                             (mg.attention(q, k, v, causal=True, scale=1 / width), "You divided by d; it is √d."),
                             (mg.attention(k, q, v, causal=True), "Queries and keys are exchanged."),
                             (np.tri(places) * np.exp(mg.log_softmax(q @ k.T / np.sqrt(width))) @ v,
                              "The shares don't sum to 1: hide what is later before the softmax, not after.")):
            if got.shape == expected.shape and np.allclose(got, guess) and not np.allclose(guess, expected):
                raise Wrong(f"the result is not right. {words}")
        same(got, expected, "the result")
    for_all(property, seed=seeds(), places=st.integers(1, 4), width=st.integers(1, 4))


# -- sampling --------------------------------------------------------------------------------------------------------
nucleus = exercise("12.nucleus", "the fewest of the likeliest that reach the probability, made to sum to 1",
                   "order = np.argsort(-p); np.cumsum of p in that order; the one that crosses the line is kept.")


@nucleus.property
def _(answer):
    from hypothesis import strategies as st

    def property(weights, top):
        p = np.array(weights, float) / sum(weights)
        got = np.asarray(call(answer, p.copy(), top), float)
        if got.shape != p.shape:
            raise Wrong(f"the result has shape {got.shape}, expected {p.shape}: what is left out is 0.")
        order = np.argsort(-p, kind="stable")
        number = 1 + int(np.searchsorted(np.cumsum(p[order]), top - 1e-12))
        expected = np.zeros_like(p)
        expected[order[:number]] = p[order[:number]] / p[order[:number]].sum()
        kept = int((got > 0).sum())
        if kept < number:
            raise Wrong(f"you keep {kept} of {_shown(p)}: together {_mass(p, got):.3g}, less than {top}. "
                        "The one that crosses the line is kept too.")
        if kept > number:
            raise Wrong(f"you keep {kept} of {_shown(p)}, and {number} would be enough for {top}.")
        if not np.isclose(got.sum(), 1):
            raise Wrong(f"the result sums to {got.sum():.3g}; divide by the sum.")
        same(got, expected, "the result")
    # numbers that differ, so that there is one right answer; and no line exactly at a sum
    for_all(property, weights=st.lists(st.integers(1, 30), min_size=1, max_size=5, unique=True),
            top=st.integers(1, 99).map(lambda n: n / 100 + 0.00123))


def _shown(p):
    return "(" + ", ".join(f"{x:.3g}" for x in p) + ")"


def _mass(p, got):
    """The probability of what was kept."""
    return p[got > 0].sum()


# -- the cache -------------------------------------------------------------------------------------------------------
cached = exercise("12.attend_cached", "attention of one new place over the cache, itself included",
                  "np.vstack puts k below K; then scores K @ q / √d, softmax, shares @ V.  Return y, K, V.")


@cached.property
def _(answer):
    """Place by place, the same as all at once."""
    from hypothesis import strategies as st

    def property(seed, places, width):
        q, k, v = (drawn(seed + n, places, width) for n in range(3))
        expected, K, V = mg.attention(q, k, v, causal=True), np.zeros((0, width)), np.zeros((0, width))
        for i in range(places):
            result = call(answer, q[i].copy(), k[i].copy(), v[i].copy(), K, V)
            if not isinstance(result, (tuple, list)) or len(result) != 3:
                raise Wrong("three things are wanted: y, the new K, the new V.")
            y, K, V = (np.asarray(a, float) for a in result)
            if K.shape != (i + 1, width) or V.shape != (i + 1, width):
                raise Wrong(f"after {i + 1} places the caches should have {i + 1} rows of {width}; "
                            f"yours have shapes {K.shape} and {V.shape}.")
            if i and not np.allclose(y, expected[i]) and np.allclose(y, mg.attention(q[i:i + 1], k[:i], v[:i])[0]):
                raise Wrong("the new place doesn't see itself: put its key and value into the cache before you look.")
            unscaled = mg.attention(q[i:i + 1], k[:i + 1], v[:i + 1], scale=1.0)[0]
            if not np.allclose(y, expected[i]) and np.allclose(y, unscaled):
                raise Wrong("the scores are not divided by √d.")
            same(y, expected[i], f"y at place {i}")
            same(K, k[:i + 1], "the cache of keys")
            same(V, v[:i + 1], "the cache of values")
    for_all(property, seed=seeds(), places=st.integers(1, 4), width=st.integers(1, 3))
