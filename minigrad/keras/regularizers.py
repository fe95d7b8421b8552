"""Penalties on large weights, added to the loss: regularizer(w) is a scalar Tensor (0.0 for factors of 0)."""
from ..engine.ops.arithmetic import abs as absolute, square
from ..engine.ops.reductions import sum as total
from ..support.explaining import explained
from ..support.names import Configured, made


class L1L2(Configured):
    """l1 Σ|w| + l2 Σw².  l1 pulls weights to exactly 0, l2 makes all of them smaller."""

    def __init__(self, l1=0.0, l2=0.0):
        if not (l1 >= 0 and l2 >= 0):
            raise ValueError(f"{type(self).__name__}: factors must not be negative, got l1={l1!r}, l2={l2!r}")
        self.l1, self.l2 = l1, l2

    def __call__(self, w):
        penalty = 0.0
        if self.l1:
            penalty += self.l1 * total(absolute(w))
        if self.l2:
            penalty += self.l2 * total(square(w))
        return penalty


class L1(L1L2):
    """l1 Σ|w|."""

    def __init__(self, l1=0.01):
        super().__init__(l1=l1)


class L2(L1L2):
    """l2 Σw²."""

    def __init__(self, l2=0.01):
        super().__init__(l2=l2)


l1, l2, l1_l2 = L1, L2, L1L2                # Keras' other names: regularizers.l2(0.01)
REGULARIZERS = {"l1": L1, "l2": L2, "l1_l2": L1L2}


@explained
def get(identifier):
    """A regularizer from its name or class; None and callables are themselves."""
    return None if identifier is None else made("regularizer", REGULARIZERS, identifier)
