"""Exercises of notebook 13: a pretrained language model."""
import numpy as np
from hypothesis import strategies as st

from ..checking import Wrong, array, exercise, kind, number
from ..comparing import several
from ..drawing import made, normal, one_of, vectors, whole

# -- tokens ----------------------------------------------------------------------------------------------------------
pairs = exercise(
    "13.merge", "each occurrence of a pair, from the left, becomes one piece",
    "go through the pieces with an index. Which two do you look at, and what do you do where they are the pair?",
    "where pieces[i], pieces[i + 1] are the pair, append their sum and go on two pieces further; else append one "
    "piece.",
    "the loop must also take the last piece, which has no successor. Build a new list.")


def _merged(pieces, pair):
    found, i = [], 0
    while i < len(pieces):
        step = 2 if tuple(pieces[i:i + 2]) == tuple(pair) else 1
        found.append("".join(pieces[i:i + step]))
        i += step
    return found


def _pieces(kinds):
    return st.tuples(st.lists(st.sampled_from(kinds), max_size=7),
                     st.tuples(st.sampled_from(kinds), st.sampled_from(kinds)))


@pairs.property(examples=200, given=_pieces("ab") | _pieces(["a", "b", "ab", "aa"]), also=[
    {"given": (["ab", "c", "a", "bc"], ("a", "bc"))}, {"given": (["a", "a", "a"], ("a", "a"))},
    {"given": ([], ("a", "b"))}])
def pair_by_pair(answer, given):
    pieces, pair = given
    got, expected = answer(pieces, pair), _merged(pieces, pair)
    if not isinstance(got, (list, tuple)) or not all(isinstance(piece, str) for piece in got):
        raise Wrong(f"expected a list of strings, got {kind(got)}.")
    if "".join(got) != "".join(pieces):
        raise Wrong(f"you return {got}: the text {''.join(pieces)!r} has become {''.join(got)!r}.")
    if list(got) != expected:
        raise Wrong(f"you return {list(got)}, expected {expected}.",
                    "A pair was left as it was." if len(got) > len(expected) else
                    "Something was merged that is not the pair: what counts are the pieces, not the text that they "
                    "spell.")


# -- four bits -------------------------------------------------------------------------------------------------------
quantise = exercise(
    "13.quantise", "m = min w, d = (max w - min w) / 15, n the nearest integers to (w - m) / d",
    "sixteen levels, evenly spaced from the smallest weight to the largest. How far apart are they?",
    "between 16 levels there are 15 steps. n is how many steps a weight lies above the smallest, to the nearest whole "
    "number.",
    "np.rint rounds to the nearest, .astype(int) makes integers. In a block of equal weights d is 0: what then?")


def _levels(answer, w):
    m, d, n = several(answer(w), ("m", "d", "the integers n"))
    m, d, n = number(m, "m"), number(d, "d"), array(n, "n", w.shape)
    if n.dtype.kind not in "iu":
        raise Wrong(f"n should be integers; yours have type {n.dtype}.")
    if not np.isfinite([m, d]).all():
        raise Wrong(f"m = {m}, d = {d}: a division by 0?")
    if n.size and (n.min() < 0 or n.max() > 15):
        raise Wrong(f"n goes from {n.min()} to {n.max()}: four bits hold 0 to 15.")
    return m, d, n


@quantise.property(w=vectors(-3, 3, 1, 6, 2) | made(lambda rng, size: normal(rng, 32) * size,
                                                    size=one_of(0.1, 1.0, 30.0)))
def to_the_nearest_level(answer, w):
    m, d, n = _levels(answer, w)
    error, step = np.abs(m + d * n - w).max(), np.ptp(w) / 15
    if error > 0.5001 * step + 1e-9:
        cut = d and np.array_equal(n, np.floor((w - m) / d).astype(int))
        raise Wrong(f"m + d n misses a weight by {error:.3g}; half a step is {step / 2:.3g}.",
                    "You cut off where you should round." if cut else "")
    if abs(m - w.min()) > 1e-6 + 1e-3 * step or np.ptp(w) and abs(d - step) > 1e-3 * step:
        raise Wrong(f"m = {m:.4g} and d = {d:.4g}, expected the smallest weight, {w.min():.4g}, and {step:.4g}.")


# -- the architecture ------------------------------------------------------------------------------------------------
def _norm(x, w, eps, mean=lambda s: s.mean(-1, keepdims=True)):
    return x / np.sqrt(mean(x ** 2) + eps) * w


def _layer_norm(x, w, eps):
    return _norm(x - x.mean(-1, keepdims=True), w, eps)


exercise(
    "13.rms_norm", "w x / √(mean x² + eps)",
    "the root mean square of a row: what are its three steps, from the inside?",
    "square, mean over the last axis, root. The mean keeps its axis (keepdims), so that each row is divided by its "
    "own.",
    "eps is added before the root is taken; w multiplies at the end.",
).equals(_norm, "the result", made(
    lambda rng, rows, width, eps: (normal(rng, *rows, width) + 0.5, normal(rng, width), eps),
    rows=one_of((), (1,), (3,), (2, 2)), width=whole(1, 4), eps=one_of(0.01, 0.5, 1e-3)), [
    (_layer_norm, "That is layer norm: here the mean is left alone."),
    (lambda x, w, eps: _norm(x, w, eps, lambda s: s.sum(-1, keepdims=True)),
     "That is the sum of the squares; take their mean."),
    (lambda x, w, eps: _norm(x, w, eps, np.mean), "Each row has its own mean square: axis=-1."),
    (lambda x, w, eps: x / ((x ** 2).mean(-1, keepdims=True) + eps) * w, "The root is missing."),
    (lambda x, w, eps: x / (np.sqrt((x ** 2).mean(-1, keepdims=True)) + eps) * w, "eps stands inside the root."),
    (lambda x, w, eps: _norm(x, 1, eps), "The weights w are missing.")])


def _turn(x, t, base):
    angle = t * base ** (-np.arange(0, len(x), 2) / len(x))
    z = (x[0::2] + 1j * x[1::2]) * np.exp(1j * angle)
    return np.stack([z.real, z.imag], 1).ravel()


def _halves(x, t, base):
    y = _turn(x.reshape(2, -1).T.ravel(), t, base)
    return y.reshape(-1, 2).T.ravel()


def _angles(exponent):
    def turn(x, t, base):
        z = (x[0::2] + 1j * x[1::2]) * np.exp(1j * t * base ** exponent(np.arange(len(x) // 2), len(x)))
        return np.stack([z.real, z.imag], 1).ravel()
    return turn


exercise(
    "13.turn", "pair i turned by t base^(-2i/d)",
    "a turn of (a, b) by an angle is (a cos - b sin, a sin + b cos). Which two numbers are pair i?",
    "neighbours: x[0::2] are all a, x[1::2] all b. The angles of all pairs at once: t * base ** (...), with "
    "np.arange(0, d, 2) for 2i.",
    "np.empty(d), and the results go back where they came from: y[0::2] and y[1::2].",
).equals(_turn, "the turned vector", made(
    lambda rng, pairs, t, base: (normal(rng, 2 * pairs), t, base), pairs=whole(1, 3), t=whole(0, 9),
    base=one_of(100.0, 10000.0, 7.0)), [
    (lambda x, t, base: _turn(x, -t, base), "You turn the other way round: mind the signs of the sines."),
    (_halves, "You pair the first half with the second; here neighbours are pairs."),
    (_angles(lambda i, d: -i / d), "The angle has 2i/d in its exponent, not i/d."),
    (_angles(lambda i, d: 2 * i / d), "The exponent is negative: later pairs turn more slowly."),
    (_angles(lambda i, d: 0.0 * i), "Each pair has its own angle.")])
