"""Exercises of notebook 13: a pretrained language model."""
import numpy as np

from ..checking import Wrong, call, exercise, for_all, same
from ..drawing import drawn, seeds

# -- tokens ----------------------------------------------------------------------------------------------------------
merge = exercise("13.merge", "each occurrence of a pair, from the left, becomes one piece",
                 "walk with an index i: where pieces[i], pieces[i + 1] are the pair, append their sum and step by 2.")


def _merged(pieces, pair):
    found, i = [], 0
    while i < len(pieces):
        step = 2 if tuple(pieces[i:i + 2]) == pair else 1
        found.append("".join(pieces[i:i + step]))
        i += step
    return found


@merge.property
def _(answer):
    from hypothesis import strategies as st

    def property(pieces, pair):
        before = list(pieces)
        got, expected = call(answer, pieces, pair), _merged(before, pair)
        if pieces != before:
            raise Wrong("you changed the list that was given; make a new one.")
        if "".join(got) != "".join(before):
            raise Wrong(f"you return {got}: the text {''.join(before)!r} has become {''.join(got)!r}.")
        if list(got) != expected:
            many = len(got) > len(expected)
            raise Wrong(f"you return {list(got)}, expected {expected}: "
                        f"{'a pair was left as it was' if many else 'something was merged that is not the pair'}.")
    letters = st.sampled_from("ab")
    for_all(property, examples=200, pieces=st.lists(letters, max_size=7), pair=st.tuples(letters, letters))


@merge.property
def _(answer):
    """Pieces may be longer than one letter: what counts are the pieces, not the text."""
    if list(call(answer, ["ab", "c", "a", "bc"], ("a", "bc"))) != ["ab", "c", "abc"]:
        raise Wrong("for pieces ['ab', 'c', 'a', 'bc'] and pair ('a', 'bc'), expected ['ab', 'c', 'abc']: "
                    "'ab' and 'c' spell the same but are other pieces.")


# -- four bits -------------------------------------------------------------------------------------------------------
quantise = exercise("13.quantise", "m = min w, d = (max w - min w) / 15, n the nearest integers to (w - m) / d",
                    "the largest weight should get 15; np.rint rounds to the nearest; mind a block of equal weights.")


@quantise.property
def _(answer):
    from hypothesis import strategies as st

    def property(seed, size):
        w = drawn(seed, 4) * size
        result = call(answer, w.copy())
        if not isinstance(result, (tuple, list)) or len(result) != 3:
            raise Wrong("three things are wanted: m, d and the integers.")
        m, d, n = float(result[0]), float(result[1]), np.asarray(result[2])
        if n.dtype.kind not in "iu" or n.shape != w.shape:
            raise Wrong(f"n should be integers of shape {w.shape}; yours have type {n.dtype} and shape {n.shape}.")
        if n.min() < 0 or n.max() > 15:
            raise Wrong(f"n goes from {n.min()} to {n.max()}: four bits hold 0 to 15.")
        error, step = np.abs(m + d * n - w).max(), (w.max() - w.min()) / 15
        if error > 0.5001 * step + 1e-9:
            cut = np.array_equal(n, np.floor((w - m) / (d or 1)).astype(int))
            raise Wrong(f"m + d n misses a weight by {error:.3g}; half a step is {step / 2:.3g}."
                        f"{' You cut off where you should round.' if cut else ''}")
    for_all(property, seed=seeds(), size=st.sampled_from([0.1, 1.0, 10.0]))


@quantise.property
def _(answer):
    with np.errstate(all="ignore"):
        m, d, n = call(answer, np.full(4, 0.5))
    if not np.isfinite([m, d]).all() or np.asarray(n).min() < 0 or not np.allclose(m + d * np.asarray(n), 0.5):
        raise Wrong(f"for four weights of 0.5 you return m = {m}, d = {d}, n = {n}; m + d n should be 0.5.")


# -- the architecture ------------------------------------------------------------------------------------------------
rms = exercise("13.rms_norm", "w x / √(mean x² + eps)",
               "np.square(x).mean(axis=-1, keepdims=True) is the mean square; keepdims lets it broadcast.")


@rms.property
def _(answer):
    from hypothesis import strategies as st

    def property(seed, rows, width):
        x, w = drawn(seed, rows, width) + 0.5, drawn(seed + 1, width)
        got = np.asarray(call(answer, x.copy(), w.copy(), 0.01), float)
        centred = x - x.mean(-1, keepdims=True)
        for guess, words in ((centred / np.sqrt((centred ** 2).mean(-1, keepdims=True) + 0.01) * w,
                              "That is layer norm: here the mean is left alone."),
                             (x / np.sqrt((x ** 2).sum(-1, keepdims=True) + 0.01) * w,
                              "That is the sum of the squares; take their mean."),
                             (x / np.sqrt((x ** 2).mean() + 0.01) * w,
                              "Each row has its own mean square: axis=-1."),
                             (x / ((x ** 2).mean(-1, keepdims=True) + 0.01) * w, "The root is missing."),
                             (x / (np.sqrt((x ** 2).mean(-1, keepdims=True)) + 0.01) * w,
                              "eps stands inside the root."),
                             (x / np.sqrt((x ** 2).mean(-1, keepdims=True) + 0.01), "The weights w are missing.")):
            right = x / np.sqrt((x ** 2).mean(-1, keepdims=True) + 0.01) * w
            if got.shape == x.shape and np.allclose(got, guess) and not np.allclose(guess, right):
                raise Wrong(f"the result is not right. {words}")
        same(got, right, "the result")
    for_all(property, seed=seeds(), rows=st.integers(1, 3), width=st.integers(1, 4))


turned = exercise("13.turn", "pair i turned by t base^(-2i/d)",
                  "angle = t * base ** (-np.arange(0, d, 2) / d); a = x[0::2], b = x[1::2]; "
                  "put the results back the same way.")


def _turn(x, t, base):
    angle = t * base ** (-np.arange(0, len(x), 2) / len(x))
    z = (x[0::2] + 1j * x[1::2]) * np.exp(1j * angle)
    return np.stack([z.real, z.imag], 1).ravel()


@turned.property
def _(answer):
    """Turning keeps lengths; q at s and k at t see t - s alone."""
    from hypothesis import strategies as st

    def property(seed, s, t, pairs):
        q, k = drawn(seed, 2 * pairs), drawn(seed + 1, 2 * pairs)
        a, b = (np.asarray(call(answer, x.copy(), place, 100.0), float) for x, place in ((q, s), (k, t)))
        if a.shape != q.shape:
            raise Wrong(f"the result has shape {a.shape}, expected {q.shape}.")
        if not np.isclose(a @ a, q @ q):
            raise Wrong(f"the length has changed, from {np.sqrt(q @ q):.4g} to {np.sqrt(a @ a):.4g}: that is no turn.")
        c, d = (np.asarray(call(answer, x.copy(), place, 100.0), float) for x, place in ((q, s + 3), (k, t + 3)))
        if not np.isclose(a @ b, c @ d):
            raise Wrong("moving both places by 3 changes the dot product of query and key; "
                        "it should see their distance alone.")
        for guess, words in ((_turn(q, -s, 100.0), "You turn the other way round: mind the signs of the sines."),
                             (_halves(q, s, 100.0),
                              "You pair the first half with the second; here neighbours are pairs.")):
            if np.allclose(a, guess) and not np.allclose(guess, _turn(q, s, 100.0)):
                raise Wrong(f"not right. {words}")
        same(a, _turn(q, s, 100.0), "the turned vector")
    for_all(property, seed=seeds(), s=st.integers(0, 5), t=st.integers(0, 5), pairs=st.integers(1, 3))


def _halves(x, t, base):
    y = _turn(x.reshape(2, -1).T.ravel(), t, base)
    return y.reshape(-1, 2).T.ravel()
