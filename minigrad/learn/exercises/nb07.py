"""Exercises of notebook 07: descent."""
import numpy as np

from ..checking import Wrong, call, exercise, for_all, same
from ..drawing import numbers


def _pair(result, names):
    if not isinstance(result, tuple) or len(result) != len(names.split(",")):
        raise Wrong(f"return {len(names.split(','))} things: {names}.")
    return result


after = exercise("07.after", "x₀ (1 - ηλ)ⁿ",
                 "one step: x - rate · curvature · x = x · (1 - rate · curvature). And n of them?")


@after.property
def _(answer):
    from hypothesis import strategies as st

    def property(x0, curvature, rate, steps):
        x = x0
        for _ in range(steps):
            x -= rate * curvature * x
        same(call(answer, x0, curvature, rate, steps), x, "x")
    for_all(property, x0=numbers(-3, 3, 2), curvature=numbers(0.5, 4, 2), rate=numbers(0.1, 0.4, 2),
            steps=st.integers(0, 5))


def _moves(got, expected, what, g):
    """same(), and words for the sign and for squares forgotten."""
    try:
        same(got, expected, what)
    except Wrong as wrong:
        uphill = what == "the move" and np.shape(got) == np.shape(expected) and np.all(np.sign(got) == np.sign(g))
        up = " A move goes downhill: against g." if uphill else ""
        raise Wrong(f"{wrong}{up}") from None


rmsprop = exercise("07.rmsprop", "-η g / (√s + ε), with s the average of g²",
                   "first the new s = rho * s + (1 - rho) * g²; then the move -rate * g / (√s + epsilon).")


@rmsprop.property
def _(answer):
    def property(g, s):
        g, s = np.array([g]), np.array([s])
        new = 0.9 * s + 0.1 * g ** 2
        move, got = _pair(call(answer, g, s, 0.05, 0.9, 1e-7), "the move, the new s")
        if np.shape(got) == new.shape and np.allclose(got, 0.9 * s + 0.1 * g) and not np.allclose(got, new):
            raise Wrong(f"For g = {g[0]}: s averages the squares of g, not g.")
        same(got, new, "the new s")
        _moves(move, -0.05 * g / (np.sqrt(new) + 1e-7), "the move", g)
    for_all(property, g=numbers(0.1, 3, 2), s=numbers(0.1, 3, 2))


adam = exercise("07.adam", "-η m̂ / (√v̂ + ε)",
                "update m and v; divide copies of them by 1 - beta ** t; "
                "return -rate * m_hat / (√v_hat + epsilon), m, v "
                "(m and v without the correction: it must not pile up).")


@adam.property
def _(answer):
    from hypothesis import strategies as st

    def property(g, m, v, t):
        g, m, v = np.array([g]), np.array([m]), np.array([v])
        new_m, new_v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        m_hat, v_hat = new_m / (1 - 0.9 ** t), new_v / (1 - 0.999 ** t)
        move, got_m, got_v = _pair(call(answer, g, m, v, t, 0.05, 0.9, 0.999, 1e-7), "the move, the new m, the new v")
        if np.allclose(got_m, m_hat) and not np.allclose(m_hat, new_m):
            raise Wrong("the m you return has been corrected; keep the plain average, and correct a copy at each step.")
        if np.allclose(move, -0.05 * new_m / (np.sqrt(new_v) + 1e-7)) and not np.allclose(m_hat, new_m):
            raise Wrong(f"For t = {t}: the averages started at 0 and are too small: divide them by 1 - beta ** t.")
        same(got_m, new_m, "the new m")
        same(got_v, new_v, "the new v")
        _moves(move, -0.05 * m_hat / (np.sqrt(v_hat) + 1e-7), "the move", m_hat)
    for_all(property, g=numbers(0.1, 3, 2), m=numbers(0, 1, 2), v=numbers(0.01, 1, 2), t=st.integers(1, 20))


warmup = exercise("07.warmup_cosine", "up in a line, down in half a cosine",
                  "t < warmup: peak * t / warmup; after: "
                  "peak * 0.5 * (1 + np.cos(np.pi * (t - warmup) / (total - warmup))).")


@warmup.property
def _(answer):
    from hypothesis import strategies as st

    def property(t, warmup, total, peak):
        t, total = min(t, warmup + total), warmup + total
        down = peak * 0.5 * (1 + np.cos(np.pi * (t - warmup) / (total - warmup)))
        expected = peak * t / warmup if t < warmup else down
        same(call(answer, t, peak, warmup, total), expected, f"the rate at step {t} of {total}")
    for_all(property, t=st.integers(0, 40), warmup=st.integers(1, 10), total=st.integers(5, 30),
            peak=numbers(0.1, 2, 2))
