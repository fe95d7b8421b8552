"""The table of functions of draw that return a case, (inputs, params), and what they share."""
import math

import numpy as np
from hypothesis import strategies as st

from ... import arrays as mst

TABLE = {}                                  # op name -> function of draw -> (inputs, params)


def table(*names):
    """Enter a function of draw as the source of cases for these ops."""
    def enter(f):
        for name in names:
            TABLE[name] = f
        return f
    return enter


def distinct(draw, shape, low=0.0):
    """Numbers that differ by at least 0.3: no ties, so that maxima and orders are the same nearby."""
    return (np.array(draw(st.permutations(range(math.prod(shape))))) * 0.3 + low + 0.1).reshape(shape)


def a_shape(draw, min_dims=0, max_dims=3, min_side=0):
    return draw(mst.shapes(min_dims, max_dims, min_side))


def integers(draw, shape, low, high):
    """Integers from low to high, both included, with repeats."""
    size = math.prod(shape)
    return np.array(draw(st.lists(st.integers(low, high), min_size=size, max_size=size)), np.int64).reshape(shape)


def booleans(draw, shape):
    size = math.prod(shape)
    return np.array(draw(st.lists(st.booleans(), min_size=size, max_size=size)), bool).reshape(shape)


def optional(draw, **params):
    """Some of the params: the others keep their defaults."""
    return {name: draw(values) for name, values in params.items() if draw(st.booleans())}
