"""The derivative table, shapes: elements are moved or copied, never changed, so g moves back or is summed."""
import numpy as np

from ..backend import array_module
from ..op import as_array, op
from .indexing import scatter_add


@op(vjp=lambda g, y, x, shape: g.reshape(x.shape), shapes="")
def reshape(x, /, shape):
    """y = x in another shape of as many elements (one length may be -1)      dx = g in the shape of x."""
    return x.reshape(shape)


def ravel(x):
    """x as one row of all its elements."""
    return reshape(x, shape=(-1,))


def _transpose_vjp(g, y, x, axes=None):
    order = [a % x.ndim for a in axes or range(x.ndim)[::-1]]
    return g.transpose([order.index(a) for a in range(x.ndim)])


@op(vjp=_transpose_vjp, shapes="")
def transpose(x, /, axes=None):
    """y = x with its axes in the order of axes (default: reversed)      dx = g with the order undone."""
    return x.transpose(axes)


@op(vjp=lambda g, y, x, axis1, axis2: g.swapaxes(axis1, axis2), shapes="")
def swapaxes(x, /, axis1, axis2):
    """y = x with two axes exchanged      dx = g with them exchanged again."""
    return x.swapaxes(axis1, axis2)


@op(vjp=lambda g, y, x, source, destination: np.moveaxis(g, destination, source), shapes="")
def moveaxis(x, /, source, destination):
    """y = x with the axes source moved to destination      dx = g with them moved back."""
    return np.moveaxis(x, source, destination)


@op(vjp=lambda g, y, x, axis: g.reshape(x.shape), shapes="")
def expand_dims(x, /, axis):
    """y = x with new axes of length 1 at axis      dx = g without them."""
    return np.expand_dims(x, axis)


@op(vjp=lambda g, y, x, axis=None: g.reshape(x.shape), shapes="")
def squeeze(x, /, axis=None):
    """y = x without (those) axes of length 1      dx = g with them."""
    return x.squeeze(axis)


@op(vjp=lambda g, y, x, shape: g, shapes="")
def broadcast_to(x, /, shape):
    """y = x copied along new or stretched axes      dx = g summed over them (which the engine does for every op)."""
    return np.broadcast_to(x, shape)


def _concatenate_vjp(g, y, *xs, axis=0):
    if axis is None:
        flat = _concatenate_vjp(g, y, *(x.reshape(-1) for x in xs))
        return [gx.reshape(x.shape) for gx, x in zip(flat, xs)]
    ends = np.cumsum([x.shape[axis] for x in xs]).tolist()
    before = (slice(None),) * (axis % y.ndim)
    return [g[before + (slice(end - x.shape[axis], end),)] for x, end in zip(xs, ends)]


@op(vjp=_concatenate_vjp, shapes="")
def concatenate(*xs, axis=0):
    """y = the xs end to end along axis (None: flattened)      each dx = its stretch of g."""
    return np.concatenate(xs, axis=axis)


@op(vjp=lambda g, y, *xs, axis=0: [g[(slice(None),) * (axis % y.ndim) + (i,)] for i in range(len(xs))], shapes="")
def stack(*xs, axis=0):
    """y = the xs, all of one shape, side by side along a new axis      each dx = its layer of g."""
    return np.stack(xs, axis=axis)


def split(x, sections, axis=0) -> list:
    """The pieces of x along axis: a number of equal ones, or cut before each of the given indices (as np.split)."""
    x = as_array(x)
    if not x.ndim:
        raise ValueError("split: a single number has no axis to cut")
    n = x.shape[axis]
    if np.ndim(sections) == 0:
        if sections < 1 or n % sections:
            raise ValueError(f"split: axis {axis} of length {n} can't be cut into {sections} equal parts")
        sections = range(n // sections, n, n // sections) if n else [0] * (sections - 1)
    cuts = [0, *sections, n]
    before = (slice(None),) * (axis % x.ndim)
    return [x[before + (slice(start, end),)] for start, end in zip(cuts, cuts[1:])]


def _inside(pad_width, shape):
    """Where x lies in the padded array, as slices; and the padded array's shape."""
    widths = [(int(before), int(after)) for before, after in np.broadcast_to(pad_width, (len(shape), 2))]
    if any(n < 0 for pair in widths for n in pair):
        raise ValueError(f"pad_width can't be negative, got {pad_width}")
    return (tuple(slice(before, before + n) for (before, _), n in zip(widths, shape)),
            tuple(before + n + after for (before, after), n in zip(widths, shape)))


@op(vjp=lambda g, y, x, pad_width, mode="constant", constant_values=0: g[_inside(pad_width, x.shape)[0]], shapes="")
def pad(x, /, pad_width, mode="constant", *, constant_values=0):
    """y = x with a border of one constant      dx = g without the border.

    pad_width as in NumPy: 3, (before, after) for all axes, or one pair for each.
    """
    if mode != "constant":
        raise ValueError(f'mode {mode!r} has no derivative rule here, only "constant"')
    inside, shape = _inside(pad_width, x.shape)
    y = array_module(x).full(shape, constant_values, x.dtype)
    y[inside] = x
    return y


@op(vjp=lambda g, y, x, axis=None: np.flip(g, axis), shapes="")
def flip(x, /, axis=None):
    """y = x in reverse order along axis (default: every axis)      dx = g reversed."""
    return np.flip(x, axis)


def _roll_vjp(g, y, x, shift, axis=None):
    return np.roll(g, tuple(-s for s in shift) if isinstance(shift, (tuple, list)) else -shift, axis)


@op(vjp=_roll_vjp, shapes="")
def roll(x, /, shift, axis=None):
    """y = x moved along axis by shift places, what falls off coming back at the start      dx = g moved back."""
    return np.roll(x, shift, axis)


def _tile_vjp(g, y, x, reps):
    reps = tuple(reps) if isinstance(reps, (tuple, list)) else (reps,)
    reps, shape = (1,) * (x.ndim - len(reps)) + reps, (1,) * (len(reps) - x.ndim) + x.shape
    pairs = sum(zip(reps, shape), ())                               # each axis as (copies, length)
    return g.reshape(pairs).sum(axis=tuple(range(0, len(pairs), 2))).reshape(x.shape)


@op(vjp=_tile_vjp, shapes="")
def tile(x, /, reps):
    """y = x repeated as a whole, reps times along each axis      dx = g summed over the copies."""
    return np.tile(x, reps)


def _repeat_vjp(g, y, x, repeats, axis=None):
    length = x.size if axis is None else x.shape[axis]
    source = np.repeat(np.arange(length), repeats)                  # where each element of y came from
    flat = (length,) if axis is None else x.shape
    index = (slice(None),) * ((axis or 0) % len(flat)) + (source,)
    return scatter_add(g, index=index, shape=flat).reshape(x.shape)


@op(vjp=_repeat_vjp, shapes="")
def repeat(x, /, repeats, axis=None):
    """y = each element of x repeats times in a row, along axis or flattened      dx = g summed over the copies."""
    return x.repeat(repeats, axis)


@op(vjp=lambda g, y, x, k=0: np.tril(g, k), shapes="(m,n)->(m,n)")
def tril(x, /, k=0):
    """y = x on and below the k-th diagonal of its last two axes, 0 above      dx = the same part of g."""
    return np.tril(x, k)


@op(vjp=lambda g, y, x, k=0: np.triu(g, k), shapes="(m,n)->(m,n)")
def triu(x, /, k=0):
    """y = x on and above the k-th diagonal of its last two axes, 0 below      dx = the same part of g."""
    return np.triu(x, k)


def _diagonal_vjp(g, y, x, offset=0, axis1=0, axis2=1):
    matrices = np.moveaxis(x, (axis1, axis2), (-2, -1))             # (..., m, n)
    steps = np.arange(g.shape[-1])
    index = (..., steps + max(-offset, 0), steps + max(offset, 0))
    return np.moveaxis(scatter_add(g, index=index, shape=matrices.shape), (-2, -1), (axis1, axis2))


@op(vjp=_diagonal_vjp, shapes="")
def diagonal(x, /, offset=0, axis1=0, axis2=1):
    """y = the elements x[..., i, i + offset] of two axes, as the last axis      dx = g on that diagonal, else 0."""
    return np.diagonal(x, offset, axis1, axis2)


def _trace_vjp(g, y, x, offset=0, axis1=0, axis2=1):
    m, n = x.shape[axis1], x.shape[axis2]
    eye = array_module(g).eye(m, n, offset, dtype=g.dtype)
    return np.moveaxis(g.reshape(g.shape + (1, 1)) * eye, (-2, -1), (axis1, axis2))


@op(vjp=_trace_vjp, shapes="")
def trace(x, /, offset=0, axis1=0, axis2=1):
    """y = Σ of the diagonal of two axes      dx = g times the identity matrix."""
    return np.trace(x, offset, axis1, axis2)


def _astype_vjp(g, y, x, dtype):
    return g.astype(x.dtype) if y.dtype.kind == "f" else np.zeros_like(x)


@op(vjp=_astype_vjp, shapes="")
def astype(x, /, dtype):
    """y = x in another type of number      dx = g in that of x; 0 if y is an integer, which moves in steps."""
    return x.astype(dtype)
