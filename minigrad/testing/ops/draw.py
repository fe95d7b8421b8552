"""What the `cases` of an op's declaration draw from: numbers, shapes, arrays, axes, each as short as shows a mistake.

    def powers(draw):
        return [draw.array(draw.shape(), POSITIVE)], draw.some(n=draw.integer(1, 3))

    @mg.op(vjp=..., cases=powers)

Whatever is drawn comes down to a few choices, which are made in two ways.  Draw asks Hypothesis, which makes what shows
a mistake as small as can be.  Chance asks a random generator of NumPy's: the same cases for the same seed in every
process (Hypothesis's depend on which modules are imported), fast enough to draw many and choose.
"""
import math

import numpy as np
from hypothesis import strategies as st

from ...engine.ops.domains import REAL
from ..arrays import matrix

MARGIN = 0.05           # how far numbers keep from the ends of a domain and from points to avoid
SIDES = (1, 2, 3, 2, 4, 3, 0)       # lengths of axes; those of a few elements, which tell most, more often


class Draw:
    """Draws one case; `Draw(draw)` for the `draw` of a Hypothesis composite."""

    def __init__(self, draw):
        self.from_strategy = draw           # for what is not below: draw.from_strategy(st.text())

    # -- choices -----------------------------------------------------------------------------------------------------
    def likely(self, probability):
        """True, about as often."""
        return self.from_strategy(st.integers(1, 100)) > 100 - 100 * probability

    def integer(self, low, high):
        """From low to high, both included."""
        return self.from_strategy(st.integers(low, high))

    def choice(self, *options):
        """One of the options; the first is the simplest."""
        return self.from_strategy(st.sampled_from(options))

    def permutation(self, n):
        """The numbers from 0 to n - 1 in any order, as a tuple."""
        return tuple(self.from_strategy(st.permutations(range(n))))

    def integers(self, shape, low, high):
        """An array of integers from low to high, both included, with repeats."""
        size = math.prod(shape)
        found = self.from_strategy(st.lists(st.integers(low, high), min_size=size, max_size=size))
        return np.array(found, np.int64).reshape(shape)

    def booleans(self, shape):
        """An array of True and False."""
        return self.integers(shape, 0, 1).astype(bool)

    def decimals(self, shape, low, high):
        """An array of numbers between low and high, with two decimals."""
        return self.integers(shape, math.ceil(low * 100), math.floor(high * 100)) / 100

    # -- what is made of them ----------------------------------------------------------------------------------------
    def boolean(self):
        return self.likely(0.5)

    def some(self, **params):
        """Some of the params: the others keep their defaults."""
        return {name: value for name, value in params.items() if self.boolean()}

    def shape(self, min_dims=0, max_dims=3, min_side=0):
        """A shape, of zero size too unless min_side says otherwise."""
        if min_dims <= 1 <= max_dims and self.likely(0.03):
            return (70,)
        sides = [n for n in SIDES if n >= min_side]
        return tuple(self.choice(*sides) for _ in range(self.integer(min_dims, max_dims)))

    def shapes(self, count=2, max_dims=3, min_side=0):
        """Shapes that broadcast: each may lack leading axes of a common shape, and have others of length 1."""
        common, found = self.shape(0, max_dims, min_side), []
        for _ in range(count):
            kept = [1 if self.likely(1 / 3) else n for n in common]
            found.append(tuple(kept[self.integer(0, len(common)) * self.boolean():]))
        return tuple(found)

    def axis(self, ndim, none=True, several=True):
        """An axis of an array of ndim axes: an int (negative too), None, or a tuple of different ones."""
        options = [None] if none or not ndim else []
        if ndim:
            options.append(self.integer(-ndim, ndim - 1))
        if ndim and several:
            options.append(self.permutation(ndim)[:self.integer(1, ndim)])
        return self.choice(*options)

    def index(self, shape):
        """Any index of an array of this shape: integers, slices, None, ..., masks, integer arrays with repeats."""
        kind = self.choice("basic", "integers", "mask")
        if kind == "mask":
            return self.booleans(shape)
        if kind == "basic" or not shape or 0 in shape:
            return self._basic_index(shape)
        n = self.integer(1, 4)
        index = tuple(self.integers((n,), -side, side - 1) for side in shape[:self.integer(1, len(shape))])
        return index if len(index) > 1 else index[0]

    def _basic_index(self, shape):
        """Integers, slices with any step, ... and None."""
        index = []
        for side in shape[:self.integer(0, len(shape))]:
            if side and self.boolean():
                index.append(self.integer(-side, side - 1))
            else:
                start, stop = (self.choice(None, self.integer(-side, side)) for _ in range(2))
                index.append(slice(start, stop, self.choice(None, 1, 2, -1, -2)))
        if self.boolean():
            index.insert(self.integer(0, len(index)), None)
        return (*index, ...) if self.boolean() else tuple(index) if len(index) != 1 else index[0]

    def distinct(self, shape, low=0.0):
        """Numbers that differ by at least 0.3: no ties, so that maxima and orders are the same nearby."""
        return (np.array(self.permutation(math.prod(shape))) * 0.3 + low + 0.1).reshape(shape)

    def array(self, shape, domain=None, kind="ordinary"):
        """Numbers from a domain (minigrad.engine.ops.domains); of a kind: ordinary, wide (1e3, 1e-3 and the ends of the
        domain first), or equal (with zeros and ties)."""
        structure, shape = domain.structure if domain else None, tuple(shape)
        if structure == "boolean":
            return self.booleans(shape)
        if structure == "indices":
            return self.integers(shape, 0, 1).astype(np.int64 if kind == "ordinary" else np.int32)
        if structure:
            return matrix(self.integers(shape, -250, 249) / 100, structure)
        domain = domain or REAL
        low, high = max(domain.low, -3) + MARGIN, min(domain.high, 3) - MARGIN
        drawn = self.decimals(shape, low, high)
        if kind == "wide" and drawn.size:
            ends = [x for x in (1e3, -1e3, 1e-3, -1e-3, 30.0, -30.0) if domain.low < x < domain.high]
            ends += [domain.low + 1e-3] * math.isfinite(domain.low) + [domain.high - 1e-3] * math.isfinite(domain.high)
            drawn.flat[:len(ends)] = ends[:drawn.size]
        elif kind == "equal" and drawn.size:
            other = 0.0 if domain.low < 0 < domain.high else 1.0 if high > 1 else low
            drawn = np.where(self.booleans(shape), other, 0.5)
        return off_points(drawn, domain)


class Chance(Draw):
    """Draws one case with a random generator."""

    def __init__(self, rng):
        self.rng = rng

    def from_strategy(self, strategy):
        raise NotImplementedError

    def likely(self, probability):
        return bool(self.rng.random() < probability)

    def integer(self, low, high):
        return int(self.rng.integers(low, high + 1))

    def choice(self, *options):
        return options[self.rng.integers(len(options))]

    def permutation(self, n):
        return tuple(map(int, self.rng.permutation(n)))

    def integers(self, shape, low, high):
        return np.asarray(self.rng.integers(low, high + 1, shape), np.int64)

    def booleans(self, shape):
        return np.asarray(self.rng.random(shape) < 0.5)

    def decimals(self, shape, low, high):
        return np.array(np.round(self.rng.uniform(low, high, shape), 2))      # an array, of no axes too


def off_points(x, domain):
    """x moved off the points that a domain leaves out."""
    for p in domain.avoid:
        off = (x - p + domain.period / 2) % domain.period - domain.period / 2 if domain.period else x - p
        x = np.where(np.abs(off) < min(MARGIN, 1e-3), x + 2 * MARGIN, x)
    return np.asarray(x)
