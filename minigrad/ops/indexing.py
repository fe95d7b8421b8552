"""The derivative table, indexing: reading x[index], and its adjoint, adding into zeros at index."""
import numpy as np

from ..backend import array_module
from ..op import op
from ..tensor import Tensor
from .domains import INDICES, REAL


def _plain(index):
    """An index free of tensors: their arrays index as well."""
    if isinstance(index, tuple):
        return tuple(_plain(i) for i in index)
    return index._data if isinstance(index, Tensor) else index


def _is_basic(index):
    """Integers, slices, None and ... alone: such an index reads no element twice."""
    return all(i is None or i is ... or isinstance(i, (int, slice)) and not isinstance(i, bool)
               for i in (index if isinstance(index, tuple) else (index,)))


@op(vjp=lambda g, y, x, index: scatter_add(g, index=index, shape=x.shape), shapes="")
def getitem(x, /, index):
    """y = x[index], any NumPy index      dx = 0 but at index, where g is added: as often as an element was read."""
    return x[_plain(index)]


@op(vjp=lambda g, y, x, index, shape: getitem(g, index=index), shapes="")
def scatter_add(x, /, index, shape):
    """y = zeros of a shape, with x added at index; a repeated index adds up      dx = g[index].

    x has the shape of y[index].  The adjoint of getitem.
    """
    index = _plain(index)
    xp = array_module(x)
    y = xp.zeros(shape, x.dtype)
    if _is_basic(index):
        y[index] = x
    else:
        xp.add.at(y, index, x)
    return y


def take(x, indices, axis=None):
    """The slices of x at indices (integers) along axis; of x flattened when axis is None."""
    if axis is None:
        return getitem(x.reshape(-1), index=_checked(indices, x.size))
    return getitem(x, index=(slice(None),) * (axis % x.ndim) + (_checked(indices, x.shape[axis]),))


def _checked(indices, length):
    indices = np.asarray(_plain(indices)) if isinstance(indices, (list, tuple, int)) else _plain(indices)
    if indices.dtype.kind not in "iu":
        raise TypeError(f"take: indices must be integers, not {indices.dtype}")
    if isinstance(indices, np.ndarray) and indices.size and not -length <= indices.min() <= indices.max() < length:
        raise IndexError(f"take: indices from {indices.min()} to {indices.max()} on an axis of length {length}")
    return indices


def _along(x_shape, indices, axis):
    """The integer-array index that take_along_axis stands for."""
    shape = [1] * len(x_shape)
    grids = []
    for a, n in enumerate(indices.shape):
        shape[a] = n
        grids.append(array_module(indices).arange(n).reshape(shape))
        shape[a] = 1
    grids[axis] = indices
    return tuple(grids)


def _take_along_vjp(g, y, x, indices, axis=-1):
    return scatter_add(g, index=_along(x.shape, _plain(indices), axis), shape=x.shape)


@op(vjp=(_take_along_vjp, None), domain=(REAL, INDICES), shapes="")
def take_along_axis(x, indices, /, axis=-1):
    """y = x[..., indices, ...], one index for each element, along axis      g is added where each was read.

    indices has the shape of x except along axis.
    """
    return np.take_along_axis(x, indices, axis)


@op(vjp=(lambda g, y, table, indices: scatter_add(g, index=indices, shape=table.shape), None),
    domain=(REAL, INDICES), shapes="")
def embedding(table, indices, /):
    """y = table[indices], a row for each index      g is added to the row it came from, once for each use.

    table (V, C), indices (...) integers from 0 to V - 1, y (..., C).
    """
    if indices.dtype.kind not in "iu":
        raise TypeError(f"indices must be integers, not {indices.dtype}")
    return np.take(table, indices, axis=0)
