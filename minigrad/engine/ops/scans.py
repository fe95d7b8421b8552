"""The derivative table, scans: of each stretch x₁ ... xᵢ from the start one number yᵢ.

    running by doubling: of 1 element, of 2, of 4, ...: log n steps, each over the whole array, also on a GPU
"""
import math

import numpy as np

from ..backend import array_module, narrow, wide
from ..op import as_real, op
from .arithmetic import logaddexp, maximum, minimum
from .indexing import along, scatter_add
from .shapes import pad


def _moved(x, steps, fill):
    """x moved along its last axis by steps (towards the end, or for negative ones the start); fill comes in."""
    border = (steps, 0) if steps > 0 else (0, -steps)
    kept = x[..., :-steps] if steps > 0 else x[..., -steps:]
    return pad(kept, ((0, 0),) * (x.ndim - 1) + (border,), constant_values=fill)


def _running(f, x, axis, neutral):
    """f over all elements up to each, along axis (None: of x flattened)."""
    y, reach = _axis_last(x, axis), 1
    while reach < y.shape[-1]:
        y, reach = f(y, _moved(y, reach, neutral)), 2 * reach
    return _axis_back(y, axis)


def _axis_last(x, axis):
    return x.reshape(-1) if axis is None or x.ndim == 0 else np.moveaxis(x, axis, -1)


def _axis_back(y, axis):
    return y if axis is None or y.ndim == 0 else np.moveaxis(y, -1, axis)


def _backwards(g, a):
    """sᵢ = gᵢ + aᵢ sᵢ₊₁, from the end, along the last axis; the last a does not matter."""
    s, reach = g, 1
    while reach < g.shape[-1]:
        s, a, reach = s + a * _moved(s, -reach, 0), a * _moved(a, -reach, 0), 2 * reach
    return s


def _cumprod_vjp(g, y, x, axis=None):
    g, y, rows = (_axis_last(wide(t), axis) for t in (g, y, x))
    if not rows.shape[-1]:
        return g.reshape(x.shape)
    s = _backwards(g, _moved(rows, -1, 0))                  # Σⱼ gⱼ times the factors after i, up to j
    return _axis_back(_moved(y, 1, 1) * s, axis).reshape(x.shape)


@op(vjp=_cumprod_vjp, shapes="", numpy=np.cumprod)
def cumprod(x, /, axis=None):
    """yᵢ = x₁ ... xᵢ      dxᵢ = Σⱼ gⱼ Π of the other factors, j ≥ i; right also where factors are 0.

    Without an axis x is flattened first.
    """
    return narrow(np.cumprod(wide(x), axis=axis), x)


def _extreme_so_far_vjp(g, y, x, axis=None):
    axis = axis if x.ndim else None
    at, length = axis or 0, x.size if axis is None else x.shape[axis]
    xs, ys = (array_module(t).asarray(getattr(t, "_data", t)) for t in (x, y))
    steps = array_module(xs).arange(length).reshape((-1,) + (1,) * (ys.ndim - at % ys.ndim - 1))
    index = _running(maximum, np.where((xs.reshape(-1) if axis is None else xs) == ys, steps, 0), axis, 0)
    return scatter_add(g, index=along(ys.shape, index, at), shape=ys.shape).reshape(x.shape)


@op(vjp=_extreme_so_far_vjp, shapes="")
def cummax(x, /, axis=None):
    """yᵢ = the largest of x₁ ... xᵢ      each g goes to the element that was it, the latest of equals.

    Without an axis x is flattened first.
    """
    return _running(maximum, x, axis, _lowest(x))


@op(vjp=_extreme_so_far_vjp, shapes="")
def cummin(x, /, axis=None):
    """yᵢ = the smallest of x₁ ... xᵢ      each g goes to the element that was it, the latest of equals.

    Without an axis x is flattened first.
    """
    return _running(minimum, x, axis, _highest(x))


def _lowest(x):
    return -math.inf if x.dtype.kind == "f" else False if x.dtype.kind == "b" else np.iinfo(x.dtype).min


def _highest(x):
    return math.inf if x.dtype.kind == "f" else True if x.dtype.kind == "b" else np.iinfo(x.dtype).max


def _logcumsumexp_vjp(g, y, x, axis=None):
    y = y if wide(x) is x else logcumsumexp(wide(x), axis=axis)        # e to the power of y is as precise as y
    g, y, rows = (_axis_last(wide(t), axis) for t in (g, y, x))
    if not rows.shape[-1]:
        return g.reshape(x.shape)
    y = np.where(y == -math.inf, 0, y)
    s = _backwards(g, np.exp(y - _moved(y, -1, math.inf)))
    return _axis_back(s * np.exp(rows - y), axis).reshape(x.shape)


@op(vjp=_logcumsumexp_vjp, shapes="")
def logcumsumexp(x, /, axis=None):
    """yᵢ = ln(eˣ¹ + ... + eˣⁱ), without overflow      dxᵢ = Σⱼ gⱼ exp(xᵢ - yⱼ), j ≥ i.

    Without an axis x is flattened first.
    """
    return narrow(_running(logaddexp, wide(as_real(x)), axis, -math.inf), x)


# -- Skip at first: what profiles, pictures and checks want to know of these ops (see Op.describe) -------------------
def _scanned(draw):
    x = draw.array(draw.shape(1))
    return [x], {"axis": draw.axis(x.ndim, several=False)}


def _factors(draw):
    (x,), params = _scanned(draw)
    return [np.where(np.abs(x) < 1, 0.0, x) if draw.boolean() else x], params


def _no_ties(draw):
    x = draw.distinct(draw.shape(1), -1)
    return [x], {"axis": draw.axis(x.ndim, several=False)}


cumprod.describe(cases=_factors, slack=0.02,
                 conventions=[([[2.0, 0, 3, 4]], {}, [[1.0, 2 + 6 + 24, 0, 0]])])
logcumsumexp.describe(cases=_scanned, conventions=[([[-math.inf, -math.inf, 0.5]], {}, [[0.0, 0, 1]])])
cummax.describe(cases=_no_ties, slack=0.02, conventions=[([[1.0, 3, 3, 2]], {}, [[1.0, 1, 2, 0]])])
cummin.describe(cases=_no_ties, slack=0.02, conventions=[([[3.0, 1, 1, 2]], {}, [[1.0, 1, 2, 0]])])
