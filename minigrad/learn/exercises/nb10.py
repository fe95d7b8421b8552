"""Exercises of notebook 10: second order."""
import numpy as np

import minigrad as mg

from ..checking import Wrong, call, exercise, for_all, same
from ..drawing import numbers

tanh_second = exercise("10.tanh_second", "-2 y (1 - y²), y = tanh x",
                       "chain rule on 1 - y²: its slope in y is -2y, and the slope of y in x is 1 - y².")


@tanh_second.property
def _(answer):
    for_all(lambda x: same(call(answer, x), -2 * np.tanh(x) * (1 - np.tanh(x) ** 2), "the second derivative"),
            x=numbers(-2, 2))


newton = exercise("10.newton_step", "x - H⁻¹ g", "solve H d = g with np.linalg.solve, and step to x - d.")


@newton.property
def _(answer):
    """Exact for every parabola: one step from anywhere to the bottom."""
    from hypothesis import strategies as st

    def property(bottom, start, a, b, c):
        H = np.array([[1 + a * a, b], [b, 2 + b * b + c * c]])
        bottom, start = np.array(bottom), np.array(start)
        got = call(answer, start.copy(), H @ (start - bottom), H.copy())
        uphill = np.shape(got) == (2,) and np.allclose(got, 2 * start - bottom) and not np.allclose(start, bottom)
        multiplied = np.shape(got) == (2,) and np.allclose(got, start - H @ H @ (start - bottom))
        try:
            same(got, bottom, "one step on a parabola should end at its bottom; it")
        except Wrong as wrong:
            raise Wrong(f"{wrong}{' You went uphill: subtract.' if uphill else ''}"
                        f"{' You multiplied by H where you should solve.' if multiplied else ''}") from None
    point = st.tuples(numbers(-2, 2), numbers(-2, 2))
    for_all(property, bottom=point, start=point, a=numbers(0, 2), b=numbers(0, 1), c=numbers(0, 2))


hvp = exercise("10.hvp", "the gradient of the slope along v",
               "inside: (mg.grad(f)(x) * v).sum(), a single number; take mg.grad of that as a function of x.")


@hvp.property
def _(answer):
    from hypothesis import strategies as st

    def property(x, v):
        x, v = np.array(x), np.array(v)

        def f(z):
            return z[0] ** 3 * z[1] + mg.sin(z[1])
        expected = np.array([[6 * x[0] * x[1], 3 * x[0] ** 2], [3 * x[0] ** 2, -np.sin(x[1])]]) @ v
        got = call(answer, f, x, v)
        slope = np.array([3 * x[0] ** 2 * x[1], x[0] ** 3 + np.cos(x[1])])
        try:
            same(got, expected, "for f(x) = x₀³ x₁ + sin x₁ the product")
        except Wrong as wrong:
            first = np.shape(got) in ((), (2,)) and (np.allclose(got, slope * v) or np.allclose(got, slope @ v))
            raise Wrong(f"{wrong}{' That is the slope along v; take its gradient.' if first else ''}") from None
    point = st.tuples(numbers(0.5, 2), numbers(0.5, 2))
    for_all(property, x=point, v=point)


stable = exercise("10.stable_rate", "2 over the curvature",
                       "a step multiplies the distance by 1 - rate · curvature: when is that -1?")


@stable.property
def _(answer):
    def property(curvature):
        rate = call(answer, curvature)
        factor = 1 - rate * curvature
        if not np.isclose(abs(factor), 1) or rate <= 0:
            raise Wrong(f"with the rate {rate:.4g} each step multiplies the distance by {factor:.4g}; "
                        + ("a larger rate would still converge." if abs(factor) < 1 else "that diverges."))
    for_all(property, curvature=numbers(0.1, 50))
