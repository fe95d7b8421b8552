"""Exercises of notebook 00: what a derivative is."""
import math

import numpy as np

from ..checking import call, exercise, for_all, same
from ..drawing import numbers

cube = exercise("00.cube", "the derivative of x³ is 3x²",
                "expand (x + h)³ = x³ + 3x²h + ..., take away x³, divide by h, and drop what still has an h in it.")


@cube.property
def _(answer):
    for_all(lambda x: same(call(answer, x), 3 * x ** 2, "the slope"), x=numbers(-3, 3, 2))


central = exercise("00.central_difference", "the central difference is right up to h²",
                   "step to either side, f(x + h) and f(x - h); the two points lie 2h apart.")


@central.property
def _(answer):
    """Exact for parabolas: what tells it from the forward difference."""
    for_all(lambda x, h: same(call(answer, lambda t: t * t, x, h), 2 * x, f"the slope of t² with h = {h}"),
            x=numbers(-3, 3, 2), h=numbers(0.1, 1, 2))


@central.property
def _(answer):
    for_all(lambda x: same(call(answer, math.sin, x), math.cos(x), "the slope of sin"), x=numbers(-3, 3, 2))


logistic = exercise("00.logistic", "the derivative of the logistic function is e⁻ˣ / (1 + e⁻ˣ)²",
                    "the three slopes are -e⁻ˣ, 1 and -1/u²; multiply them, and mind the two minus signs.")


@logistic.property
def _(answer):
    def property(x):
        y = 1 / (1 + np.exp(-x))
        same(call(answer, x), y * (1 - y), "the slope")
    for_all(property, x=numbers(-3, 3, 2))
