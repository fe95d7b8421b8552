"""What stands before the function: arrays by their names, as lines that people read, and what the engine runs instead.

Python's compiler takes as long for these lines as for those of the function.
"""
from operator import itemgetter

import numpy as np

from .sooner import as_run


class Declared:
    """lines: "name = text", each of which make(space), if it is given, computes as well, from {name: object}."""

    def __init__(self, gpu):
        self.lines, self._makers, self._gpu = [], [], gpu

    def add(self, name, text, make=None):
        self.lines.append(f"{name} = {text}")
        if make is None or self._gpu:
            make = lambda space: eval(as_run(text), space)      # noqa: E731
        self._makers.append((name, make))

    names = property(lambda self: [name for name, _ in self._makers])

    def leave_out(self, names):
        """These are made in the function itself."""
        self._makers = [(name, make) for name, make in self._makers if name not in names]

    def run(self, space):
        """Put all of it into space, once."""
        for name, make in self._makers:
            space[name] = make(space)
        self._makers = []


def the_same(name):
    return itemgetter(name)


def new(shape, dtype):
    return lambda space: space["empty"](shape, dtype)


def laid(x, store, *place):
    """x in a store; place: its offset and strides, if it isn't the store's beginning."""
    return lambda space: np.ndarray(x.shape, x.dtype, space[store], *place)


def view(x, name):
    """The whole of an array transposed, or in another shape."""
    return lambda space: space[name].T if x.is_transposed() else space[name].reshape(x.shape)
