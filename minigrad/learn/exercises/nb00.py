"""Exercises of notebook 00: what a derivative is."""
import math

import numpy as np

from ..checking import exercise, same
from ..drawing import numbers, one_of

exercise(
    "00.cube", "the derivative of x³ is 3x²",
    "the slope is what (f(x + h) - f(x)) / h comes to when h shrinks. What is (x + h)³ when you multiply it out?",
    "(x + h)³ = x³ + 3x²h + 3xh² + h³. Take away x³ and divide by h: which of the three terms still have an h in them?",
    "what still has an h goes to 0 with it; what is left is the slope, a multiple of x².",
).equals(lambda x: 3 * x ** 2, "the slope", dict(x=numbers(-3, 3, 2)), [
    (lambda x: x ** 3, "That is x³ itself; its slope is wanted."),
    (lambda x: 3 * x, "3 comes down as a factor, and the exponent falls by one: to 2, not to 1."),
    (lambda x: x ** 2, "The exponent comes down as a factor.")])


def _cube(t):
    return t * t * t


central = exercise(
    "00.central_difference", "the central difference is right up to h²",
    "at which two points do you know f, if you step to either side of x?",
    "a slope is the rise over the run: how far apart are x - h and x + h?",
    "the rise is f(x + h) - f(x - h); the run is twice the step.")
central.equals(
    lambda f, x, h: (f(x + h) - f(x - h)) / (2 * h), "the slope",
    dict(f=one_of(_cube, math.sin, math.exp), x=numbers(-2, 2, 2), h=one_of(0.1, 0.25, 0.5, 1.0)), [
        (lambda f, x, h: (f(x + h) - f(x)) / h, "That steps to one side only."),
        (lambda f, x, h: (f(x) - f(x - h)) / h, "That steps to one side only."),
        (lambda f, x, h: (f(x + h) - f(x - h)) / h, "The two points lie 2h apart."),
        (lambda f, x, h: (f(x + h) - f(x - h)) / 2 * h, "Divide by 2h as a whole: brackets."),
        (lambda f, x, h: (f(x + h / 2) - f(x - h / 2)) / h, "Step by h to either side, not by half of it.")])


@central.property(x=numbers(-2, 2))
def right_without_h(answer, x):
    """With the default h it is the derivative."""
    same(answer(math.sin, x), math.cos(x), "with the default h the slope of sin")


exercise(
    "00.logistic", "the derivative of the logistic function is e⁻ˣ / (1 + e⁻ˣ)²",
    "take it apart: v = e⁻ˣ, u = 1 + v, y = 1/u. What is the slope of each of these three in the one before it?",
    "the slopes of a chain are multiplied: dy/dx = dy/du · du/dv · dv/dx. Two of the three have a minus sign.",
    "dy/du = -1/u², du/dv = 1. And the slope of e⁻ˣ is e⁻ˣ times something that is not 1.",
).equals(lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2, "the slope", dict(x=numbers(-5, 5, 2)), [
    (lambda x: 1 / (1 + np.exp(-x)), "That is the function itself."),
    (lambda x: -1 / (1 + np.exp(-x)) ** 2, "That is dy/du alone: the slope of e⁻ˣ is missing."),
    (lambda x: 1 / (1 + np.exp(-x)) ** 2, "The slope of e⁻ˣ is missing."),
    (lambda x: np.exp(-x) / (1 + np.exp(-x)), "The slope of 1/u is -1/u², not -1/u.")])
