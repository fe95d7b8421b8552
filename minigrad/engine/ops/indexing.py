"""The derivative table, indexing: reading x[index], and its adjoint, adding into zeros at index."""
import math

import numpy as np

from ...support.explaining import explained
from ..backend import array_module, narrow, wide
from ..op import as_array, op
from ..tensor import Tensor
from .domains import INDICES, REAL


def _plain(index):
    """An index free of tensors: their arrays index as well."""
    if isinstance(index, tuple):
        return tuple(_plain(i) for i in index)
    return index._data if isinstance(index, Tensor) else index


def _reads_once(index):
    """Integers, slices, None, ... and boolean masks: such an index reads no element twice."""
    return all(i is None or i is ... or isinstance(i, (int, np.integer, slice))
               or getattr(getattr(i, "dtype", None), "kind", "") == "b"
               for i in (index if isinstance(index, tuple) else (index,)))


def _positions(index, shape, xp):
    """Which elements x[index] reads, numbered through x flattened, as one row of integers."""
    if hasattr(index, "dtype") and len(shape) > 1:                  # whole rows, of a table perhaps too big to number
        row = math.prod(shape[1:])                                  # in intp: in uint8, row 3 of 128 would be row 1
        return (xp.asarray(index, np.intp).reshape(-1, 1) * row + xp.arange(row)).reshape(-1)
    return xp.arange(math.prod(shape)).reshape(shape)[index].reshape(-1)


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
    if _reads_once(index):
        y = xp.zeros(shape, x.dtype)
        y[index] = x
        return y
    y = xp.zeros(shape, wide(x).dtype)              # on one axis, NumPy's add.at is several times as fast
    xp.add.at(y.reshape(-1), _positions(index, shape, xp), wide(x).reshape(-1))
    return narrow(y, x)


@explained
def take(x, indices, axis=None):
    """The slices of x at indices (integers) along axis; of x flattened when axis is None."""
    x = as_array(x)
    if axis is None:
        x, axis = x.reshape(-1), 0
    indices = checked(indices, x.shape[axis], "take: indices", -x.shape[axis])
    return getitem(x, index=(slice(None),) * (axis % x.ndim) + (indices,))


def checked(indices, length, what, lowest=0):
    """indices as an array of intp; an error unless integers from lowest to length - 1 (a GPU's are not read)."""
    indices = np.asarray(indices) if isinstance(indices, (list, tuple, int)) else _plain(indices)
    if indices.dtype.kind not in "iu":
        raise TypeError(f"{what} must be integers, not {indices.dtype}")
    if isinstance(indices, np.ndarray) and indices.size and not lowest <= indices.min() <= indices.max() < length:
        raise IndexError(f"{what} from {indices.min()} to {indices.max()}, must be from {lowest} to {length - 1}")
    return indices.astype(np.intp, copy=False)


def along(shape, indices, axis):
    """The integer-array index that take_along_axis stands for."""
    grids = [array_module(indices).arange(n).reshape((n,) + (1,) * (len(shape) - a - 1)) for a, n in enumerate(shape)]
    grids[axis] = indices
    return tuple(grids)


def _take_along_vjp(g, y, x, indices, axis=-1):
    indices = _plain(indices)
    if axis is None:
        return scatter_add(g, index=(indices,), shape=(x.size,)).reshape(x.shape)
    return scatter_add(g, index=along(x.shape, indices, axis), shape=x.shape)


@op(vjp=(_take_along_vjp, None), domain=(REAL, INDICES), shapes="")
def take_along_axis(x, indices, /, axis=-1):
    """y = x[..., indices, ...], one index for each element, along axis      g is added where each was read.

    indices has as many axes as x, of the same lengths or 1 except along axis; axis None takes from x flattened.
    """
    return np.take_along_axis(x, indices, axis)


@op(vjp=(lambda g, y, table, indices: scatter_add(g, index=indices, shape=table.shape), None),
    domain=(REAL, INDICES), shapes="")
def embedding(table, indices, /):
    """y = table[indices], a row for each index      g is added to the row it came from, once for each use.

    table (V, C), indices (...) integers from 0 to V - 1, y (..., C).
    """
    return np.take(table, checked(indices, len(table), "indices"), axis=0)


# -- Skip at first: what profiles, pictures and checks want to know of these ops (see Op.describe) -------------------
def _indexed(draw):
    x = draw.array(draw.shape())
    return [x], {"index": draw.index(x.shape)}


def _scattered(draw):
    shape = draw.shape()
    index = draw.index(shape)
    if draw.boolean():                      # whole rows, by one array of integers
        shape = draw.shape(2, 3, 2)
        rows = draw.integers((3,), -shape[0], shape[0] - 1)
        index = draw.choice(rows, (rows,))
    return [draw.array(np.zeros(shape)[index].shape)], {"index": index, "shape": shape}


def _along_an_axis(draw):
    """One index for each element, along one axis or in x flattened; indices may be stretched along the other axes."""
    x, n = draw.array(draw.shape(1, 3, 1)), draw.integer(0, 3)
    if draw.boolean() and draw.boolean():
        return [x, draw.integers((n,), 0, x.size - 1)], {"axis": None}
    axis = draw.integer(-x.ndim, x.ndim - 1)
    shape = [n if a == axis % x.ndim else draw.choice(m, 1) for a, m in enumerate(x.shape)]
    return [x, draw.integers(shape, 0, x.shape[axis] - 1)], {"axis": axis}


def _looked_up(draw):
    n = draw.integer(1, 4)
    return [draw.array((n, *draw.shape(0, 1))), draw.integers(draw.shape(0, 2), 0, n - 1)], {}


getitem.describe(flops=0, cases=_indexed)
scatter_add.describe(flops=0, cases=_scattered)
take_along_axis.describe(flops=0, cases=_along_an_axis,
                         reference=lambda x, indices, axis=-1: np.take_along_axis(x, indices, axis))
embedding.describe(flops=0, cases=_looked_up)
