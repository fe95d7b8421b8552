"""The derivative table, rounding and remainders: functions with steps, flat between them."""
import math

import numpy as np

from ..op import as_array, op
from .domains import STEPS, Domain


def _flat(g, y, x):
    return np.zeros_like(g)


HALVES = Domain(avoid=(0.5,), period=1)
trunc = op(np.trunc, _flat, domain=STEPS, doc="y = x without what comes after the point      dx = 0")
rint = op(np.rint, _flat, domain=HALVES, doc="y = the integer next to x, of two the even one      dx = 0")


@op(vjp=lambda g, y, x, decimals=0: np.zeros_like(g), domain=HALVES)
def round(x, /, decimals=0):
    """y = x rounded to so many decimals, halves to the even digit      dx = 0."""
    return np.round(x, decimals)


floor_divide = op(np.floor_divide, (lambda g, y, a, b: np.zeros_like(g), lambda g, y, a, b: np.zeros_like(g)),
                  doc="y = ⌊a / b⌋      da = 0,  db = 0")
remainder = op(np.remainder, (lambda g, y, a, b: g, lambda g, y, a, b: -g * np.floor_divide(a, b)),
               doc="y = a - b ⌊a / b⌋, of the sign of b      da = g,  db = -g ⌊a / b⌋")
fmod = op(np.fmod, (lambda g, y, a, b: g, lambda g, y, a, b: -g * np.trunc(a / b)),
          doc="y = a less the whole multiples of b, of the sign of a      da = g,  db = -g trunc(a / b)")


@op(vjp=lambda g, y, x, nan=0.0, posinf=None, neginf=None: np.where(np.isfinite(x), g, 0))
def nan_to_num(x, /, nan=0.0, posinf=None, neginf=None):
    """y = x, but numbers in the place of nan, ∞ and -∞ (None: the largest and smallest)      dx = g, and 0 there."""
    x = as_array(x)
    limits = np.finfo(x.dtype if x.dtype.kind == "f" else float)
    y = np.where(np.isnan(x), nan, x)
    y = np.where(x == math.inf, limits.max if posinf is None else posinf, y)
    y = np.where(x == -math.inf, limits.min if neginf is None else neginf, y)
    return y.astype(x.dtype)


# -- Skip at first: what profiles, pictures and checks want to know of these ops (see Op.describe) -------------------
def _between_multiples(draw):
    """a is some multiple of b, and a half or more of it."""
    shape = draw.shape()
    b = draw.choice(0.75, 1.25, -1.5) * np.ones(shape)
    return [b * (draw.integers(shape, -3, 3) + draw.choice(0.5, 0.375, 0.625)), b], {}


def _tenths(draw):
    return [draw.integers(draw.shape(), -40, 40) * 0.1 + 0.02], draw.some(decimals=draw.integer(0, 1))


for _entry in (floor_divide, remainder, fmod):
    _entry.describe(cases=_between_multiples, slack=0.02)
round.describe(cases=_tenths, slack=0.02)
nan_to_num.describe(
    cases=lambda draw: ([draw.array(draw.shape())], draw.some(nan=0.5, posinf=9.0, neginf=-9.0)),
    conventions=[([[1.0, math.nan, math.inf, -math.inf]], {}, [[1.0, 0, 0, 0]])])
