"""The derivative table, whole layers as one op: softmax, cross-entropy, normalisation, dropout, an LSTM's cells.

Each equals the same formula written with small ops (tests prove it); as one op it makes fewer temporary arrays.
Where forward saves something for the vjp, the vjp can also compute it anew: at higher orders it has to, since what
was saved is a plain array, through which nothing can be differentiated.
"""
import math

import numpy as np

from ...support.explaining import explained
from .. import backend
from ..backend import last_sum, narrow, row_sum, times, wide
from ..op import as_real, op
from .arithmetic import _tanh_vjp
from .domains import INDICES, REAL
from .indexing import along, checked
from .matmul import plus
from .nonlinear import _sigmoid_vjp, sigmoid
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
    if isinstance(x, np.ndarray) and x.shape == y.shape and x.ndim and axis in (-1, x.ndim - 1):
        return np.einsum("...i,...i->...", x, y)[..., None]
    return _sum(x * y, axis)


def _softmax_vjp(g, y, x, axis=-1, where=None):
    g, y = wide(g), wide(y)
    return times(g - _dot(g, y, axis), y)


@op(vjp=_softmax_vjp, shapes="")
def softmax(x, /, axis=-1, *, where=None):
    """y = eˣ / Σ eˣ      dx = y (g - Σ g y).  x is shifted first: same y, no overflow.

    where: a boolean array that broadcasts to x, outside which y is 0; in a row where it is nowhere true, all is 0.
    """
    y = np.exp(_shifted(wide(x), axis, where))
    if where is None:
        y *= 1 / _sum(y, axis)
    else:
        y *= where.astype(y.dtype)
        y *= 1 / np.maximum(_sum(y, axis), float(np.finfo(y.dtype).tiny))       # 0 where nothing counts
    return narrow(y, x)


@op(vjp=lambda g, y, x, axis=-1: g - np.exp(wide(y)) * _sum(wide(g), axis), shapes="")
def log_softmax(x, /, axis=-1):
    """y = x - ln Σ eˣ      dx = g - eʸ Σ g."""
    z = _shifted(wide(x), axis)
    return narrow(z - np.log(_sum(np.exp(z), axis)), x)


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
def _standardize(x, axis, eps):
    """(x - mean) / √(var + eps) over axis, and 1 / √(var + eps)."""
    x, n = wide(as_real(x)), count(x, axis)
    y = x - _sum(x, axis) / n
    scale = 1 / np.sqrt(_dot(y, y, axis) / n + eps)
    y *= scale
    return y, scale


def _standardize_vjp(g, y, x, axis=-1, eps=1e-5, saved=None):
    scale, n = _standardize(x, axis, eps)[1] if saved is None else saved, count(x, axis)
    g, y = wide(g), wide(y)
    dx = y * (_dot(g, y, axis) / -n)
    dx += g
    dx -= _sum(g, axis) / n
    dx *= scale
    return dx


@op(vjp=_standardize_vjp, shapes="", saves=True)
def standardize(x, /, axis=-1, eps=1e-5):
    """y = (x - mean) / s,  s = √(var + eps), over axis      dx = (g - mean g - y mean(g y)) / s."""
    y, scale = _standardize(x, axis, eps)
    return narrow(y, x), scale


def _with_channels(x):
    if not x.ndim:
        raise ValueError("x is a number, it has no axis of channels to normalise")
    return x


def _layer_norm_vjp(g, y, x, gamma, beta, eps=1e-5, saved=None):
    xhat, scale = _standardize(x, -1, eps) if saved is None else saved
    g, gamma = wide(g), wide(gamma)
    gx, n = g * xhat, x.shape[-1]
    dx = xhat * (gx @ gamma / -n)[..., None]        # x̂ mean(g γ x̂)
    dx += g * gamma
    dx -= (g @ gamma / n)[..., None]                # mean(g γ)
    dx *= scale
    return dx, row_sum(gx), row_sum(g)


@op(vjp=_layer_norm_vjp, shapes="(n),(n),(n)->(n)", saves=True)
def layer_norm(x, gamma, beta, /, eps=1e-5):
    """y = γ x̂ + β,  x̂ = standardize(x) over the last axis      dγ = Σ g x̂,  dβ = Σ g,  dx̂ = g γ.

    x (..., C), γ and β (C,).  (Ba et al. 2016)
    """
    xhat, scale = _standardize(_with_channels(x), -1, eps)
    return narrow(plus(xhat * gamma, beta), x), (xhat, scale)


def _batch_norm_vjp(g, y, x, gamma, beta, eps=1e-3, saved=None):
    axis = tuple(range(x.ndim - 1))
    xhat, scale = _standardize(x, axis, eps) if saved is None else saved
    g, gamma = wide(g), wide(gamma)
    dgamma, dbeta, n = row_sum(g * xhat), row_sum(g), count(x, axis)
    dx = xhat * (dgamma / -n)
    dx += g
    dx -= dbeta / n
    dx *= gamma * scale
    return dx, dgamma, dbeta


@op(vjp=_batch_norm_vjp, shapes="", saves=True)
def batch_norm(x, gamma, beta, /, eps=1e-3):
    """y = γ x̂ + β,  x̂ = standardize(x) over all axes but the last      dγ = Σ g x̂,  dβ = Σ g,  dx̂ = g γ.

    x (..., C) with the batch first, γ and β (C,).  (Ioffe & Szegedy 2015)
    """
    axis = tuple(range(x.ndim - 1))
    xhat, scale = _standardize(_with_channels(x), axis, eps)
    return narrow(plus(xhat * gamma, beta), x), (xhat, scale)


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


# -- the gates of an LSTM --------------------------------------------------------------------------------------------
def _lstm_parts(z, c):
    """The gates i, f (side by side) and o, the candidate g, and the new cells c'."""
    n = c.shape[-1]
    i_f, g, o = sigmoid(z[..., :2 * n]), np.tanh(z[..., 2 * n:3 * n]), sigmoid(z[..., 3 * n:])
    return i_f, g, o, i_f[..., n:] * c + i_f[..., :n] * g


def _lstm_cell_vjp(grad, y, z, c, saved=None):
    grad, z, c, n = wide(grad), wide(z), wide(c), c.shape[-1]
    i_f, g, o, new = _lstm_parts(z, c) if saved is None else saved
    dh, tanh_new = grad[..., :n], np.tanh(new)
    dc = grad[..., n:] + _tanh_vjp(dh * o, tanh_new, new)
    d_i_f = _sigmoid_vjp(np.concatenate([dc * g, dc * c], axis=-1), i_f, z[..., :2 * n])
    d_g = _tanh_vjp(dc * i_f[..., :n], g, z[..., 2 * n:3 * n])
    d_o = _sigmoid_vjp(dh * tanh_new, o, z[..., 3 * n:])
    return np.concatenate([d_i_f, d_g, d_o], axis=-1), dc * i_f[..., n:]


@op(vjp=_lstm_cell_vjp, shapes="", saves=True)
def lstm_cell(z, c, /):
    """y = [o tanh c', c'],  c' = f c + i g,  i, f, o = sigmoid z,  g = tanh z      by the rules of the parts.

    z (..., 4 n), of i, f, g and o side by side; cells c (..., n); y (..., 2 n), the new state h beside the new cells.
    """
    if z.shape != (*c.shape[:-1], 4 * c.shape[-1]):
        raise ValueError(f"z must have shape {(*c.shape[:-1], 4 * c.shape[-1])}, four numbers for each cell")
    i_f, g, o, new = parts = _lstm_parts(wide(as_real(z)), wide(as_real(c)))
    return narrow(np.concatenate([o * np.tanh(new), new], axis=-1), z), parts


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


def _cells(draw):
    shape = draw.shape(1, 2)
    return [draw.array((*shape[:-1], 4 * shape[-1])), draw.array(shape)], {}


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
lstm_cell.describe(cases=_cells)
