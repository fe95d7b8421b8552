"""Exercises of notebook 04: trust, but check."""
import math

import numpy as np

from ...testing import check_op  # here: its seconds in a browser are not those of an answer
from ..checking import Wrong, exercise, number, operation, same
from ..drawing import made, normal, numbers, one_of, shapes
from ..watching import unchanged, uses_generator

largest = exercise(
    "04.largest_error", "random cotangent, measured slopes, the largest difference",
    "draw g with the shape of f(x); what is then the single number whose slope in each element of x the rule claims "
    "to know?",
    "it is (g * f(x)).sum(). For each element of x take a central difference of it: an array of zeros with h at one "
    "place is "
    "the step.",
    "compare the array of measured slopes with rule(g, x): absolute differences, and the largest of them.")


@largest.property(x=made(lambda rng, shape: normal(rng, *shape), shape=shapes(1, 2)), seed=one_of(*range(20)))
def small_for_a_right_rule(answer, x, seed):
    for f, rule, what in ((np.sin, lambda g, x: g * np.cos(x), "sin"),
                          (lambda x: x.T, lambda g, x: g.T, "the transpose"),
                          (lambda x: x.sum(axis=0), lambda g, x: g + 0 * x, "a sum")):
        error = number(answer(f, rule, x, np.random.default_rng(seed)), "the error")
        if not 0 <= error < 1e-6:
            raise Wrong(f"for a right rule, that of {what}, the error should be tiny, not {error:.3g}.")


@largest.property(x=made(lambda rng, shape: (normal(rng, *shape), normal(rng, *shape)), shape=shapes(1, 2)),
                  h=one_of(0.5, 0.1, 1e-4))
def the_largest_of_known_errors(answer, x, h):
    """A rule that is off by known amounts, whatever the cotangent; x³ has the central difference 3x² + h²."""
    x, slope = x
    off = slope * x
    got = number(answer(lambda x: x ** 3, lambda g, x: g * (3 * x ** 2 + h * h) + slope * x, x,
                        np.random.default_rng(1), h),
                 "it")
    a = np.abs(off)
    same(got, a.max(), f"for a rule that is off by {off.tolist()} the largest error", 1e-5, guesses=[
        (a.mean(), "That is the mean."), (np.sqrt((off ** 2).sum()), "That is the norm."),
        (a.min(), "That is the smallest."),
        (off.max(), "Errors to either side count: the absolute value."), (a.flat[0], "That is the first one's."),
        (a.sum(), "That is the sum.")])


@largest.property
def large_for_wrong_rules(answer):
    x = np.array([[0.5, -1.0, 2.0], [1.5, 0.3, -0.7]])
    for f, rule, what in (
            (np.sin, lambda g, x: -g * np.cos(x), "the sign of sin's flipped"),
            (lambda x: x.T, lambda g, x: g.reshape(x.shape), "a reshape in place of a transpose"),
            (np.square, lambda g, x: np.where(x == x.max(), 0, 2 * g * x), "zero for the largest element"),
            (np.sin, lambda g, x: np.abs(g) * np.cos(x), "the cotangent without its sign"),
            (np.sin, lambda g, x: g.mean() * np.cos(x), "the cotangent's mean in place of the cotangent")):
        error = number(answer(f, rule, x, np.random.default_rng(0)), "the error")
        if not error > 1e-3:
            raise Wrong(f"it accepts a wrong rule: {what} (error {error:.3g}). Is the cotangent random?")
    uses_generator(lambda rng: answer(np.sin, lambda g, x: 0 * g, x, rng))


# -- better differences ----------------------------------------------------------------------------------------------
def _central(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h)


def _quartic(t):
    return t ** 4 - 2 * t ** 3 + t


exercise(
    "04.extrapolated", "(4 D(h/2) - D(h)) / 3",
    "let D(h) be the central difference. Its error is about c h². What is then the error of D(h/2)?",
    "a quarter of it. So of 4 D(h/2) and D(h) the errors are alike: what is left when you subtract?",
    "about 4 - 1 times the slope. Take care that D(h/2) is divided by its own, smaller, distance.",
).equals(lambda f, x, h: (4 * _central(f, x, h / 2) - _central(f, x, h)) / 3, "the slope", dict(
    f=one_of(_quartic, math.sin, math.exp), x=numbers(-2, 2), h=one_of(0.1, 0.5, 1.0)), [
    (_central, "That is the plain central difference."),
    (lambda f, x, h: _central(f, x, h / 2), "That is the central difference with half the step."),
    (lambda f, x, h: 2 * _central(f, x, h / 2) - _central(f, x, h),
     "That would cancel an error of c h; here it is c h²."),
    (lambda f, x, h: 4 * _central(f, x, h / 2) - _central(f, x, h), "Divide by 3: four slopes less one are three."),
    (lambda f, x, h: (4 * _central(f, x, h) - _central(f, x, h / 2)) / 3,
     "The two are exchanged: 4 goes with the better one.")],
    tolerance=1e-8)

sigmoid = exercise(
    "04.sigmoid", "g y (1 - y), and every property holds",
    "what does check_op say that the broken one does wrong?",
    "the slope of the sigmoid can be told from its result alone.",
    "it is y (1 - y). And what must each rule multiply by?", wants="an operation")


@sigmoid.property
def its_values(op):
    operation(op, "fixed_sigmoid")
    x = np.array([-2.0, -0.5, 0.0, 1.0, 3.0])
    given = x.copy()
    same(op(given), 1 / (1 + np.exp(-x)), "its value")
    if not unchanged(x, given):
        raise Wrong("it changed its input.")


@sigmoid.property
def all_properties_of_an_operation(op):
    check_op(op, examples=20)


sneaky = exercise(
    "04.sneaky", "one point can't tell 3x² from what agrees there",
    "the sloppy check looks at one point only. Which?",
    "at x = 1 with g = 1. There the right rule, 3 g x², gives 3.",
    "what else is 3 at x = 1, and not 3x² elsewhere? Another power of x will do.")


@sneaky.property
def right_at_1_alone(answer):
    one = np.array([1.0])
    got = np.asarray(answer(one, one, one), float)
    if not np.allclose(got, 3.0, rtol=1e-2):
        raise Wrong(f"the sloppy check notices: at x = 1 it gives {got.tolist()}, not 3.")
    x = np.array([0.5, 2.0, -1.5])
    off = np.abs(np.broadcast_to(np.asarray(answer(np.ones(3), x ** 3, x), float), 3) - 3 * x ** 2)
    if off.max() <= 0.1:
        raise Wrong("it is right everywhere, or nearly: a mutant must be wrong.")
