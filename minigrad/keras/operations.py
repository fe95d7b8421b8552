"""Those of keras.ops that are a line or two of others: pieces of tensors, windows, losses, loops."""
import builtins

import numpy as np

from ..engine import backend
from ..engine.op import as_real
from ..engine.ops import FUNCTIONS as TABLE
from ..engine.ops.arithmetic import maximum, where
from ..engine.ops.convolutions import conv as convolution, conv_transpose as transposed
from ..engine.ops.indexing import scatter_add
from ..engine.ops.nonlinear import softplus
from ..engine.ops.reductions import vector_norm
from ..engine.ops.shapes import moveaxis, stack
from ..engine.tensor import Tensor
from ..engine.trees import tree_leaves, tree_map
from ..support.arguments import shown
from . import losses


def _tensor(x):
    return x if isinstance(x, Tensor) else Tensor(backend.asarray(x))


# -- pieces ------------------------------------------------------------------------------------------------------------
def top_k(x, k, sorted=True):
    """(values, indices) of the k largest numbers along the last axis, the largest first."""
    values, indices = TABLE["topk"](_tensor(x), k)
    return values, _tensor(indices).astype("int32")


def in_top_k(targets, predictions, k):
    """Whether the number of the class targets (B,) is among the k largest of its row of predictions (B, classes)."""
    rows = _tensor(predictions)
    own = TABLE["take_along_axis"](rows, _tensor(targets).reshape(-1, 1), axis=-1)
    return (rows > own).astype("int32").sum(axis=-1) < k


def slice(inputs, start_indices, shape):
    """The part of this shape that begins at start_indices; -1: up to the end."""
    parts = zip(start_indices, shape, strict=True)
    return _tensor(inputs)[tuple(builtins.slice(a, None if n == -1 else a + n) for a, n in parts)]


def scatter(indices, values, shape):
    """Zeros of this shape, to which values (n, ...) are added at the places indices (n, d); equal ones add up."""
    return scatter_add(_tensor(values), index=_places(indices), shape=tuple(shape))


def scatter_update(inputs, indices, updates):
    """inputs with the numbers updates (n, ...) in the places indices (n, d), which must differ."""
    x, places = _tensor(inputs), _places(indices)
    there = scatter_add(np.ones(np.shape(updates), np.int32), index=places, shape=x.shape)
    if (backend.to_numpy(there) > 1).any():
        raise ValueError("scatter_update: two updates have the same place, so that one of them would be lost")
    return where(there > 0, scatter_add(_tensor(updates), index=places, shape=x.shape), x)


def slice_update(inputs, start_indices, updates):
    """inputs with the numbers updates in the part that begins at start_indices."""
    x, updates = _tensor(inputs), _tensor(updates)
    part = tuple(builtins.slice(a, a + n) for a, n in zip(start_indices, updates.shape, strict=True))
    there = np.zeros(x.shape, bool)
    there[part] = True
    return where(backend.asarray(there, device=x.device), scatter_add(updates, index=part, shape=x.shape), x)


def _places(indices):
    return tuple(np.moveaxis(np.asarray(getattr(indices, "_data", indices)), -1, 0))


def unstack(x, num=None, axis=0):
    """The parts of x along an axis, a list."""
    rows = moveaxis(_tensor(x), axis, 0)
    if num not in (None, len(rows)):
        raise ValueError(f"unstack: x has {len(rows)} parts along axis {axis}, not {shown(num)}")
    return [rows[i] for i in range(len(rows))]


def multi_hot(inputs, num_classes, axis=-1, dtype="float32"):
    """Class numbers (..., n) as rows (..., num_classes), 1 for each class that is among them."""
    labels = moveaxis(_tensor(inputs), axis, -1)._data
    classes = backend.array_module(labels).arange(num_classes)
    return Tensor((labels[..., None] == classes).any(axis=-2).astype(dtype))


def segment_sum(data, segment_ids, num_segments=None, sorted=False):
    """The rows of data (n, ...) added up by segment_ids (n,)."""
    ids = _tensor(segment_ids)
    length = int(ids._data.max()) + 1 if num_segments is None else num_segments
    return TABLE["scatter"](_tensor(data), ids, length)


# -- numbers -----------------------------------------------------------------------------------------------------------
def divide_no_nan(x1, x2):
    """x1 / x2, and 0 where x2 is 0."""
    zero = _tensor(x2) == 0
    return where(zero, 0.0, _tensor(x1) / where(zero, 1.0, x2))


def average(x, axis=None, weights=None):
    """The mean, in which each number counts as its weight says."""
    if weights is None:
        return _tensor(x).mean(axis=axis)
    x, weights = _tensor(x), _tensor(weights)
    if weights.ndim == 1 < x.ndim:
        weights = weights.reshape([-1 if i == axis % x.ndim else 1 for i in range(x.ndim)])
    weights = TABLE["broadcast_to"](weights, shape=x.shape)
    return (x * weights).sum(axis=axis) / weights.sum(axis=axis)


def moments(x, axes, keepdims=False, synchronized=False):
    """(mean, variance) over axes."""
    axes = tuple(axes) if isinstance(axes, list) else axes
    return _tensor(x).mean(axis=axes, keepdims=keepdims), _tensor(x).var(axis=axes, keepdims=keepdims)


def normalize(x, axis=-1, order=2, epsilon=1e-7):
    """x divided by its norm of this order along axis, or several, which counts as at least epsilon."""
    x = as_real(_tensor(x))
    least = max(epsilon, float(np.finfo(x.dtype).tiny))                     # in float16 1e-12 is 0
    return x / maximum(vector_norm(x, ord=order, axis=axis, keepdims=True), least)


def log_sigmoid(x):
    """y = ln(1 / (1 + e⁻ˣ))."""
    return -softplus(-_tensor(x))


def count_nonzero(x, axis=None):
    """How many numbers are not 0."""
    return (_tensor(x) != 0).astype("int32").sum(axis=axis)


def isclose(x1, x2, rtol=1e-5, atol=1e-8, equal_nan=False):
    """Where |x1 - x2| ≤ atol + rtol |x2|."""
    x1, x2 = _tensor(x1)._data, _tensor(x2)._data
    return Tensor(backend.array_module(x1).isclose(x1, x2, rtol, atol, equal_nan))


def full_like(x, fill_value, dtype=None):
    """This number everywhere, in the shape of x."""
    return Tensor(np.full_like(_tensor(x)._data, fill_value, dtype))


# -- windows -----------------------------------------------------------------------------------------------------------
def _last(f):
    """f of places with channels last, for data_format="channels_first" too."""
    def either(inputs, *args, data_format=None, **kwargs):
        first = data_format == "channels_first"
        y = f(moveaxis(_tensor(inputs), 1, -1) if first else _tensor(inputs), *args, **kwargs)
        return moveaxis(y, -1, 1) if first else y
    either.__name__, either.__doc__ = f.__name__, f.__doc__
    return either


@_last
def conv(inputs, kernel, strides=1, padding="valid", *, dilation_rate=1):
    """Sequences or images with filters (k, C / groups, F) or (kh, kw, C / groups, F), as mg.conv."""
    return convolution(inputs, kernel, strides, padding, dilation_rate, inputs.shape[-1] // kernel.shape[-2])


@_last
def conv_transpose(inputs, kernel, strides=1, padding="valid", *, dilation_rate=1):
    """The derivative of conv by its images, as mg.conv_transpose."""
    return transposed(inputs, kernel, strides, padding, dilation_rate)


@_last
def depthwise_conv(inputs, kernel, strides=1, padding="valid", *, dilation_rate=1):
    """Images with filters (kh, kw, C, M) of their own for each channel: (N, H', W', C · M)."""
    return convolution(inputs, kernel.reshape(*kernel.shape[:-2], 1, -1), strides, padding, dilation_rate,
                       inputs.shape[-1])


def _pooling(name):
    def pool(inputs, pool_size, strides=None, padding="valid"):
        if inputs.ndim == 3:                # sequences are images of one row
            pool_size, strides = ((1, *([n] if isinstance(n, int) else n)) if n is not None else None
                                  for n in (pool_size, strides))
            return TABLE[name](inputs[:, None], pool_size=pool_size, strides=strides, padding=padding)[:, 0]
        return TABLE[name](inputs, pool_size=pool_size, strides=strides, padding=padding)
    pool.__doc__ = f"Windows of sequences or images, as mg.{name}."
    pool.__name__ = {"max_pool2d": "max_pool", "avg_pool2d": "average_pool"}[name]
    return _last(pool)


max_pool, average_pool = _pooling("max_pool2d"), _pooling("avg_pool2d")


# -- losses ------------------------------------------------------------------------------------------------------------
def binary_crossentropy(target, output, from_logits=False):
    """-t ln p - (1 - t) ln(1 - p) of each number."""
    return losses.binary_crossentropy(_tensor(target)[..., None], _tensor(output)[..., None], from_logits=from_logits)


def categorical_crossentropy(target, output, from_logits=False, axis=-1):
    """-Σ t ln p along an axis, of one-hot rows t."""
    return losses.categorical_crossentropy(target, output, from_logits=from_logits, axis=axis)


def sparse_categorical_crossentropy(target, output, from_logits=False, axis=-1):
    """-ln p of the class, along an axis, of class numbers."""
    return losses.sparse_categorical_crossentropy(target, output, from_logits=from_logits, axis=axis)


# -- what depends on values, or goes on step by step: all is run at once, so these are Python's own ------------------
def cond(pred, true_fn, false_fn):
    """true_fn() if pred, else false_fn()."""
    return true_fn() if pred else false_fn()


def switch(index, branches, *operands):
    """branches[index](*operands)."""
    return branches[min(max(int(index), 0), len(branches) - 1)](*operands)


def while_loop(cond, body, loop_vars, maximum_iterations=None):
    """loop_vars = body(*loop_vars) for as long as cond(*loop_vars), but not more than maximum_iterations times."""
    many, values, step = isinstance(loop_vars, (list, tuple)), loop_vars, 0
    while cond(*values if many else [values]) and step != maximum_iterations:
        values, step = body(*values if many else [values]), step + 1
        values = tuple(values) if many else values
    return values


def fori_loop(lower, upper, body_fun, init_val):
    """v = body_fun(i, v) for i from lower to upper - 1."""
    for i in range(int(lower), int(upper)):
        init_val = body_fun(i, init_val)
    return init_val


def map(f, xs):
    """f of each row of xs, or of a tree of them, stacked."""
    rows = range(len(tree_leaves(xs)[0]))
    return tree_map(lambda *parts: stack(*parts, axis=0), *(f(tree_map(lambda x, i=i: x[i], xs)) for i in rows))


def scan(f, init, xs=None, length=None, reverse=False):
    """carry, y = f(carry, x) for each row x of xs: the last carry, and the ys, stacked."""
    n, found = len(tree_leaves(xs)[0]) if xs is not None else length, []
    for i in reversed(range(n)) if reverse else range(n):
        init, y = f(init, xs if xs is None else tree_map(lambda x, i=i: x[i], xs))
        found.append(y)
    return init, tree_map(lambda *parts: stack(*parts, axis=0), *(found[::-1] if reverse else found))


OF_TENSORS = (top_k, in_top_k, slice, scatter, scatter_update, slice_update, unstack, multi_hot, segment_sum,
              divide_no_nan, average, moments, normalize, log_sigmoid, count_nonzero, isclose, full_like,
              conv, conv_transpose, depthwise_conv, max_pool, average_pool, binary_crossentropy,
              categorical_crossentropy, sparse_categorical_crossentropy)
OF_FUNCTIONS = (cond, switch, while_loop, fori_loop, map, scan)
