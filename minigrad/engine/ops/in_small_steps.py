"""What ops that are not NumPy's compute, as formulas in small steps, slow and plain: their `reference` (Op.describe).

The checks compare values with these.  They are written in NumPy's names, so that they run on arrays, for values, and on
tensors, for gradients.
"""
import math

import numpy as np

from ..op import REGISTRY
from .nonlinear import erf


def _array(x):
    return getattr(x, "_data", x)


def softmax(x, axis=-1, where=True):
    weights = np.exp(x - _array(x).max(axis=axis, keepdims=True, initial=-np.inf)) * np.asarray(where, float)
    total = weights.sum(axis=axis, keepdims=True)
    return weights / np.where(total == 0, 1, total)         # nothing allowed: all 0


def log_softmax(x, axis=-1):
    x = x - x.max(axis=axis, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=axis, keepdims=True))


def logsumexp(x, axis=None, keepdims=False):
    top = x.max() if x.size and np.isfinite(x.max()) else 0
    return np.log(np.exp(x - top).sum(axis=axis, keepdims=keepdims)) + top


def standardize(x, axis=-1, eps=1e-5):
    centred = x - x.mean(axis=axis, keepdims=True)
    return centred / np.sqrt((centred * centred).mean(axis=axis, keepdims=True) + eps)


def attention(q, k, v, causal=False, mask=None, scale=None):
    scores = q @ k.swapaxes(-1, -2) * (q.shape[-1] ** -0.5 if scale is None else scale)
    t, s = scores.shape[-2:]
    allowed = np.ones((t, s), bool) if mask is None else mask
    if causal:
        allowed = allowed & (np.arange(s) <= np.arange(t)[:, None] + s - t)
    return softmax(scores, where=allowed) @ v


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm(x, h, c, u):
    n, states, cells = h.shape[-1], [], []
    for now in x:
        a = now + h @ u
        i, f, g, o = (a[:, k * n:(k + 1) * n] for k in range(4))
        c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
        h = _sigmoid(o) * np.tanh(c)
        states.append(h)
        cells.append(c)
    return np.stack([np.stack(states), np.stack(cells)])


def gru(x, h, u, b):
    n, states = h.shape[-1], []
    for now in x:
        v = h @ u + b
        z, r = (_sigmoid(now[:, k * n:(k + 1) * n] + v[:, k * n:(k + 1) * n]) for k in range(2))
        h = z * h + (1 - z) * np.tanh(now[:, 2 * n:] + r * v[:, 2 * n:])
        states.append(h)
    return np.stack(states)


def _windows(x, size, strides, padding="valid", border=0.0):
    """The windows' places one by one: [place i, j of every window (N, Ho, Wo, C)]."""
    if padding == "same":
        totals = [max((math.ceil(n / s) - 1) * s + k - n, 0) for n, k, s in zip(x.shape[1:3], size, strides)]
        x = np.pad(x, ((0, 0), *((t // 2, t - t // 2) for t in totals), (0, 0)), constant_values=border)
    elif padding != "valid":
        sides = [s if isinstance(s, tuple) else (s, s) for s in _pair(padding)]
        x = np.pad(x, ((0, 0), *sides, (0, 0)), constant_values=border)
    ho, wo = ((n - k) // s + 1 for n, k, s in zip(x.shape[1:3], size, strides))
    return [x[:, i:i + (ho - 1) * strides[0] + 1:strides[0], j:j + (wo - 1) * strides[1] + 1:strides[1]]
            for i in range(size[0]) for j in range(size[1])]


def _pair(n):
    return n if isinstance(n, tuple) else (n, n)


def windows(x, size, strides):
    y = np.stack(_windows(x, size, strides), axis=3)
    return y.reshape(y.shape[:3] + size + y.shape[4:])


def overlap_add(x, shape, strides):
    y = np.zeros(shape)
    n, ho, wo, kh, kw, c = x.shape
    for p, q, i, j in np.ndindex(ho, wo, kh, kw):
        y[:, p * strides[0] + i, q * strides[1] + j] += x[:, p, q, i, j]
    return y


def conv2d(x, w, strides=1, padding="valid"):
    places = _windows(x, w.shape[:2], _pair(strides), padding)
    return sum(place @ f for place, f in zip(places, w.reshape((-1,) + w.shape[2:])))


def max_pool2d(x, pool_size=2, strides=None, padding="valid"):
    return np.stack(_windows(x, _pair(pool_size), _pair(strides or pool_size), padding, -np.inf)).max(axis=0)


def avg_pool2d(x, pool_size=2, strides=None, padding="valid"):
    size, strides = _pair(pool_size), _pair(strides or pool_size)
    return sum(_windows(x, size, strides, padding)) / sum(_windows(np.ones(x.shape), size, strides, padding))


def scatter_add(x, index, shape):
    y = np.zeros(shape)
    np.add.at(y, index, x)
    return y


def vector_norm(x, ord=2, axis=None, keepdims=False):
    if ord == 0:
        return (x != 0).sum(axis=axis, keepdims=keepdims) + 0 * x.sum(axis=axis, keepdims=keepdims)
    if math.isinf(ord):
        return (np.max if ord > 0 else np.min)(np.abs(x), axis=axis, keepdims=keepdims)
    total = (np.abs(x) ** ord).sum(axis=axis, keepdims=keepdims)
    return total ** (1 / ord)


def sparse_softmax_cross_entropy(z, labels):
    return -(log_softmax(z) * np.eye(z.shape[-1])[_array(labels)]).sum(axis=-1)


FORMULAS = {
    "power": lambda a, b: np.exp(b * np.log(a)),
    "sigmoid": _sigmoid,
    "softplus": lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))),
    "relu": lambda x: np.where(x > 0, x, 0.0),
    "leaky_relu": lambda x, slope=0.2: np.where(x > 0, x, slope * x),
    "elu": lambda x, alpha=1.0: np.where(x > 0, x, alpha * (np.exp(x) - 1)),
    "selu": lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * (np.exp(x) - 1)),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "gelu": lambda x, approximate=True: x / 2 * (1 + (
        np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)) if approximate else erf(x / math.sqrt(2)))),
    "var": lambda x, axis=None, ddof=0, keepdims=False: (
        ((x - x.mean(axis=axis, keepdims=True)) ** 2).sum(axis=axis, keepdims=keepdims)
        / (x.size // max(x.sum(axis=axis).size, 1) - ddof)),
    "vector_norm": vector_norm,
    "logsumexp": logsumexp,
    "masked": lambda x, mask: x * mask,
    "linear": lambda x, w, b: x @ w + b,
    "logabsdet": lambda a: np.log(np.abs(np.linalg.det(a))),
    "softmax": softmax,
    "log_softmax": log_softmax,
    "softmax_cross_entropy": lambda z, t: -(t * log_softmax(z)).sum(axis=-1),
    "sparse_softmax_cross_entropy": sparse_softmax_cross_entropy,
    "sigmoid_cross_entropy": lambda z, t: t * np.logaddexp(0, -z) + (1 - t) * np.logaddexp(0, z),
    "standardize": standardize,
    "layer_norm": lambda x, gamma, beta, eps=1e-5: standardize(x, -1, eps) * gamma + beta,
    "batch_norm": lambda x, gamma, beta, eps=1e-3: standardize(x, tuple(range(x.ndim - 1)), eps) * gamma + beta,
    "attention": attention,
    "lstm": lstm,
    "gru": gru,
    "windows": windows,
    "conv2d": conv2d,
    "max_pool2d": max_pool2d,
    "avg_pool2d": avg_pool2d,
}
VALUES = {                                  # in arrays alone
    "bias_add": np.add, "erf": np.vectorize(math.erf, otypes=[float]),
    "erfc": np.vectorize(math.erfc, otypes=[float]),
    "getitem": lambda x, index: x[index], "embedding": lambda table, indices: table[indices],
    "scatter_add": scatter_add, "overlap_add": overlap_add,
    "cummax": lambda x, axis=None: np.maximum.accumulate(x.reshape(-1) if axis is None else x, axis or 0),
    "cummin": lambda x, axis=None: np.minimum.accumulate(x.reshape(-1) if axis is None else x, axis or 0),
    "logcumsumexp": lambda x, axis=None: np.logaddexp.accumulate(x.reshape(-1) if axis is None else x, axis or 0),
}


def give():
    """Say these formulas in the declarations of their ops."""
    for name, formula in (FORMULAS | VALUES).items():
        if REGISTRY[name].reference is None and not hasattr(np, name):
            REGISTRY[name].describe(reference=formula)
