"""The derivative table, whole layers as one op: softmax, cross-entropy, normalisation, dropout.

Each equals the same formula written with small ops (tests prove it); as one op it makes fewer temporary arrays.
Where forward saves something for the vjp, the vjp can also compute it anew: at higher orders it has to, since what
was saved is a plain array, through which nothing can be differentiated.
"""
import functools
import math

import numpy as np

from ...support.explaining import explained
from .. import backend
from ..backend import last_sum, narrow, row_dot, row_sum, times, wide
from ..blocks import in_blocks, is_large
from ..op import as_real, op
from .domains import INDICES, REAL
from .indexing import along, checked
from .matmul import plus
from .nonlinear import sigmoid
from .reductions import add_up, count


# -- softmax ---------------------------------------------------------------------------------------------------------
def _shifted(z, axis=-1, where=None):
    """z less the largest of its row, -∞ outside where: so eᶻ can't overflow, and in a softmax what we took cancels.

    Where all of z is small nothing need be taken: a look at the whole is several times as fast as one at each row.
    """
    if isinstance(z, np.ndarray) and z.dtype.char in "fd" and z.size and -60 < z.min() and z.max() < 60:
        return z
    z = as_real(z)
    if where is None or not z.size:
        return z - z.max(axis=axis, keepdims=True) if z.size else z
    z = np.where(where, z, -math.inf)
    top = np.maximum(z.max(axis=axis, keepdims=True), float(np.finfo(z.dtype).min))
    return z - top                                          # a row in which nothing counts stays all -∞


def _sum(x, axis):
    """Σ x over axis, which stays with length 1; a number is the sum of itself."""
    return last_sum(x) if x.ndim and axis in (-1, x.ndim - 1) else add_up(x, axis, keepdims=True)


def _dot(x, y, axis=-1):
    """Σ x y over axis, which stays with length 1; of arrays without the array of the products."""
    if isinstance(x, np.ndarray) and x.shape == y.shape and x.ndim:
        if axis in (-1, x.ndim - 1):
            return np.vecdot(x, y)[..., None]
        if x.ndim > 1 and axis == tuple(range(x.ndim - 1)):
            return row_dot(x, y).reshape((1,) * len(axis) + x.shape[-1:])
    return _sum(x * y, axis)


def _along(axis, formula, *arrays, widths=None):
    """formula(*arrays, axis), which goes along an axis: along the last one in blocks of rows."""
    if axis not in (-1, arrays[0].ndim - 1):
        return formula(*arrays, axis)
    return in_blocks(lambda *rows, out=None: formula(*rows, -1, out), *arrays, widths=widths)


def _softmax(z, axis, out=None):
    y = np.exp(z, out=out)
    y *= 1 / _sum(y, axis)
    return y


def _softmax_dx(g, y, axis, out=None):
    return times(np.subtract(g, _dot(g, y, axis), out=out), y)


def _softmax_vjp(g, y, x, axis=-1, where=None):
    return _along(axis, _softmax_dx, wide(g), wide(y))


@op(vjp=_softmax_vjp, shapes="")
def softmax(x, /, axis=-1, *, where=None):
    """y = eˣ / Σ eˣ      dx = y (g - Σ g y).  x is shifted first: same y, no overflow.

    where: a boolean array that broadcasts to x, outside which y is 0; in a row where it is nowhere true, all is 0.
    """
    z = _shifted(wide(x), axis, where)
    if where is None:
        y = _along(axis, _softmax, z)
    else:
        y = np.exp(z)
        y *= where.astype(y.dtype)
        y *= 1 / np.maximum(_sum(y, axis), float(np.finfo(y.dtype).tiny))   # 0 where nothing counts
    return narrow(y, x)


def _log_softmax(z, axis, out=None):
    return np.subtract(z, np.log(_sum(np.exp(z), axis)), out=out)


def _log_softmax_dx(g, y, axis, out=None):
    return np.subtract(g, np.exp(y) * _sum(g, axis), out=out)


@op(vjp=lambda g, y, x, axis=-1: _along(axis, _log_softmax_dx, wide(g), wide(y)), shapes="")
def log_softmax(x, /, axis=-1):
    """y = x - ln Σ eˣ      dx = g - eʸ Σ g."""
    return narrow(_along(axis, _log_softmax, _shifted(wide(x), axis)), x)


def _cross_entropy_dz(g, y, z, t, saved=None):
    p = softmax(z) * last_sum(t) if saved is None else saved
    return g[..., None] * (p - as_real(t, z.dtype))


def _shifted_exp_and_sum(z):
    """z, shifted, its exponential, and the sum of that, by rows."""
    z = _shifted(z)
    e = np.exp(z)
    return z, e, last_sum(e)


@op(vjp=(_cross_entropy_dz, lambda g, y, z, t, saved=None: -g[..., None] * log_softmax(z)),
    shapes="(n),(n)->()", saves=True)
def softmax_cross_entropy(z, t, /):
    """y = -Σ t ln softmax z      dz = g (p Σt - t),  dt = -g ln p,  p = softmax z.

    Logits z and target probabilities t (..., K), usually one-hot; y (...), in nats.
    """
    given, z = z, wide(as_real(z))
    t = as_real(t, z.dtype)
    z, e, total = _shifted_exp_and_sum(z)
    mass = last_sum(t)                              # 1 for probabilities
    y = mass * np.log(total) - last_sum(t * z)
    return narrow(y[..., 0], given), e * (mass / total)             # p Σt


def _sparse_cross_entropy_dz(g, y, z, labels, saved=None):
    g, labels = np.expand_dims(g, -1), np.expand_dims(getattr(labels, "_data", labels), -1)
    if saved is None:
        return g * (softmax(z) - (backend.array_module(labels).arange(z.shape[-1]) == labels).astype(z.dtype))
    dz = g * saved
    dz[along(z.shape, labels, -1)] -= g             # one number in each row, instead of a one-hot matrix
    return dz


@op(vjp=(_sparse_cross_entropy_dz, None), domain=(REAL, INDICES), shapes="", saves=True)
def sparse_softmax_cross_entropy(z, labels, /):
    """y = -ln softmax(z)[label]      dz = g (p - onehot(label)),  p = softmax z.

    Logits z (..., K), integer labels (...) from 0 to K - 1; y (...), in nats.
    """
    labels = checked(labels, z.shape[-1], "labels")
    if labels.shape != z.shape[:-1]:
        raise ValueError(f"labels {labels.shape} for logits {z.shape}: one is needed for each row, {z.shape[:-1]}")
    labels = np.expand_dims(labels, -1)
    given, (z, p, total) = z, _shifted_exp_and_sum(wide(z))
    p /= total
    return narrow((np.log(total) - np.take_along_axis(z, labels, axis=-1))[..., 0], given), p


@op(vjp=(lambda g, y, z, t: g * ((1 - t) * sigmoid(z) - t * sigmoid(-z)), lambda g, y, z, t: -g * z))
def sigmoid_cross_entropy(z, t, /):
    """y = -t ln p - (1 - t) ln(1 - p),  p = sigmoid z      dz = g (p - t),  dt = -g z.

    Computed as max(z, 0) - z t + ln(1 + e^-|z|), which can't overflow; in nats.
    """
    z = np.full_like(t, z, dtype=np.result_type(t, 1.0)) if isinstance(z, (int, float)) else as_real(z)
    return np.maximum(z, 0) - z * t + np.log1p(np.exp(-np.abs(z)))


# -- normalisation ---------------------------------------------------------------------------------------------------
def _standardize(x, axis, out=None, *, eps):
    """(x - mean) / √(var + eps) over axis, and 1 / √(var + eps)."""
    n, (y, scale) = count(x, axis), out or (None, None)
    y = np.subtract(x, _sum(x, axis) / n, out=y)
    scale = np.divide(1, np.sqrt(_dot(y, y, axis) / n + eps), out=scale)
    y *= scale
    return y, scale


def _from_means(g, y, mean_g, minus_mean_gy, scale, out=None):
    """(g - mean g - y mean(g y)) / s"""
    dx = np.multiply(y, minus_mean_gy, out=out)
    dx += g
    dx -= mean_g
    dx *= scale
    return dx


def _standardize_dx(g, y, scale, axis, out=None):
    n = count(y, axis)
    return _from_means(g, y, _sum(g, axis) / n, _dot(g, y, axis) / -n, scale, out)


def _standardized(x, axis, eps):
    x = wide(as_real(x))
    return _along(axis, functools.partial(_standardize, eps=eps), x, widths=(*x.shape[-1:], 1))


def _standardize_vjp(g, y, x, axis=-1, eps=1e-5, saved=None):
    scale = _standardized(x, axis, eps)[1] if saved is None else saved
    return _along(axis, _standardize_dx, wide(g), wide(y), scale)


@op(vjp=_standardize_vjp, shapes="", saves=True)
def standardize(x, /, axis=-1, eps=1e-5):
    """y = (x - mean) / s,  s = √(var + eps), over axis      dx = (g - mean g - y mean(g y)) / s."""
    y, scale = _standardized(x, axis, eps)
    return narrow(y, x), scale


def _with_channels(x):
    if not x.ndim:
        raise ValueError("x is a number, it has no axis of channels to normalise")
    return x


def _scaled(xhat, gamma, beta, out=None):
    return plus(np.multiply(xhat, gamma, out=out), beta)


def _layer_norm(x, gamma, beta, out=None, *, eps):
    y, *out = out or (None, None, None)
    xhat, scale = _standardize(x, -1, out, eps=eps)
    return _scaled(xhat, gamma, beta, y), xhat, scale


def _layer_norm_dx(g, xhat, scale, gamma, out=None):
    return _standardize_dx(g * gamma, xhat, scale, -1, out)


def _layer_norm_vjp(g, y, x, gamma, beta, eps=1e-5, saved=None):
    xhat, scale = _standardized(x, -1, eps) if saved is None else saved
    g, gamma = wide(g), wide(gamma)
    if is_large(g):
        return in_blocks(_layer_norm_dx, g, xhat, scale, each=(gamma,)), row_dot(g, xhat), row_sum(g)
    gx, n = g * xhat, x.shape[-1]           # gx serves two sums: fewer calls, and on a GPU fewer launches
    means = (g @ gamma / n)[..., None], (gx @ gamma / -n)[..., None]
    return _from_means(g * gamma, xhat, *means, scale), row_sum(gx), row_sum(g)


@op(vjp=_layer_norm_vjp, shapes="(n),(n),(n)->(n)", saves=True)
def layer_norm(x, gamma, beta, /, eps=1e-5):
    """y = γ x̂ + β,  x̂ = standardize(x) over the last axis      dγ = Σ g x̂,  dβ = Σ g,  dx̂ = g γ.

    x (..., C), γ and β (C,).  (Ba et al. 2016)
    """
    given, x = x, wide(as_real(_with_channels(x)))
    n, rows = x.shape[-1], functools.partial(_layer_norm, eps=eps)
    y, xhat, scale = in_blocks(rows, x, each=(gamma, beta), widths=(n, n, 1))
    return narrow(y, given), (xhat, scale)


def _batch_norm_vjp(g, y, x, gamma, beta, eps=1e-3, saved=None):
    axis = tuple(range(x.ndim - 1))
    xhat, scale = _standardized(x, axis, eps) if saved is None else saved
    g, n = wide(g), count(x, axis)
    dgamma, dbeta = row_dot(g, xhat), row_sum(g)
    return in_blocks(_from_means, g, xhat, each=(dbeta / n, dgamma / -n, wide(gamma) * scale)), dgamma, dbeta


@op(vjp=_batch_norm_vjp, shapes="", saves=True)
def batch_norm(x, gamma, beta, /, eps=1e-3):
    """y = γ x̂ + β,  x̂ = standardize(x) over all axes but the last      dγ = Σ g x̂,  dβ = Σ g,  dx̂ = g γ.

    x (..., C) with the batch first, γ and β (C,).  (Ioffe & Szegedy 2015)
    """
    axis = tuple(range(x.ndim - 1))
    xhat, scale = _standardized(_with_channels(x), axis, eps)
    return narrow(in_blocks(_scaled, xhat, each=(gamma, beta)), x), (xhat, scale)


# -- dropout ---------------------------------------------------------------------------------------------------------
masked = op(lambda x, /, mask: x * mask, lambda g, y, x, mask: g * mask, name="masked", shapes="",
            doc="y = x · mask, a fixed array      dx = g · mask")


@explained
def dropout(x, rate=0.5):
    """y = x with each element 0 with probability rate, the others divided by 1 - rate, so that the mean stays.

    (Srivastava et al. 2014, in the "inverted" form.)  Random: mg.seed fixes it.
    """
    if not 0 <= rate < 1:
        raise ValueError(f"dropout: rate must be in [0, 1), got {rate}")
    x = as_real(x)
    if rate == 0:
        return x
    mask = (backend.random(x.shape, device=backend.device_of(getattr(x, "_data", x))) >= rate).astype(x.dtype)
    mask *= 1 / (1 - rate)
    return masked(x, mask=mask)


# -- Skip at first: what profiles, pictures and checks want to know of these ops (see Op.describe) -------------------
def _rows(draw):
    x = draw.array(draw.shape(1, 3, 1))
    if draw.boolean():                      # as they stand, all eˣ would be 0, or ∞
        x = x + draw.choice(800.0, -800.0) * (1 + np.arange(len(x))).reshape((-1,) + (1,) * (x.ndim - 1))
    return [x], draw.some(axis=draw.axis(x.ndim, none=False, several=False))


def _masked_rows(draw):
    (x,), params = _rows(draw)
    if draw.boolean() and params.get("axis", -1) in (-1, x.ndim - 1):
        params["where"] = draw.booleans(x.shape[-1:])
    return [x], params


def _standard(draw):
    x = draw.distinct(draw.shape(1, 3, 2))
    return [x], draw.some(axis=draw.axis(x.ndim, none=False), eps=0.01)


def _layer(draw):
    x = draw.distinct((*draw.shape(0, 2, 1), 3))
    return [x, draw.array((3,)), draw.array((3,))], draw.some(eps=0.01)


def _batch(draw):
    x = draw.distinct((*draw.shape(1, 2, 2), 2))
    return [x, draw.array((2,)), draw.array((2,))], draw.some(eps=0.01)


def _labelled(draw):
    shape = draw.shape(0, 2)
    return [draw.array((*shape, 3)), draw.integers(shape, 0, 2)], {}


def _with_a_mask(draw):
    shape = draw.shape()
    return [draw.array(shape)], {"mask": draw.array(shape)}


NOWHERE = np.zeros((1, 2), bool)
softmax.describe(cases=_masked_rows, conventions=[([[[0.5, 2]]], {"where": NOWHERE}, [[[0.0, 0]]])])
log_softmax.describe(cases=_rows)
sparse_softmax_cross_entropy.describe(cases=_labelled)
standardize.describe(cases=_standard)
layer_norm.describe(cases=_layer)
batch_norm.describe(mixes=True, cases=_batch)
masked.describe(cases=_with_a_mask)
