"""Cases by chance: the same numbers for the same seed in every process, fast enough to draw many and choose.

Chance draws what Draw draws, with a generator of NumPy's instead of Hypothesis, whose choices depend on which modules
are imported.  Of many candidates `varied` keeps those that add most: another rank, length, sign, kind of param.
"""
import itertools
import math

import numpy as np

from ..arrays import LAYOUTS, SIDES, lay_out
from .covering import core_axes, letters_of, shapes_of
from .draw import Draw
from .values import numbers

CANDIDATES = 120            # how many are drawn, of which the most varied are kept


class Chance(Draw):
    """Draws one case with a random generator."""

    def __init__(self, rng):
        self.rng = rng

    def from_strategy(self, strategy):
        raise NotImplementedError

    def boolean(self):
        return bool(self.rng.random() < 0.5)

    def integer(self, low, high):
        return int(self.rng.integers(low, high + 1))

    def choice(self, *options):
        return options[self.rng.integers(len(options))]

    def permutation(self, n):
        return tuple(map(int, self.rng.permutation(n)))

    def shape(self, min_dims=0, max_dims=3, min_side=0):
        if min_dims <= 1 <= max_dims and self.rng.random() < 0.03:
            return (70,)
        sides = [n for n in SIDES if n >= min_side]
        return tuple(self.choice(*sides) for _ in range(self.integer(min_dims, max_dims)))

    def shapes(self, count=2, max_dims=3, min_side=0):
        common, found = self.shape(0, max_dims, min_side), []
        for _ in range(count):
            kept = [1 if self.rng.random() < 1 / 3 else n for n in common]
            found.append(tuple(kept[self.integer(0, len(common)) * self.boolean():]))
        return tuple(found)

    def axis(self, ndim, none=True, several=True):
        options = [None] if none or not ndim else []
        if ndim:
            options.append(self.integer(-ndim, ndim - 1))
        if ndim and several:
            options.append(self.permutation(ndim)[:self.integer(1, ndim)])
        return self.choice(*options)

    def index(self, shape):
        size, kind = math.prod(shape), self.choice("basic", "integers", "mask")
        if kind == "mask":
            return self.booleans(shape)
        if kind == "basic" or not shape or not size:
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

    def array(self, shape, domain=None):
        return numbers(self.rng, domain, tuple(shape))

    def integers(self, shape, low, high):
        return np.asarray(self.rng.integers(low, high + 1, shape), np.int64)

    def booleans(self, shape):
        return np.asarray(self.rng.random(shape) < 0.5)


def by_chance(op, rng, settings=None):
    """One case of an op: of its own `cases`, or of shapes and domain as declared, with params from settings."""
    draw = Chance(rng)
    if callable(op.cases):
        inputs, params = op.cases(draw)
        return [np.asarray(x) for x in inputs], params
    domains = op.domain if isinstance(op.domain, tuple) else (op.domain,) * op.arity
    params = {name: draw.choice(*values) for name, values in (settings or {}).items() if draw.boolean()}
    shapes = with_core_axes(op.shapes, draw) if op.shapes else draw.shapes(op.arity)
    return [lay_out(draw.array(s, d), draw.choice(*LAYOUTS)) for s, d in zip(shapes, domains)], params


def with_core_axes(signature, draw):
    """Shapes that fit a gufunc signature, with batch axes that broadcast."""
    terms = core_axes(signature)
    return shapes_of(terms, draw.shapes(len(terms), 2, 1), {c: draw.integer(1, 4) for c in letters_of(terms)})


# -- the most varied of many -----------------------------------------------------------------------------------------
def varied(op, count, rng):
    """`count` cases of an op's own `cases`, each as new as can be beside those before it; an ordinary one first."""
    pool = [by_chance(op, rng) for _ in range(max(CANDIDATES, count))]
    features, chosen, seen = [traits(case) for case in pool], [], set()
    left = sorted(range(len(pool)), key=lambda i: oddness(pool[i]))
    while left and len(chosen) < count:
        best = max(left, key=lambda i: len(features[i] - seen)) if chosen else left[0]
        if not features[best] - seen:
            seen = set()                    # all has been seen: once more
        left.remove(best)
        seen |= features[best]
        chosen.append(pool[best])
    return chosen


def traits(case):
    """What can be said of a case, to compare it with others: ranks, lengths, dtypes, and each param's kind of value."""
    inputs, params = case
    found = set()
    for i, x in enumerate(inputs):
        found |= {(i, "rank", x.ndim), (i, x.dtype.char), (i, "large", x.size > 64), (i, "order", x.flags.c_contiguous)}
        found |= {(i, "side", n if n < 3 else 3 + n % 2) for n in x.shape}
        if x.dtype.kind == "f" and x.size:
            found |= {(i, "far", x.ndim, bool(x.max() > 50), bool(x.min() < -50), bool(np.abs(x).max() < 0.05))}
        found |= {("same", i, j, x.shape == y.shape) for j, y in enumerate(inputs[:i])}
    found |= {("count", len(inputs)), ("ranks", *(x.ndim for x in inputs))}
    for name, value in params.items():
        found |= {(name, kind(value)), (name, kind(value), inputs[0].ndim if inputs else 0)}
    found |= {(a, kind(v), b, kind(w)) for (a, v), (b, w) in itertools.combinations(params.items(), 2)}
    return found | {(name, "given") for name in params}


def kind(value):
    """A value of a param, or of an array, slice or tuple what is special about it."""
    if isinstance(value, np.ndarray):
        negative = value.dtype.kind != "b" and bool((value < 0).any())
        return value.dtype.char, value.ndim, bool(value.size), negative
    if isinstance(value, slice):
        return "slice", np.sign(value.step or 1), value.start is None, value.stop is None
    if isinstance(value, (tuple, list)):
        return len(value), tuple(kind(v) for v in value[:2])
    return value if isinstance(value, (int, str, bool, type(None))) else type(value)


def oddness(case):
    """How far a case is from an ordinary one: 2-D, a few elements, different lengths, no zeros."""
    inputs = [x for x in case[0] if x.dtype.kind == "f"]
    total = sum(x.size for x in inputs)
    return (abs(total - 8) + 100 * (total > 40 or total < 2) + 8 * any(x.ndim != 2 for x in inputs)
            + 8 * any(1 in x.shape or len(set(x.shape)) < x.ndim for x in inputs)
            + 30 * any(not x.all() or np.abs(x).max(initial=0) > 50 for x in inputs))
