"""What weights are held to: constraint(w) is the array nearest to w, or close to that, that fulfils it.

    Dense(64, kernel_constraint=MaxNorm(3))     # after each step, no unit's weights are longer than 3

A weight's constraint is an attribute of it, and the optimizer calls it after each step.
"""
import numpy as np

from ..engine.tensor import Tensor
from ..support.explaining import explained
from ..support.names import Configured, made

EPSILON = 1e-7


class Constraint(Configured):
    """Called as constraint(w), with a Tensor or an array, returns what w is held to, of the same kind."""

    def __call__(self, w):
        return Tensor(self.held(w._data)) if isinstance(w, Tensor) else self.held(np.asarray(w))

    def held(self, w):
        """The same of arrays: what a subclass writes."""
        raise NotImplementedError(f"{type(self).__name__} needs a method held(self, w)")


class NonNeg(Constraint):
    """w at least 0."""

    def held(self, w):
        return np.maximum(w, 0)


class _Norm(Constraint):
    """axis: over which a norm is taken: 0 for each unit of a Dense, (0, 1, 2) for each filter of a Conv2D."""

    def lengths(self, w):
        axis = tuple(self.axis) if isinstance(self.axis, (list, tuple)) else self.axis
        return np.sqrt(np.square(w).sum(axis=axis, keepdims=True))


class MaxNorm(_Norm):
    """‖w‖ at most max_value, along axis.  (Srivastava et al. 2014, section 5.1)"""

    def __init__(self, max_value=2, axis=0):
        self.max_value, self.axis = max_value, axis

    def held(self, w):
        length = self.lengths(w)
        return w * (np.minimum(length, self.max_value) / (EPSILON + length))


class UnitNorm(_Norm):
    """‖w‖ = 1, along axis."""

    def __init__(self, axis=0):
        self.axis = axis

    def held(self, w):
        return w / (EPSILON + self.lengths(w))


class MinMaxNorm(_Norm):
    """‖w‖ from min_value to max_value, along axis; rate: which part of the way there a step goes, 1 all of it."""

    def __init__(self, min_value=0.0, max_value=1.0, rate=1.0, axis=0):
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def held(self, w):
        length = self.lengths(w)
        wanted = self.rate * np.clip(length, self.min_value, self.max_value) + (1 - self.rate) * length
        return w * (wanted / (EPSILON + length))


max_norm, non_neg, unit_norm, min_max_norm = MaxNorm, NonNeg, UnitNorm, MinMaxNorm
CONSTRAINTS = {"max_norm": MaxNorm, "non_neg": NonNeg, "unit_norm": UnitNorm, "min_max_norm": MinMaxNorm}


@explained
def get(identifier):
    """A constraint from its name or class; None and callables are themselves."""
    return None if identifier is None else made("constraint", CONSTRAINTS, identifier)
