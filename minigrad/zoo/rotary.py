"""Rotary positions: a query and a key are turned by angles that grow with their places.  (Su et al. 2021)

    turn(q, s) · turn(k, t) = q · turn(k, t - s)        what attention sees depends on the distance alone

The d numbers of a head are d/2 pairs, each a point in a plane; pair i is turned by t · base^(-2i/d) at place t.
"""
import functools

import numpy as np

from ..engine import backend
from ..engine.fusion import fuse
from ..engine.op import Op


@functools.lru_cache(maxsize=256)
def rotations(begin, end, width, base, device="cpu", scaling=None):
    """The cosines and sines (T, d/2) of the angles at places begin ... end - 1, for d = width, float32, on a device.

    scaling     None, or the four numbers of `stretched`
    """
    speeds = base ** (-np.arange(0, width, 2) / width)                      # radians from one place to the next
    angles = np.arange(begin, end)[:, None] * (stretched(speeds, *scaling) if scaling else speeds)
    return tuple(backend.asarray(f(angles), np.float32, device) for f in (np.cos, np.sin))


def stretched(speeds, factor, low, high, original):
    """Speeds of turning for texts longer than those that a model was first trained on, as in Llama 3.1.

    Pairs that turn less than `low` times in `original` places are slowed by the factor, so that they see no angle that
    is new to them; those that turn more than `high` times stay; between them from the one to the other in a line.
    """
    turns = original * speeds / (2 * np.pi)
    part = np.clip((turns - low) / (high - low), 0, 1)
    return speeds * ((1 - part) / factor + part)


def _rotary(x, /, cos, sin):
    """(a, b) -> (a cos - b sin, a sin + b cos) of neighbours in x (..., T, d)      dx = g turned back."""
    a, b = x[..., 0::2], x[..., 1::2]                                       # (..., T, d/2)
    y = np.empty_like(x)
    y[..., 0::2], y[..., 1::2] = _turned(a, b, cos, sin)
    return y


_turned = fuse(lambda a, b, cos, sin: (a * cos - b * sin, a * sin + b * cos), "rotary")


rotary = Op(_rotary, lambda g, y, x, cos, sin: rotary(g, cos=cos, sin=-sin), name="rotary", shapes="")
