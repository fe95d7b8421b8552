"""What the `cases` of an op's declaration draw from: numbers, shapes, arrays, axes, each as short as shows a mistake.

    def powers(draw):
        return [draw.array(draw.shape(), POSITIVE)], draw.some(n=draw.integer(1, 3))

    @mg.op(vjp=..., cases=powers)

So a declaration needs no Hypothesis, which loads when cases are drawn and makes a counterexample as small as can be.
"""
import math

import numpy as np
from hypothesis import strategies as st

from .. import arrays as strategies


class Draw:
    """Draws one case; `Draw(draw).array((2, 3))` is what Hypothesis's own `draw(arrays((2, 3)))` is."""

    def __init__(self, draw):
        self.from_strategy = draw           # for what is not below: draw.from_strategy(st.text())

    def boolean(self):
        return self.from_strategy(st.booleans())

    def integer(self, low, high):
        """From low to high, both included."""
        return self.from_strategy(st.integers(low, high))

    def choice(self, *options):
        """One of the options; the first is the simplest."""
        return self.from_strategy(st.sampled_from(options))

    def some(self, **params):
        """Some of the params: the others keep their defaults."""
        return {name: value for name, value in params.items() if self.boolean()}

    def permutation(self, n):
        """The numbers from 0 to n - 1 in any order, as a tuple."""
        return tuple(self.from_strategy(st.permutations(range(n))))

    def shape(self, min_dims=0, max_dims=3, min_side=0):
        """A shape, of zero size too unless min_side says otherwise."""
        return self.from_strategy(strategies.shapes(min_dims, max_dims, min_side))

    def shapes(self, count=2, max_dims=3, min_side=0):
        """Shapes that broadcast."""
        return self.from_strategy(strategies.broadcastable_shapes(count, max_dims, min_side))

    def axis(self, ndim, none=True, several=True):
        """An axis of an array of ndim axes: an int (negative too), None, or a tuple of different ones."""
        return self.from_strategy(strategies.axes(ndim, none, several))

    def index(self, shape):
        """Any index of an array of this shape: integers, slices, None, ..., masks, integer arrays with repeats."""
        return self.from_strategy(strategies.indices(shape))

    def array(self, shape, domain=None):
        """Real numbers from a domain (minigrad.engine.ops.domains)."""
        return self.from_strategy(strategies.arrays(tuple(shape), domain))

    def distinct(self, shape, low=0.0):
        """Numbers that differ by at least 0.3: no ties, so that maxima and orders are the same nearby."""
        return (np.array(self.permutation(math.prod(shape))) * 0.3 + low + 0.1).reshape(shape)

    def integers(self, shape, low, high):
        """An array of integers from low to high, both included, with repeats."""
        return self._filled(shape, st.integers(low, high), np.int64)

    def booleans(self, shape):
        return self._filled(shape, st.booleans(), bool)

    def _filled(self, shape, elements, dtype):
        size = math.prod(shape)
        return np.array(self.from_strategy(st.lists(elements, min_size=size, max_size=size)), dtype).reshape(shape)
