"""Exercises of notebook 03: the derivative table."""
import numpy as np

import minigrad as mg

from ..checking import Wrong, exercise, operation, same
from ..drawing import made, normal, shapes, vectors, whole
from ..watching import unchanged


def _hypot1_inputs(rng, shape):
    x = normal(rng, *shape, scale=2)
    return normal(rng, *shape), np.sqrt(1 + x ** 2), x


exercise(
    "03.hypot1", "dx = g x / y",
    "a root of a sum: which function is the outer one, and which the inner one?",
    "chain rule: the slope of √u is 1/(2√u), that of u = 1 + x² is 2x.",
    "multiply the two. One factor cancels, and the root has a name already: the rule is given y.",
).equals(lambda g, y, x: g * x / y, "the cotangent of x", made(_hypot1_inputs, shape=shapes(0, 1, 2)), [
    (lambda g, y, x: x / y, "Where is g?"), (lambda g, y, x: g / (2 * y), "The slope of 1 + x² inside is missing."),
    (lambda g, y, x: g * x, "The slope of the root is missing."),
    (lambda g, y, x: g * y / x, "It is upside down."),
    (lambda g, y, x: g * x / (2 * y), "The slope of x² is 2x: the 2 cancels the half of the root.")])

softsign = exercise(
    "03.softsign", "value, first and second derivative of x / (1 + |x|)",
    "a def with @mg.op(vjp=lambda g, y, x: ...) above it declares an operation; its argument is positional: (x, /).",
    "the forward is x / (1 + np.abs(x)). For x > 0 differentiate x / (1 + x) by the quotient rule; for x < 0 the same "
    "with "
    "1 - x.",
    "both come to one over the square of the same thing, which np.abs writes for both signs.", wants="an operation")


@softsign.property
def an_operation(op):
    operation(op, "softsign")


def _derivative(op, x, g):
    return mg.grad(lambda t: (op(t) * g).sum())(x)


@softsign.property
def what_is_told_apart(op):
    """On one input, at which each mistake gives something else."""
    x, g = np.array([-2.5, -0.7, 0.3, 1.9]), np.array([0.5, -2.0, 1.5, 3.0])
    slope = 1 / (1 + np.abs(x)) ** 2
    same(op(x), x / (1 + np.abs(x)), "the value")
    same(_derivative(op, x, g), g * slope, "the derivative", guesses=[
        (-g * slope, "The sign is wrong."), (slope, "Where is g?"), (g / (1 + np.abs(x)), "The square is missing."),
        (g / (1 + x) ** 2, "That is right for positive x alone: |x|.")])


@softsign.property(x=vectors(-3, 3, most=3), g=vectors(-2, 2, 3, 3))
def value_and_derivatives(op, x, g):
    given, g = x.copy(), g[:len(x)]
    same(op(given), x / (1 + np.abs(x)), "the value")
    same(_derivative(op, given, g), g / (1 + np.abs(x)) ** 2, "the derivative")
    if not unchanged(x, given):
        raise Wrong("it changed its input.")


@softsign.property(x=vectors(-3, 3, most=3).map(lambda x: x[x != 0]).filter(len))
def second_derivative(op, x):
    same(mg.grad(lambda t: mg.grad(lambda s: op(s).sum())(t).sum())(x), -2 * np.sign(x) / (1 + np.abs(x)) ** 3,
         "the second derivative")


# -- a lookup --------------------------------------------------------------------------------------------------------
def _lookup(g, table, indices):
    total = np.zeros_like(table)
    np.add.at(total, indices, g)
    return total


def _overwritten(g, table, indices):
    total = np.zeros_like(table)
    total[indices] = g
    return total


def _table(rng, rows, width, n):
    return normal(rng, n, width), normal(rng, rows, width), rng.integers(0, rows, n)


exercise(
    "03.lookup_vjp", "each row of g added to the row it was read from",
    "the cotangent of the table has the shape of the table. Which of its rows had no effect at all?",
    "begin with np.zeros_like(table). Row k of g belongs to the row of the table that was read k-th, indices[k].",
    "a row that was read twice must get both shares; total[indices] += g keeps only one of them. A loop does it, and "
    "there is an np.add... for it.",
).equals(_lookup, "the cotangent of the table", made(_table, rows=whole(1, 4), width=whole(1, 3), n=whole(0, 5)), [
    (_overwritten, "A row that is read twice keeps only its last share: they must be added."),
    (lambda g, table, indices: table + _lookup(g, table, indices), "Begin with zeros, not with the table."),
    (lambda g, table, indices: g, "That is g as it came; the table's cotangent has the table's shape.")], examples=100)


# -- softmax ---------------------------------------------------------------------------------------------------------
def _softmax_inputs(rng, m, n):
    x = normal(rng, m, n)
    y = np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True)
    return normal(rng, m, n, scale=2), y, x


exercise(
    "03.softmax_vjp", "dx = y (g - Σ g y), row by row",
    "every output of a row depends on every input of that row. What of row i can reach the slope at (i, j)?",
    "from the table above: y times (g less a sum). The sum is one number for each row.",
    "to take a sum per row off every entry of that row, keep the axis over which you sum (keepdims).",
).equals(lambda g, y, x: y * (g - (g * y).sum(axis=-1, keepdims=True)), "the cotangent of x",
         made(_softmax_inputs, m=whole(1, 3), n=whole(1, 4)), [
    (lambda g, y, x: g * y * (1 - y), "That is the rule of the sigmoid: here every output depends on every input of "
                                      "its row."),
    (lambda g, y, x: y * (g - (g * y).sum()), "You summed over the whole batch: each row has its own sum."),
    (lambda g, y, x: y * (g - (g * y).sum(axis=0)), "You summed down the columns; the sum runs along each row."),
    (lambda g, y, x: y * (g - g.sum(axis=-1, keepdims=True)), "In the sum, y is missing."),
    (lambda g, y, x: y * g, "The sum is missing.")])
