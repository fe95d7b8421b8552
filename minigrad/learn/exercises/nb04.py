"""Exercises of notebook 04: trust, but check."""
import numpy as np

from ...engine.op import Op
from ..checking import Wrong, call, exercise, for_all

largest = exercise("04.largest_error", "random cotangent, measured slopes, the largest difference",
                   "g = rng.normal(size=f(x).shape); for each element the slope of (g * f(x)).sum(); "
                   "then np.abs(rule(g, x) - measured).max().")


@largest.property
def _(answer):
    def small(f, rule, what, x):
        error = call(answer, f, rule, x.copy(), np.random.default_rng(0))
        if not 0 <= error < 1e-6:
            raise Wrong(f"for a right rule, {what}, the error should be tiny, not {error:.3g}.")

    def large(f, rule, what, x):
        error = call(answer, f, rule, x.copy(), np.random.default_rng(0))
        if error < 1e-3:
            raise Wrong(f"it accepts a wrong rule: {what} (error {error:.3g}). Is the cotangent random?")
    x = np.array([[0.5, -1.0, 2.0], [1.5, 0.3, -0.7]])
    small(np.sin, lambda g, x: g * np.cos(x), "that of sin", x)
    small(lambda x: x.T, lambda g, x: g.T, "that of the transpose", x)
    large(np.sin, lambda g, x: -g * np.cos(x), "the sign of sin's flipped", x)
    large(lambda x: x.T, lambda g, x: g.reshape(x.shape), "a reshape in place of a transpose", x)
    large(np.square, lambda g, x: np.where(x == x.max(), 0, 2 * g * x), "zero for the largest element", x)


extrapolated = exercise("04.extrapolated", "(4 D(h/2) - D(h)) / 3",
                        "D(h) = (f(x + h) - f(x - h)) / 2h; and D(h/2); then (4 D(h/2) - D(h)) / 3.")


@extrapolated.property
def _(answer):
    """Exact for polynomials up to the fourth degree, whatever h: no single difference is."""
    from hypothesis import strategies as st

    def property(x, h, a):
        got, right = call(answer, lambda t: t ** 4 + a * t ** 3, x, h), 4 * x ** 3 + 3 * a * x ** 2
        central = ((x + h) ** 4 - (x - h) ** 4 + a * ((x + h) ** 3 - (x - h) ** 3)) / (2 * h)
        if not np.isclose(got, right, rtol=1e-7, atol=1e-7):
            why = " That is the plain central difference." if np.isclose(got, central) else ""
            raise Wrong(f"the slope of t⁴ + {a} t³ is {right:.6g}, got {got:.6g}; "
                        f"with both differences it is exact.{why}")
    number = st.sampled_from([-1.0, 0.5, 1.0, 2.0])
    for_all(property, x=number, h=st.sampled_from([0.1, 0.5]), a=number)


sigmoid = exercise("04.sigmoid", "g y (1 - y), and every property holds",
                   "the slope of the sigmoid is y (1 - y); times g.")


@sigmoid.property
def _(op):
    if not isinstance(op, Op):
        raise Wrong(f"fixed_sigmoid must be an operation made with mg.op, this is a {type(op).__name__}.")
    x = np.array([-2.0, 0.0, 1.0])
    if not np.allclose(op(x), 1 / (1 + np.exp(-x))):
        raise Wrong("its value is not 1 / (1 + e⁻ˣ).")
    from ...testing import check_op
    check_op(op, examples=20)


sneaky = exercise("04.sneaky", "one point can't tell 3x from 3x²",
                  "the check looks only at x = 1 and g = 1: what else is 3 there?")


@sneaky.property
def _(answer):
    one = np.array([1.0])
    got = call(answer, one, one, one)
    if not np.allclose(got, 3.0, rtol=1e-2):
        raise Wrong(f"the sloppy check notices: at x = 1 it gives {np.asarray(got).tolist()}, not 3.")
    x = np.array([0.5, 2.0, -1.5])
    off = np.abs(np.broadcast_to(np.asarray(call(answer, np.ones(3), x ** 3, x), float), 3) - 3 * x ** 2)
    if off.max() <= 0.1:
        raise Wrong("it is right everywhere, or nearly: a mutant must be wrong.")
