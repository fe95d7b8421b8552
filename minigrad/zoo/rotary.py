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
def rotations(begin, end, width, base, device="cpu"):
    """The cosines and sines (T, d/2) of the angles at places begin ... end - 1, for d = width, float32, on a device."""
    angles = np.arange(begin, end)[:, None] * base ** (-np.arange(0, width, 2) / width)
    return tuple(backend.asarray(f(angles), np.float32, device) for f in (np.cos, np.sin))


def _rotary(x, /, cos, sin):
    """(a, b) -> (a cos - b sin, a sin + b cos) of neighbours in x (..., T, d)      dx = g turned back."""
    a, b = x[..., 0::2], x[..., 1::2]                                       # (..., T, d/2)
    y = np.empty_like(x)
    y[..., 0::2], y[..., 1::2] = _turned(a, b, cos, sin)
    return y


_turned = fuse(lambda a, b, cos, sin: (a * cos - b * sin, a * sin + b * cos), "rotary")


rotary = Op(_rotary, lambda g, y, x, cos, sin: rotary(g, cos=cos, sin=-sin), name="rotary", shapes="")
