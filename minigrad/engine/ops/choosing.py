"""Choosing elements and putting them together again: made of entries of the table, so they have no rules."""
from collections import namedtuple

import numpy as np

from ...support.arguments import whole
from ...support.explaining import explained
from ..backend import array_module
from ..op import as_array
from .indexing import checked, getitem, scatter_add, take_along_axis
from .reductions import argsort, max, min, prod
from .scans import _highest as highest, _lowest as lowest
from .shapes import broadcast_to

TopK = namedtuple("TopK", "values indices")


@explained
def topk(x, k, axis=-1, largest=True) -> tuple:
    """The k largest elements along axis, in descending order, and their indices; or the k smallest, in ascending order.

    Of equals the first come first.  g goes back to the elements that were chosen.
    """
    x = as_array(x)
    if x.ndim == 0:
        raise ValueError("topk: a single number has no axis to choose along")
    n, k = x.shape[axis], whole("topk: k", k, low=0)
    if k > n:
        raise ValueError(f"topk: k={k} of {n} elements along axis {axis} of shape {x.shape}")
    plain, before = getattr(x, "_data", x), (slice(None),) * (axis % x.ndim)
    order = n - 1 - np.flip(argsort(np.flip(plain, axis), axis=axis), axis) if largest else argsort(plain, axis=axis)
    indices = order[before + (slice(k),)]
    return TopK(take_along_axis(x, indices, axis=axis), indices)


@explained
def masked_select(x, mask):
    """The elements of x where mask is true, as one row; x and mask broadcast."""
    x, mask = as_array(x), as_array(mask)
    mask = getattr(mask, "_data", mask)
    if mask.dtype != bool:
        raise TypeError(f"masked_select: mask must be of booleans, not {mask.dtype}: compare first, as in x > 0")
    shape = np.broadcast_shapes(x.shape, mask.shape)
    return getitem(broadcast_to(x, shape=shape), index=np.broadcast_to(mask, shape))


@explained
def scatter(x, indices, length, reduce="sum", fill=0):
    """The rows of x (n, ...) put together by indices (n,): a row for each number from 0 to length - 1.

    reduce  "sum", "mean", "prod", "max" or "min" of the rows that share an index;  ties of max and min share
    fill    what stands where no row is put
    Other than sums, which add up in place, they are laid side by side first: as many places as the most frequent index
    has rows, for each number.
    """
    x, length = as_array(x), whole("scatter: length", length, low=0)
    indices = as_array(indices)
    indices = getattr(indices, "_data", indices)
    if indices.ndim != 1 or x.ndim < 1 or indices.shape[0] != x.shape[0] or indices.dtype.kind not in "iu":
        raise ValueError(f"scatter: indices must be integers, one for each row of x {x.shape}, not {indices.dtype} "
                         f"of shape {indices.shape}")
    if reduce not in ("sum", "mean", "prod", "max", "min"):
        raise ValueError(f'scatter: reduce must be "sum", "mean", "prod", "max" or "min", not {reduce!r}')
    indices = checked(indices, length, "scatter: indices")
    xp = array_module(x)
    counts = xp.bincount(indices, minlength=length)
    there = (counts > 0).reshape((-1,) + (1,) * (x.ndim - 1))
    if reduce in ("sum", "mean"):
        y = scatter_add(x, index=indices, shape=(length, *x.shape[1:]))
        y = y if reduce == "sum" else y / np.where(there, counts.reshape(there.shape), 1).astype(x.dtype)
        return np.where(there, y, xp.asarray(fill, dtype=x.dtype))
    order = np.argsort(indices, kind="stable")
    starts = np.cumsum(counts) - counts
    place = xp.zeros(indices.shape, np.intp)
    place[order] = xp.arange(len(indices)) - starts[indices[order]]         # 0 for the first row of its index, then 1
    most = int(counts.max()) if indices.size else 1
    used = scatter_add(xp.ones(indices.shape, bool), index=(indices, place), shape=(length, most))
    table = scatter_add(x, index=(indices, place), shape=(length, most, *x.shape[1:]))
    used = used.reshape(used.shape + (1,) * (x.ndim - 1))
    nothing = {"prod": lambda x: 1, "max": lowest, "min": highest}[reduce](x)
    table = np.where(used, table, xp.asarray(nothing, dtype=x.dtype))
    y = {"prod": prod, "max": max, "min": min}[reduce](table, axis=1)
    return np.where(there, y, xp.asarray(fill, dtype=x.dtype))


PUBLIC = (topk, masked_select, scatter)
