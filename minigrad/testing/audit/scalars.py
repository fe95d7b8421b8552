"""The reference that the engine is compared with: automatic differentiation as slow and as plain as can be.

A Scalar is one number that knows its parents and its slope in each.  dy/dx is the sum over the parents of y of slope
times d parent/dx.  Slopes are Scalars too, so that a derivative can be differentiated again.  NumPy's arrays of objects
do the rest: np.matmul, x[index] or np.concatenate of arrays of Scalars are what they are for numbers.
"""
import math

import numpy as np


class Scalar:
    """A number; its parents, as pairs (Scalar, function that gives the slope in it)."""
    __slots__ = ("value", "parents")

    def __init__(self, value, parents=()):
        self.value, self.parents = float(value), parents

    def __add__(self, other):
        other = scalar(other)
        return Scalar(self.value + other.value, ((self, lambda: ONE), (other, lambda: ONE)))

    def __mul__(self, other):
        other = scalar(other)
        return Scalar(self.value * other.value, ((self, lambda: other), (other, lambda: self)))

    def __truediv__(self, other):
        y = Scalar(self.value / other.value)
        y.parents = (self, lambda: ONE / other), (other, lambda: -(y / other))
        return y

    def __neg__(self):
        return Scalar(-self.value, ((self, lambda: MINUS_ONE),))

    def __sub__(self, other):
        return self + -scalar(other)

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def __rsub__(self, other):
        return scalar(other) - self

    def exp(self):
        y = Scalar(math.exp(self.value))
        y.parents = ((self, lambda: y),)
        return y

    def tanh(self):
        y = Scalar(math.tanh(self.value))
        y.parents = ((self, lambda: ONE - y * y),)
        return y

    def sin(self):
        return Scalar(math.sin(self.value), ((self, self.cos),))

    def cos(self):
        return Scalar(math.cos(self.value), ((self, lambda: -self.sin()),))

    def maximum(self, other):
        """The larger; equals share."""
        mine = (self.value > other.value) + (self.value == other.value) / 2
        return Scalar(max(self.value, other.value), ((self, lambda: Scalar(mine)), (other, lambda: Scalar(1 - mine))))


def scalar(x):
    return x if isinstance(x, Scalar) else Scalar(x)


ZERO, ONE, MINUS_ONE = Scalar(0), Scalar(1), Scalar(-1)


def derivative(y, x, known=None):
    """dy/dx as a Scalar; `known` remembers what was found on the way."""
    known = {} if known is None else known
    if y is x:
        return ONE
    if id(y) not in known:
        total = ZERO
        for parent, slope in y.parents:
            through = derivative(parent, x, known)
            if through is not ZERO:
                total = slope() * through if total is ZERO else total + slope() * through
        known[id(y)] = total
    return known[id(y)]


def ancestors(ys):
    """All Scalars that ys were made from, themselves included, by id."""
    found, stack = {}, list(ys)
    while stack:
        y = stack.pop()
        if id(y) not in found:
            found[id(y)] = y
            stack += [p for p, _ in y.parents]
    return found


def lift(array):
    """An array of numbers as an array of new Scalars."""
    lifted = np.empty(np.shape(array), object)
    for place in np.ndindex(lifted.shape):
        lifted[place] = Scalar(array[place])
    return lifted


def copied(array):
    """New Scalars equal to those of an array: what an op that only moves numbers makes."""
    new = np.empty(np.shape(array), object)
    for place in np.ndindex(new.shape):
        new[place] = Scalar(array[place].value, ((array[place], lambda: ONE),))
    return new


def lower(array):
    """An array of Scalars as an array of numbers."""
    return np.array([s.value for s in np.ravel(array)], float).reshape(np.shape(array))


maximum = np.frompyfunc(lambda a, b: a.maximum(b), 2, 1)
