"""NumPy's functions that join, cut, turn and combine arrays: made of entries of the table, so they have no rules."""
import math

import numpy as np

from ...support.arguments import shown, whole
from ...support.explaining import explained
from ..backend import array_module
from ..op import as_array
from .arithmetic import multiply, subtract, where
from .indexing import scatter_add
from .matmul import tensordot
from .shapes import broadcast_to, concatenate, diagonal, flip, moveaxis, stack, swapaxes, transpose


# -- at least so many axes, and end to end ---------------------------------------------------------------------------
def _for_each(f, xs):
    """f of the one x, or a tuple of f of each."""
    return f(as_array(xs[0])) if len(xs) == 1 else tuple(f(as_array(x)) for x in xs)


@explained
def atleast_1d(*xs):
    """Each x, a number as an array of one."""
    return _for_each(lambda x: x.reshape(1) if x.ndim == 0 else x, xs)


@explained
def atleast_2d(*xs):
    """Each x, a vector as a matrix of one row."""
    return _for_each(lambda x: x.reshape((1,) * (2 - x.ndim) + x.shape) if x.ndim < 2 else x, xs)


@explained
def atleast_3d(*xs):
    """Each x with at least three axes: a vector (n,) as (1, n, 1), a matrix (m, n) as (m, n, 1)."""
    return _for_each(lambda x: x if x.ndim > 2 else x[..., None] if x.ndim == 2 else x.reshape(1, -1, 1), xs)


@explained
def vstack(xs):
    """The xs, vectors as rows, one below the other."""
    return concatenate([atleast_2d(x) for x in xs], axis=0)


@explained
def hstack(xs):
    """The xs side by side: vectors end to end, others along the second axis."""
    xs = [atleast_1d(x) for x in xs]
    return concatenate(xs, axis=0 if xs[0].ndim == 1 else 1)


@explained
def dstack(xs):
    """The xs one behind the other, along a third axis."""
    return concatenate([atleast_3d(x) for x in xs], axis=2)


@explained
def column_stack(xs):
    """The xs side by side, vectors as columns."""
    xs = [as_array(x) for x in xs]
    return concatenate([x.reshape(-1, 1) if x.ndim < 2 else x for x in xs], axis=1)


@explained
def append(x, values, axis=None):
    """x and then values, along axis; both flattened where it is None.  A new array."""
    return concatenate(as_array(x), as_array(values), axis=axis)


# -- cut -------------------------------------------------------------------------------------------------------------
@explained
def array_split(x, sections, axis=0) -> list:
    """The pieces of x along axis, the first ones longer by 1 where sections does not divide its length."""
    x = as_array(x)
    n = x.shape[axis]
    if np.ndim(sections) == 0:
        if sections < 1:
            raise ValueError(f"array_split: {sections} sections; there must be at least 1")
        each, more = divmod(n, int(sections))
        sections = np.cumsum([each + (i < more) for i in range(sections - 1)]).tolist()
    cuts, before = [0, *sections, n], (slice(None),) * (axis % x.ndim)
    return [x[before + (slice(start, end),)] for start, end in zip(cuts, cuts[1:])]


def _equally(name, x, sections, axis):
    x = as_array(x)
    if x.ndim <= axis:
        raise ValueError(f"{name}: an array of {x.ndim} axes has no axis {axis} to cut")
    if np.ndim(sections) == 0 and (sections < 1 or x.shape[axis] % sections):
        raise ValueError(f"{name}: axis {axis} of length {x.shape[axis]} can't be cut into {sections} equal parts")
    return array_split(x, sections, axis)


@explained
def vsplit(x, sections) -> list:
    """x cut along its first axis, into equal parts or before each of the given indices."""
    return _equally("vsplit", x, sections, 0)


@explained
def hsplit(x, sections) -> list:
    """x cut along its second axis, a vector along its only one."""
    return _equally("hsplit", x, sections, 0 if np.ndim(x) == 1 else 1)


@explained
def dsplit(x, sections) -> list:
    """x cut along its third axis."""
    return _equally("dsplit", x, sections, 2)


# -- diagonals and differences ---------------------------------------------------------------------------------------
@explained
def diag(x, k=0):
    """Of a vector: the matrix with x on its k-th diagonal, 0 elsewhere.  Of a matrix: its k-th diagonal."""
    x = as_array(x)
    if x.ndim == 2:
        return diagonal(x, offset=k)
    if x.ndim != 1:
        raise ValueError(f"diag: of a vector or a matrix, not of an array of {x.ndim} axes")
    n, steps = len(x) + abs(k), array_module(x).arange(len(x))
    return scatter_add(x, index=(steps + max(-k, 0), steps + max(k, 0)), shape=(n, n))


def _along(axis, ndim, *positions):
    return (slice(None),) * (axis % ndim) + positions


@explained
def diff(x, n=1, axis=-1, prepend=None, append=None):
    """x[1:] - x[:-1] along axis, n times over; prepend and append are put before and after x first."""
    x = as_array(x)
    if n < 0 or x.ndim == 0:
        raise ValueError(f"diff: n={n} times of an array of {x.ndim} axes")
    ends = [None if e is None else _as_slice(e, x, axis) for e in (prepend, append)]
    x = concatenate([part for part in (ends[0], x, ends[1]) if part is not None], axis=axis) if n else x
    for _ in range(n):
        before, after = _along(axis, x.ndim, slice(None, -1)), _along(axis, x.ndim, slice(1, None))
        x = x[after] != x[before] if x.dtype == bool else subtract(x[after], x[before])
    return x


def _as_slice(value, x, axis):
    """A number as an array of the shape of x, but of length 1 along axis."""
    value = as_array(value)
    return value if value.ndim else broadcast_to(value, shape=tuple(1 if a == axis % x.ndim else m
                                                                   for a, m in enumerate(x.shape)))


@explained
def gradient(f, *spacing, axis=None, edge_order=1):
    """The slope of f along each axis, from the values beside each place: (f[i + 1] - f[i - 1]) / 2h.

    spacing     h: one number for all axes, one for each, or the places themselves as vectors; 1 if left out
    edge_order  1: at the ends f[1] - f[0] over h;  2: the parabola through three values
    An array for one axis, a tuple of them for several, as in NumPy.
    """
    f = as_array(f)
    axes = tuple(range(f.ndim)) if axis is None else tuple(a % f.ndim for a in np.atleast_1d(axis).tolist())
    spacing = spacing or (1.0,)
    spacing = spacing * len(axes) if len(spacing) == 1 and np.ndim(spacing[0]) == 0 else spacing
    if len(spacing) != len(axes) or edge_order not in (1, 2):
        raise ValueError(f"gradient: {len(spacing)} spacings for {len(axes)} axes, edge_order={edge_order}; one number "
                         "or one spacing for each axis, and edge_order 1 or 2")
    slopes = [_slopes(f, a, h, edge_order) for a, h in zip(axes, spacing)]
    return slopes[0] if len(slopes) == 1 else tuple(slopes)


def _slopes(f, axis, h, edge_order):
    n = f.shape[axis]
    if n <= edge_order:
        raise ValueError(f"gradient: axis {axis} of length {n} is too short for edge_order={edge_order}")
    if np.ndim(h) > 1 or np.ndim(h) == 1 and len(h) != n:
        raise ValueError(f"gradient: the places along axis {axis} must be a vector of length {n}")
    steps = np.diff(h) if np.ndim(h) else np.full(n - 1, float(h))
    steps = steps.astype(f.dtype if f.dtype.kind == "f" else float)

    def at(*positions):
        return f[_along(axis, f.ndim, slice(*positions))]

    def column(values):
        return values.reshape((-1,) + (1,) * (f.ndim - axis % f.ndim - 1))
    first, second = steps[:-1], steps[1:]                   # the steps to the neighbour before, and to that after
    inside = (at(0, n - 2) * column(-second / (first * (first + second)))
              + at(1, n - 1) * column((second - first) / (first * second))
              + at(2, n) * column(first / (second * (first + second))))
    if edge_order == 1:
        ends = (at(1, 2) - at(0, 1)) / steps[0], (at(n - 1, n) - at(n - 2, n - 1)) / steps[-1]
    else:
        a, b = steps[:2]
        c, d = steps[-2:]
        ends = (at(0, 1) * (-(2 * a + b) / (a * (a + b))) + at(1, 2) * ((a + b) / (a * b))
                - at(2, 3) * (a / (b * (a + b))),
                at(n - 3, n - 2) * (d / (c * (c + d))) - at(n - 2, n - 1) * ((c + d) / (c * d))
                + at(n - 1, n) * ((2 * d + c) / (d * (c + d))))
    return concatenate(ends[0], inside, ends[1], axis=axis)


# -- products, turns and choices -------------------------------------------------------------------------------------
@explained
def inner(a, b):
    """Σ over the last axes of a and b."""
    a, b = as_array(a), as_array(b)
    return tensordot(a, b, axes=((-1,), (-1,))) if a.ndim and b.ndim else multiply(a, b)


@explained
def kron(a, b):
    """The Kronecker product: each element of a, times all of b, in its place."""
    a, b = as_array(a), as_array(b)
    ndim = max(a.ndim, b.ndim)
    a, b = (x.reshape((1,) * (ndim - x.ndim) + x.shape) for x in (a, b))
    pairs = a.reshape(sum(((n, 1) for n in a.shape), ())) * b.reshape(sum(((1, n) for n in b.shape), ()))
    return pairs.reshape(tuple(m * n for m, n in zip(a.shape, b.shape)))


@explained
def cross(a, b, axisa=-1, axisb=-1, axisc=-1, axis=None):
    """The cross product of vectors of three: (a₂b₃ - a₃b₂, a₃b₁ - a₁b₃, a₁b₂ - a₂b₁).

    They lie along axisa of a, axisb of b and axisc of the result; axis is all three.
    """
    axisa, axisb, axisc = (axisa, axisb, axisc) if axis is None else (axis,) * 3
    a, b = as_array(a), as_array(b)
    if not a.ndim or not b.ndim or a.shape[axisa] != 3 or b.shape[axisb] != 3:
        raise ValueError(f"cross: of vectors of three along axes {axisa} and {axisb}, not of shapes {a.shape} and "
                         f"{b.shape}")
    a, b = moveaxis(a, axisa, -1), moveaxis(b, axisb, -1)
    turned = [a[..., i] * b[..., j] - a[..., j] * b[..., i] for i, j in ((1, 2), (2, 0), (0, 1))]
    return stack(turned, axis=axisc)


@explained
def rot90(x, k=1, axes=(0, 1)):
    """x turned k times by 90 degrees, from the first of two axes towards the second."""
    (first, second), k = axes, whole("rot90: k", k, low=-math.inf)
    if k % 4 in (0, 2):
        return flip(x, axis=(first, second)) if k % 4 else x + 0
    x = flip(x, axis=second) if k % 4 == 1 else x
    x = swapaxes(x, first, second)
    return flip(x, axis=second) if k % 4 == 3 else x


@explained
def fliplr(x):
    """x with its columns in reverse order."""
    return flip(x, axis=1)


@explained
def flipud(x):
    """x with its rows in reverse order."""
    return flip(x, axis=0)


@explained
def meshgrid(*xs, sparse=False, indexing="xy") -> list:
    """Coordinates of a grid from vectors: one array for each, of the shape of the grid (sparse: that broadcasts to it).

    indexing    "xy": the first vector runs along the columns;  "ij": each along its own axis
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f'meshgrid: indexing must be "xy" or "ij", not {shown(indexing)}')
    xs = [as_array(x).reshape(-1) for x in xs]
    grids = [x.reshape((1,) * i + (-1,) + (1,) * (len(xs) - i - 1)) for i, x in enumerate(xs)]
    if indexing == "xy" and len(xs) > 1:
        grids = [swapaxes(g, 0, 1) for g in grids]
    shape = np.broadcast_shapes(*(g.shape for g in grids))
    return grids if sparse else [broadcast_to(g, shape=shape) + 0 for g in grids]


@explained
def select(conditions, choices, default=0):
    """For each element the choice of the first condition that holds, or default."""
    if len(conditions) != len(choices):
        raise ValueError(f"select: {len(conditions)} conditions for {len(choices)} choices")
    y = default
    for condition, choice in list(zip(conditions, choices))[::-1]:
        y = where(condition, choice, y)
    return y


@explained
def matrix_transpose(x):
    """x with its last two axes exchanged."""
    return swapaxes(x, -1, -2)


@explained
def permute_dims(x, axes):
    """transpose, by its name in the array API."""
    return transpose(x, axes=axes)


@explained
def vdot(a, b):
    """Σ a b over all elements."""
    a, b = as_array(a).reshape(-1), as_array(b).reshape(-1)
    return a @ b


PUBLIC = (append, array_split, atleast_1d, atleast_2d, atleast_3d, column_stack, cross, diag, diff, dsplit, dstack,
          fliplr, flipud, gradient, hsplit, hstack, inner, kron, matrix_transpose, meshgrid, permute_dims, rot90,
          select, vdot, vsplit, vstack)
