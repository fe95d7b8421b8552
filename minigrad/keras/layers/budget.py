"""What a model that is read from a file may take: the file says how many numbers its weights are, before any is made.

A description of a hundred bytes can ask for a layer of 10¹² units.  While a model is made from one, weights are not
drawn, since the file has their values, and their number is limited to that of the file.
"""
import math
from contextlib import contextmanager
from contextvars import ContextVar

LAYERS = 100_000            # that a model in a file may have
INPUT = 1 << 26             # numbers in the example that a model is tried with: 256 MiB

_budget = ContextVar("budget", default=None)


class Budget:
    """numbers      how many are left for weights, layers how many layers"""

    def __init__(self, numbers):
        self.held, self.numbers, self.layers = numbers, numbers, LAYERS


@contextmanager
def limited_to(numbers):
    """A block in which layers can be made with weights of so many numbers in all; ValueError for more."""
    token = _budget.set(Budget(numbers))
    try:
        yield
    finally:
        _budget.reset(token)


def is_limited():
    """Whether a model is being read from a file here, in this thread."""
    return _budget.get() is not None


def spend_layer():
    budget = _budget.get()
    if budget:
        budget.layers -= 1
        if budget.layers < 0:
            raise ValueError(f"it asks for more than {LAYERS:,} layers")


def spend_weight(label, shape):
    budget = _budget.get()
    if budget:
        budget.numbers -= math.prod(shape)
        if budget.numbers < 0:
            raise ValueError(f"{label} asks for a weight of {tuple(shape)}, more than the file of the weights holds: "
                             f"{budget.held:,} numbers in all")


def check_input(shape):
    if _budget.get() and math.prod(shape) > INPUT:
        raise ValueError(f"an input of shape {tuple(shape)} has more than {INPUT:,} numbers")
