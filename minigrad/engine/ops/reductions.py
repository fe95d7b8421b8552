"""The derivative table, reductions: many numbers become one, so one cotangent spreads over many.

x has any shape; axis is an int, a tuple of ints or None (all axes); with keepdims the reduced axes stay, of length 1.
"""
import builtins
import math

import numpy as np

from ..backend import narrow, row_sum, wide
from ..op import as_real, op
from .domains import NONZERO
from .shapes import pad


def axes_of(x, axis):
    """axis as a tuple of numbers from 0 to x.ndim - 1."""
    if axis is None:
        return tuple(range(x.ndim))
    ndim = x.ndim or 1                      # NumPy sums a 0-d array over axis 0, too
    return tuple(a % ndim for a in (axis if isinstance(axis, tuple) else (axis,)))[:x.ndim]


def count(x, axis):
    """How many elements a reduction over axis brings together, as a Python int."""
    return x.size if axis is None else math.prod(x.shape[a] for a in axes_of(x, axis))


def keep(g, x, axis):
    """g with the axes of x that a reduction dropped put back, of length 1, so that it broadcasts against x."""
    axes = axes_of(x, axis)
    return g.reshape(tuple(1 if a in axes else n for a, n in enumerate(x.shape)))


def spread(g, x, axis):
    """g copied along the reduced axes: the adjoint of sum."""
    return np.broadcast_to(g if axis is None else keep(g, x, axis), x.shape)


def add_up(x, axis, keepdims=False):
    """Σ x over axis; over all axes but the last and many rows as a product, which is faster and more precise."""
    if x.ndim > 1 and x.size > 4096 * x.shape[-1] > 0 and isinstance(x, np.ndarray) and x.dtype.char in "fd" \
            and axes_of(x, axis) == tuple(range(x.ndim - 1)):
        return keep(row_sum(x), x, axis) if keepdims else row_sum(x)
    return x.sum(axis=axis, keepdims=keepdims)


@op(vjp=lambda g, y, x, axis=None, keepdims=False: spread(g, x, axis), shapes="")
def sum(x, /, axis=None, *, keepdims=False):
    """y = Σ x      dx = g, copied along the summed axes."""
    return narrow(add_up(wide(x), axis, keepdims), x)


@op(shapes="", vjp=lambda g, y, x, axis=None, keepdims=False: (
    spread(wide(g) / builtins.max(count(x, axis), 1), x, axis)))
def mean(x, /, axis=None, *, keepdims=False):
    """y = Σ x / n      dx = g / n, copied along the axes of the mean."""
    return narrow(add_up(wide(x), axis, keepdims) / count(x, axis), x)     # as x.mean(), at half the cost


def _var_vjp(g, y, x, axis=None, ddof=0, keepdims=False):
    x, g, n = wide(x), wide(g), count(x, axis)
    factor = 2 / (n - ddof) if n > ddof else math.nan               # of too few numbers the variance is 0/0
    return keep(g, x, axis) * factor * (x - x.sum(axis=axis, keepdims=True) / builtins.max(n, 1))


@op(vjp=_var_vjp, shapes="")
def var(x, /, axis=None, *, ddof=0, keepdims=False):
    """y = Σ (x - mean)² / (n - ddof)      dx = 2 g (x - mean) / (n - ddof)."""
    centred = wide(x) - add_up(wide(x), axis, True) / count(x, axis)
    return narrow(add_up(centred * centred, axis, keepdims) / builtins.max(count(x, axis) - ddof, 0), x)


def _std_vjp(g, y, x, axis=None, ddof=0, keepdims=False):
    return _var_vjp(wide(g) * 0.5 / np.where(y == 0, 1, wide(y)), y, x, axis, ddof)


@op(vjp=_std_vjp, shapes="")
def std(x, /, axis=None, *, ddof=0, keepdims=False):
    """y = √var      dx = g (x - mean) / ((n - ddof) y), and 0 where all x are equal."""
    return narrow(np.sqrt(var.forward(wide(x), axis, ddof=ddof, keepdims=keepdims)), x)


def _extreme_vjp(g, y, x, axis=None, keepdims=False):
    g = wide(g)
    chosen = (x == keep(y, x, axis)).astype(g.dtype)
    return chosen * keep(g, x, axis) / chosen.sum(axis=axis, keepdims=True)


@op(vjp=_extreme_vjp, shapes="")
def max(x, /, axis=None, *, keepdims=False):
    """y = the largest x      g goes to the largest; ties share it equally."""
    return x.max(axis=axis, keepdims=keepdims)


@op(vjp=_extreme_vjp, shapes="")
def min(x, /, axis=None, *, keepdims=False):
    """y = the smallest x      g goes to the smallest; ties share it equally."""
    return x.min(axis=axis, keepdims=keepdims)


def _before(x):
    """The product of all earlier elements along the last axis, in log n steps: of 1, of 2, of 4, ... elements."""
    n, reach = x.shape[-1], 1
    y = _later(x, 1)
    while reach < n:
        y = y * _later(y, reach)
        reach *= 2
    return y


def _later(x, steps):
    """x moved towards the end of the last axis, ones coming in at the start."""
    return pad(x[..., :-steps], ((0, 0),) * (x.ndim - 1) + ((steps, 0),), constant_values=1)


def _prod_vjp(g, y, x, axis=None, keepdims=False):
    g, y, x = wide(g), wide(y), wide(x)
    if (x != 0).all():
        return keep(g * y, x, axis) / x
    axes = axes_of(x, axis)                         # with a zero among the factors: multiply all the others
    last = tuple(range(-len(axes), 0))
    moved = np.moveaxis(x, axes, last)
    rows = moved.reshape(moved.shape[:x.ndim - len(axes)] + (count(x, axis),))
    others = _before(rows) * np.flip(_before(np.flip(rows, -1)), -1)
    return np.moveaxis(others.reshape(moved.shape), last, axes) * keep(g, x, axis)


@op(vjp=_prod_vjp, shapes="")
def prod(x, /, axis=None, *, keepdims=False):
    """y = Π x      dxᵢ = g Π of the other x; right also where factors are 0."""
    return narrow(wide(x).prod(axis=axis, keepdims=keepdims), x)


def _vector_norm_vjp(g, y, x, ord=2, axis=None, keepdims=False):
    g, y, x = keep(wide(g), x, axis), keep(wide(y), x, axis), wide(x)
    if ord == 2:
        return g / np.where(y == 0, 1, y) * x
    if ord == 0:
        return np.zeros_like(x)
    size = np.abs(x)
    if ord in (math.inf, -math.inf):
        return _extreme_vjp(g, y, size, axis) * np.sign(x)
    none = size == 0
    ratio = np.where(none, 1, y / np.where(none, 1, size))
    return g * np.sign(x) * ratio ** (1 - ord)


@op(vjp=_vector_norm_vjp, domain=NONZERO, shapes="")
def vector_norm(x, /, ord=2, axis=None, keepdims=False):
    """y = (Σ|x|ᵖ)¹ᐟᵖ, by default √Σx²      dx = g sign x (|x| / y)ᵖ⁻¹, and 0 where x or y is 0, where there are kinks.

    Of all of x, or over axis, one or several.  The order p is any number: 1, 2, 0.5, -1, ...; ∞ and -∞ for the largest
    and the smallest |x|, where ties share; 0 counts what is not 0.
    """
    if isinstance(ord, (str, complex)) or ord is None or ord != ord:
        raise ValueError(f"ord={ord!r} is no order of a norm of vectors: it must be a number, or ±inf")
    size = np.abs(wide(as_real(x)))
    if ord == 0:
        return narrow((size != 0).sum(axis=axis, keepdims=keepdims).astype(size.dtype), x)
    if math.isinf(ord):
        return narrow((size.max if ord > 0 else size.min)(axis=axis, keepdims=keepdims), x)
    if ord in (1, 2):
        total = (np.square(size) if ord == 2 else size).sum(axis=axis, keepdims=keepdims)
        return narrow(np.sqrt(total) if ord == 2 else total, x)
    largest = size.max if ord > 0 else size.min
    top = largest(axis=axis, keepdims=True) if count(x, axis) else size.sum(axis=axis, keepdims=True)
    top = np.where((top == 0) | np.isinf(top), 1, top)              # so that no power overflows
    with np.errstate(divide="ignore"):                              # 0 to a negative power
        y = top * ((size / top) ** ord).sum(axis=axis, keepdims=True) ** (1 / ord)
    return narrow(y if keepdims else y.sum(axis=axis), x)


def _cumsum_vjp(g, y, x, axis=None):
    g, axis, flat = wide(g), axis or 0, axis is None
    if isinstance(g, np.ndarray):
        dx = np.empty_like(g)                       # filled from the end: turned round once more, it would be a view
        np.cumsum(np.flip(g, axis), axis, out=np.flip(dx, axis))
    else:
        dx = np.flip(np.cumsum(np.flip(g, axis), axis), axis)
    return dx.reshape(x.shape) if flat else dx


@op(vjp=_cumsum_vjp, shapes="")
def cumsum(x, /, axis=None):
    """yᵢ = x₁ + ... + xᵢ      dxᵢ = gᵢ + ... + gₙ;  without an axis x is flattened first."""
    return narrow(np.cumsum(wide(x), axis=axis), x)


def _logsumexp_vjp(g, y, x, axis=None, keepdims=False):
    p = np.exp(wide(x) - keep(np.where(y == -math.inf, 0, y), x, axis))
    total = p.sum(axis=axis, keepdims=True)         # not quite 1 where y was rounded: in float16, or at large x
    return keep(g, x, axis) * (p / np.where(total == 0, 1, total))


@op(vjp=_logsumexp_vjp, shapes="")
def logsumexp(x, /, axis=None, *, keepdims=False):
    """y = ln Σ eˣ, without overflow: the largest x is taken out first      dx = g eˣ⁻ʸ = g softmax x."""
    if not count(x, axis):                          # ln of an empty sum
        return x.sum(axis=axis, keepdims=keepdims) - math.inf
    given, x = x, wide(as_real(x))
    top = x.max(axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore"):              # ln 0 = -inf, where all x are -inf
        y = np.log(np.exp(x - top).sum(axis=axis, keepdims=True)) + top
    y = narrow(y, given)
    return y if keepdims else y.reshape(tuple(n for a, n in enumerate(x.shape) if a not in axes_of(x, axis)))


# -- choosing and ordering -------------------------------------------------------------------------------------------
@op(shapes="")
def argmax(x, /, axis=None, *, keepdims=False):
    """y = the index of the largest x, the first of equals; an integer, so without derivative."""
    return x.argmax(axis=axis, keepdims=keepdims)


@op(shapes="")
def argmin(x, /, axis=None, *, keepdims=False):
    """y = the index of the smallest x, the first of equals; an integer, so without derivative."""
    return x.argmin(axis=axis, keepdims=keepdims)


@op(shapes="")
def argsort(x, /, axis=-1):
    """y = the indices that sort x, equals in their order; integers, so without derivative."""
    return np.argsort(x, axis=axis, kind="stable")


@op(shapes="")
def any(x, /, axis=None, *, keepdims=False):
    """y = whether any x is true; boolean, so without derivative."""
    return x.any(axis=axis, keepdims=keepdims)


@op(shapes="")
def all(x, /, axis=None, *, keepdims=False):
    """y = whether all x are true; boolean, so without derivative."""
    return x.all(axis=axis, keepdims=keepdims)


def _sort_vjp(g, y, x, axis=-1):
    order = argsort(x, axis=axis)
    if isinstance(g, np.ndarray):
        dx = np.empty_like(g)
        np.put_along_axis(dx, order, g, -1 if axis is None else axis)
        return dx.reshape(x.shape) if axis is None else dx
    return np.take_along_axis(g, np.argsort(order, axis=axis), axis).reshape(x.shape)


@op(vjp=_sort_vjp, shapes="")
def sort(x, /, axis=-1):
    """y = x in ascending order      each g goes back to where its x came from, equals in their order."""
    return np.sort(x, axis=axis)


# -- Skip at first: what profiles, pictures and checks want to know of these ops (see Op.describe) -------------------
def _over_axes(draw, x, several=True):
    return {"axis": draw.axis(x.ndim, several=several), "keepdims": draw.boolean()}


def _reduced(draw, min_side=0):
    x = draw.array(draw.shape(min_side=min_side))
    return [x], _over_axes(draw, x)


def _not_empty(draw):
    return _reduced(draw, min_side=1)


def _factors(draw):
    """Some of them 0: the products of the others must still be right."""
    (x,), params = _reduced(draw)
    return [np.where(np.abs(x) < 1, 0.0, x) if draw.boolean() else x], params


def _vectors(draw):
    (x,), params = _reduced(draw, min_side=1)
    if x.ndim != 1 and np.size(params["axis"]) > 2:
        params["axis"] = None
    if x.ndim and draw.boolean():
        x = draw.distinct(x.shape, 0.2) * np.where(draw.booleans(x.shape), 1, -1)
        return [x], params | {"ord": draw.choice(1, 3, 1.5, math.inf, -math.inf, 0.5, -1, 0)}
    return [np.where(np.abs(x) < 0.3, 0.5, x)], params | draw.some(ord=2)


def _samples(draw):
    x = draw.distinct(draw.shape(1, 3, 2))
    return [x], _over_axes(draw, x) | {"ddof": draw.integer(0, 1)}


def _no_ties(draw):
    x = draw.distinct(draw.shape(min_side=1), -1)
    return [x], _over_axes(draw, x)


def _no_ties_one_axis(draw):
    x = draw.distinct(draw.shape(min_side=1))
    return [x], _over_axes(draw, x, several=False)


def _ordered(draw):
    x = draw.distinct(draw.shape(1))
    return [x], draw.some(axis=draw.axis(x.ndim, several=False))


def _running(draw):
    x = draw.array(draw.shape(1))
    return [x], {"axis": draw.axis(x.ndim, several=False)}


def _norm_by_hand(x, ord=2, axis=None, keepdims=False):
    """By NumPy's norm along one axis, the axes of the norm moved there as one."""
    axes = axes_of(x, axis)
    rest = tuple(n for a, n in enumerate(x.shape) if a not in axes)
    y = np.linalg.norm(np.moveaxis(x, axes, range(-len(axes), 0)).reshape(*rest, count(x, axis)), ord, -1)
    return keep(y, x, axis) if keepdims else y


for _entry in (sum, any, all):
    _entry.describe(cases=_reduced)
mean.describe(cases=_not_empty)
logsumexp.describe(cases=_not_empty, conventions=[
    ([[1000.0, 1000]], {}, [[0.5, 0.5]]),
    ([[[-math.inf, -math.inf], [-math.inf, 1]]], {"axis": 1}, [[[0.0, 0], [0, 1]]])])
for _entry in (argmax, argmin):
    _entry.describe(cases=_no_ties_one_axis)
sum.describe(symbol="Σ")
prod.describe(symbol="Π", cases=_factors, slack=0.02, conventions=[
    ([[0.0]], {}, [[1.0]]),
    ([[[0.0, 2, 3], [0, 0, 3], [1, 2, 4]]], {"axis": 1}, [[[6.0, 0, 0], [0, 0, 0], [8, 4, 2]]]),
    ([np.arange(8.0).reshape(2, 2, 2)], {"axis": (0, 2)}, [[[[20.0, 0], [126, 84]], [[0, 0], [42, 36]]]])])
vector_norm.describe(cases=_vectors, slack=0.02, reference=_norm_by_hand, conventions=[
    ([[[0.0, 0], [3, 4]]], {"axis": 1}, [[[0.0, 0], [0.6, 0.8]]]),
    ([[3.0, -3, 1]], {"ord": math.inf}, [[0.5, -0.5, 0]]),
    ([[math.inf, 2]], {"ord": math.inf, "keepdims": True}, [[1.0, 0]]),
    ([[0.0, 2, -1]], {"ord": -1}, [[0.0, 0, 0]]), ([[0.0, 4]], {"ord": 0.5}, [[0.0, 1]])])
var.describe(cases=_samples, conventions=[([[2.0]], {"ddof": 1}, [[math.nan]])])
std.describe(cases=_samples, conventions=[([[[2.0, 2], [1, 3]]], {"axis": 1}, [[[0.0, 0], [-0.5, 0.5]]])])
max.describe(cases=_no_ties, slack=0.02, numpy=(np.max, np.amax),
             conventions=[([[[3.0, 1, 3]]], {"axis": 1}, [[[0.5, 0, 0.5]]])])
min.describe(cases=_no_ties, slack=0.02, numpy=(np.min, np.amin),
             conventions=[([[[1.0, 3, 1]]], {"axis": 1}, [[[0.5, 0, 0.5]]])])
sort.describe(cases=_ordered, slack=0.02, conventions=[([[2.0, 1, 2]], {}, [[1.0, 1, 1]])])
argsort.describe(cases=_ordered)
cumsum.describe(cases=_running)
