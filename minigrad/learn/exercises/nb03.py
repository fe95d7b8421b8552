"""Exercises of notebook 03: the derivative table."""
import numpy as np

import minigrad as mg

from ...engine.op import Op
from ..checking import Wrong, call, exercise, for_all, same


def _vector(low=-3, high=3, n=2):
    from hypothesis import strategies as st
    return st.lists(st.floats(low, high).map(lambda v: round(v, 1)), min_size=1, max_size=n).map(np.array)


hypot1 = exercise("03.hypot1", "dx = g x / y",
                  "chain rule: the slope of √u is 1/(2√u), that of 1 + x² is 2x; the root is y itself.")


@hypot1.property
def _(answer):
    def property(x, g):
        y = np.sqrt(1 + x ** 2)
        same(call(answer, g, y, np.array([x])), [g * x / y], "the cotangent of x")
    from hypothesis import strategies as st
    number = st.floats(-3, 3).map(lambda v: round(v, 1))
    for_all(property, x=number, g=number)


softsign = exercise("03.softsign", "value, first and second derivative of x / (1 + |x|)",
                    "forward x / (1 + np.abs(x)); vjp g / (1 + np.abs(x)) ** 2; declare it with @mg.op(vjp=...).")


@softsign.property
def _(op):
    if not isinstance(op, Op):
        raise Wrong(f"softsign must be an operation made with mg.op, this is a {type(op).__name__}.")
    if op.vjp is None:
        raise Wrong("it has no vjp: @mg.op(vjp=...).")

    def property(x):
        same(op(x), x / (1 + np.abs(x)), "the value")
        slope = mg.grad(lambda t: op(t).sum())(x)
        same(slope, 1 / (1 + np.abs(x)) ** 2, "the derivative")
    for_all(property, x=_vector())
    x = np.array([-1.5, 0.5, 2.0])
    same(mg.grad(lambda t: mg.grad(lambda s: op(s).sum())(t).sum())(x), -2 * np.sign(x) / (1 + np.abs(x)) ** 3,
         "the second derivative")


lookup = exercise("03.lookup_vjp", "each row of g added to the row it was read from",
                  "start from np.zeros_like(table) and use np.add.at(zeros, indices, g).")


@lookup.property
def _(answer):
    from hypothesis import strategies as st

    def property(indices):
        table = np.zeros((3, 1))
        indices = np.array(indices)
        g = np.arange(1.0, len(indices) + 1)[:, None]
        expected = np.zeros_like(table)
        np.add.at(expected, indices, g)
        last = np.zeros_like(table)
        last[indices] = g
        got = call(answer, g, table, indices)
        try:
            same(got, expected, "the cotangent of the table")
        except Wrong as wrong:
            overwritten = np.shape(got) == last.shape and np.allclose(got, last)
            why = " A row that is read twice keeps only its last share: they must be added." if overwritten else ""
            raise Wrong(f"{wrong}{why}") from None
    for_all(property, indices=st.lists(st.integers(0, 2), min_size=1, max_size=4))


softmax = exercise("03.softmax_vjp", "dx = y (g - Σ g y), row by row",
                   "the sum runs along each row: .sum(axis=-1, keepdims=True).")


@softmax.property
def _(answer):
    from hypothesis import strategies as st

    def property(m, n, seed):
        rng = np.random.default_rng(seed)
        x, g = rng.integers(-2, 3, (m, n)) * 0.5, rng.integers(-3, 4, (m, n)) * 1.0
        y = np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True)
        got = call(answer, g, y, x)
        elementwise = np.shape(got) == y.shape and np.allclose(got, g * y * (1 - y)) and n > 1
        over_all = np.shape(got) == y.shape and np.allclose(got, y * (g - (g * y).sum())) and m > 1
        try:
            same(got, y * (g - (g * y).sum(axis=-1, keepdims=True)), "the cotangent of x")
        except Wrong as wrong:
            why = " That is the rule of the sigmoid: here every output depends on every input of its row." \
                if elementwise else " You summed over the whole batch: each row has its own sum." if over_all else ""
            raise Wrong(f"{wrong}{why}") from None
    for_all(property, m=st.integers(1, 2), n=st.integers(2, 3), seed=st.integers(0, 500))
