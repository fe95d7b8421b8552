"""Exercises of notebook 10: second order."""
import numpy as np

import minigrad as mg

from ..checking import Wrong, exercise, number
from ..drawing import made, normal, numbers, one_of, whole

exercise(
    "10.tanh_second", "-2 y (1 - y²), y = tanh x",
    "the first derivative is 1 - y² with y = tanh x. It depends on x only through y.",
    "chain rule: the slope of 1 - y² in y, times the slope of y in x.",
    "the first of these is -2y; the second you know.",
).equals(lambda x: -2 * np.tanh(x) * (1 - np.tanh(x) ** 2), "the second derivative", dict(x=numbers(-2, 2)), [
    (lambda x: 1 - np.tanh(x) ** 2, "That is the first derivative."),
    (lambda x: -2 * np.tanh(x), "The slope of y in x is missing."),
    (lambda x: -np.tanh(x) * (1 - np.tanh(x) ** 2), "It is 0.5 times what it should be: the slope of y² is 2y.")])


# -- Newton ----------------------------------------------------------------------------------------------------------
def _parabola(rng, n, shift):
    """Start, gradient and Hessian of a parabola, bent upwards or in both directions."""
    a = normal(rng, n, n)
    return normal(rng, n), normal(rng, n), (a + a.T).round(1) + shift * n * np.eye(n)


exercise(
    "10.newton_step", "x - H⁻¹ g",
    "near x the slope at x + d is about g + H d. For which d is it 0?",
    "H d = -g: a system of linear equations, and np.linalg.solve(H, ...) solves one.",
    "the step ends at x + d; mind the sign.",
).equals(lambda x, gradient, hessian: x - np.linalg.solve(hessian, gradient), "the bottom of the parabola",
         made(_parabola, n=whole(1, 3), shift=one_of(3, -3)), [
    (lambda x, gradient, hessian: x + np.linalg.solve(hessian, gradient), "You went uphill: subtract."),
    (lambda x, gradient, hessian: x - hessian @ gradient, "You multiplied by H where you should solve."),
    (lambda x, gradient, hessian: x - gradient / np.diag(hessian), "Only the diagonal of H is used."),
    (lambda x, gradient, hessian: -np.linalg.solve(hessian, gradient), "That is the step; it starts at x."),
    (lambda x, gradient, hessian: x - gradient, "H is not used.")])


# -- Hessian times vector --------------------------------------------------------------------------------------------
def _mixed(z):
    return z[0] ** 3 * z[-1] + mg.sin(z[-1])


def _sum_of_cubes(z):
    return (z ** 3).sum()


def _product_of_all(z):
    return mg.exp((z * z).sum() / 4)


exercise(
    "10.hvp", "the gradient of the slope along v",
    "mg.grad(f)(x) is the gradient. What is the slope of f in the direction v, a single number?",
    "the sum of gradient times v. As a function of x it has a gradient of its own.",
    "write that single number as a function of x (a lambda), and take mg.grad of it, at x.",
).equals(lambda f, x, v: mg.hessian(f)(x) @ v, "H v", made(
    lambda rng, n, f: (f, normal(rng, n), normal(rng, n)), n=whole(1, 3),
    f=one_of(_mixed, _sum_of_cubes, _product_of_all)), [
    (lambda f, x, v: mg.grad(f)(x) * v, "That is the slope along v, not yet added up; take its gradient."),
    (lambda f, x, v: mg.grad(f)(x) @ v, "That is the slope along v; take its gradient."),
    (lambda f, x, v: np.diag(mg.hessian(f)(x)) * v, "Only the diagonal of H is used."),
    (lambda f, x, v: mg.hessian(f)(x) * v, "That is each column of H times one number; add up along the rows."),
    (lambda f, x, v: mg.hessian(f)(x).sum(axis=0) * v, "v must be inside, before the second gradient.")])

stable = exercise(
    "10.stable_rate", "2 over the curvature",
    "a step multiplies the distance to the bottom by 1 - rate · curvature. When does the distance grow?",
    "when that number is beyond 1 or -1. Growing rates take it from 1 downwards: to which of the two?",
    "to -1: solve 1 - rate · curvature = -1 for the rate.")


@stable.property(curvature=numbers(0.1, 50))
def on_the_border(answer, curvature):
    rate = number(answer(curvature), "the rate")
    factor = 1 - rate * curvature
    if not np.isclose(abs(factor), 1) or rate <= 0:
        raise Wrong(f"with the rate {rate:.4g} each step multiplies the distance by {factor:.4g}; "
                    + ("a larger rate would still converge." if abs(factor) < 1 else
                       "that never moves." if rate == 0 else "that diverges."))
