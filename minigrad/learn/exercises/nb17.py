"""Exercises of notebook 17: data, compute and time."""
import math

import numpy as np

from ..checking import Wrong, exercise, number
from ..comparing import several
from ..drawing import made, one_of

SIZES = one_of(1e6, 1e8, 1.5e9, 7e9, 175e9)

exercise(
    "17.flops", "6 N D: two operations forward and four backward for each weight and token",
    "what does one weight do with one token in the forward pass? A multiplication and an addition.",
    "the backward pass takes two products for each one of the forward pass.",
    "so three products of two operations each, for every weight and every token.",
).equals(lambda N, D: 6 * N * D, "the number of operations", dict(N=SIZES, D=SIZES), [
    (lambda N, D: N * D, "A multiplication and an addition are two operations; and there is a backward pass."),
    (lambda N, D: 2 * N * D, "That is the forward pass alone."),
    (lambda N, D: 4 * N * D, "That is the backward pass alone."),
    (lambda N, D: 3 * N * D, "Each of the three products takes two operations."),
    (lambda N, D: 12 * N * D, "Addition and multiplication have been counted twice.")])

exercise(
    "17.memory", "16 bytes for each weight, and that over the size of a chip, rounded up",
    "list what is kept for each weight, and in how many bytes.",
    "2 + 2 for weight and gradient, 4 + 4 + 4 for the optimizer's copy and its two averages.",
    "how many chips hold that many bytes? Half a chip can't be had: np.ceil.",
).equals(lambda N, chip: (16 * N, math.ceil(16 * N / chip)), ("the bytes", "the number of chips"),
         dict(N=one_of(1e6, 1e8, 1.5e9, 7e9, 175e9, 5e9), chip=one_of(24e9, 80e9, 141e9)), [
    (lambda N, chip: (4 * N, math.ceil(4 * N / chip)),
     "Weight and gradient alone: the optimizer keeps something, too."),
    (lambda N, chip: (12 * N, math.ceil(12 * N / chip)), "The optimizer alone: weight and gradient are missing."),
    (lambda N, chip: (2 * N, math.ceil(2 * N / chip)), "The weight alone."),
    (lambda N, chip: (8 * N, math.ceil(8 * N / chip)), "Half of it: list all five numbers."),
    (lambda N, chip: (14 * N, math.ceil(14 * N / chip)), "One of the two 2-byte numbers is missing."),
    (lambda N, chip: (16 * N, 16 * N / chip), "A part of a chip is a whole one."),
    (lambda N, chip: (16 * N, int(16 * N // chip)), "A part of a chip is a whole one."),
    (lambda N, chip: (16 * N, int(16 * N // chip) + 1), "Where it fits exactly, one more is one too many.")])


# -- power laws ------------------------------------------------------------------------------------------------------
def _law(rng, n, a, b, noise):
    """Points of a power law, about evenly spaced on a logarithmic axis, with noise."""
    x = np.sort(10 ** rng.uniform(0, 4, n)).round(1)
    return x, a * x ** -b * np.exp(noise * rng.normal(size=n))


def _fit(x, y):
    slope, intercept = np.polyfit(np.log(x), np.log(y), 1)
    return np.exp(intercept), -slope


def _two_points(x, y):
    b = -np.log(y[-1] / y[0]) / np.log(x[-1] / x[0])
    return y[0] * x[0] ** b, b


exercise(
    "17.fit_power_law", "a straight line through the logarithms: slope -b, intercept ln a",
    "what do you get when you take the logarithm of both sides of y = a x^-b?",
    "ln y = ln a - b ln x: a straight line in ln x. np.polyfit(..., ..., 1) finds the best line through points.",
    "it returns slope and intercept. What are a and b, then?",
).equals(_fit, ("a", "b"), made(_law, n=one_of(4, 8, 20), a=one_of(0.5, 2.0, 7.0), b=one_of(0.05, 0.3, 1.0),
                                noise=one_of(0.0, 0.1, 0.3)), [
    (lambda x, y: (_fit(x, y)[0], -_fit(x, y)[1]), "b is the opposite of the slope: the second is the slope."),
    (lambda x, y: (np.log(_fit(x, y)[0]), _fit(x, y)[1]), "The first is the logarithm of a."),
    (lambda x, y: _fit(x, y)[::-1], "a and b are exchanged."),
    (_two_points, "That is the line through the first and the last point: all of them count."),
    (lambda x, y: (y[0] * x[0] ** _fit(x, y)[1], _fit(x, y)[1]), "That makes the curve go through the first point."),
    (lambda x, y: tuple(np.polyfit(x, y, 1)[::-1] * [1, -1]), "The line must go through the logarithms.")])

optimal = exercise(
    "17.optimal", "N = √(C / 120), D = 20 N",
    "two equations, 6 N D = C and D = 20 N. Which of the two unknowns can be replaced?",
    "put the second into the first: then there is N alone, squared.",
    "solve for N; D follows.")


@optimal.property(C=one_of(1.2e10, 5.76e23, 1e20, 3.3e15))
def both_equations(answer, C):
    N, D = several(answer(C), ("N", "D"))
    N, D = number(N, "N"), number(D, "D")
    if not math.isclose(6 * N * D, C, rel_tol=1e-6):
        raise Wrong(f"your N and D take {6 * N * D:.3g} operations, and there are {C:.3g}.")
    if N <= 0 or not math.isclose(D, 20 * N, rel_tol=1e-6):
        raise Wrong(f"you read {D / N:.3g} tokens for each weight; 20 are wanted.")
