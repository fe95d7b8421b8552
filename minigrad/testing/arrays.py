"""Strategies of arrays: from a domain in any memory layout, shapes that broadcast, axes, indices."""
import math
from contextlib import contextmanager

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ..engine.ops.domains import REAL

MARGIN = 0.05           # how far numbers keep from the ends of a domain and from points to avoid
SIDES = (1, 2, 3, 2, 4, 3, 0)       # lengths of axes; those of a few elements, which tell most, more often
LAYOUTS = ("C", "Fortran", "strided", "reversed", "read-only")


def shapes(min_dims=0, max_dims=3, min_side=0, max_side=4):
    """Array shapes, 0-d and zero-size ones included."""
    side = st.sampled_from([n for n in SIDES if min_side <= n <= max_side])
    return st.integers(min_dims, max_dims).flatmap(lambda ndim: st.tuples(*[side] * ndim))


@st.composite
def broadcastable_shapes(draw, count=2, max_dims=3, min_side=0):
    """Tuples of shapes that broadcast: a common shape; each may lack leading axes of it and have others of length 1."""
    common, found = draw(shapes(max_dims=max_dims, min_side=min_side)), []
    for _ in range(count):
        kept = [n if draw(st.sampled_from([True, True, False])) else 1 for n in common]
        found.append(tuple(kept[draw(st.integers(0, len(common))) * draw(st.booleans()):]))
    return tuple(found)


def shapes_of_signature(signature):
    """Tuples of input shapes that fit a gufunc signature, batch axes included."""
    found = hnp.mutually_broadcastable_shapes(signature=signature, max_dims=1, min_side=1, max_side=3)
    return found.map(lambda f: f.input_shapes)


@st.composite
def values(draw, domain, size):
    """`size` numbers from a domain, short in decimal, so that a counterexample can be read."""
    domain = domain or REAL
    low, high = max(domain.low, -3) + MARGIN, min(domain.high, 3) - MARGIN
    number = st.integers(math.ceil(low * 100), math.floor(high * 100))
    points = [p + k * domain.period for p in domain.avoid for k in range(-8, 9)] if domain.period else domain.avoid
    if points:
        number = number.filter(lambda n: all(abs(n / 100 - p) >= MARGIN for p in points))
    return np.array(draw(st.lists(number, min_size=size, max_size=size)), float) / 100


def matrix(rows, structure):
    """Well conditioned: strongly diagonal, or such a matrix times its transpose."""
    n = rows.shape[-1]
    a = rows * (0.3 / max(n, 1)) + np.eye(n)
    return a if structure == "invertible" else a @ a.swapaxes(-1, -2)


@st.composite
def arrays(draw, shape, domain=None, dtype=np.float64, layouts=("C",)):
    """An array of a shape (or of a strategy of shapes) from a domain, in one of the layouts."""
    shape = draw(shape) if isinstance(shape, st.SearchStrategy) else shape
    structure = domain.structure if domain else None
    size = math.prod(shape)
    if structure == "boolean":
        array = np.array(draw(st.lists(st.booleans(), min_size=size, max_size=size)), bool).reshape(shape)
    else:
        numbers = draw(values(domain if not structure else None, size)).reshape(shape)
        array = (matrix(numbers, structure) if structure else numbers).astype(dtype)
    return lay_out(array, draw(st.sampled_from(layouts)))


def lay_out(array, layout):
    """The same values, elsewhere in memory."""
    if layout == "Fortran" and array.ndim:
        return np.asfortranarray(array)
    if layout == "strided" and array.ndim:
        return np.repeat(array, 2, axis=-1)[..., ::2]
    if layout == "reversed" and array.ndim:
        return np.ascontiguousarray(array[..., ::-1])[..., ::-1]
    if layout == "read-only":
        array = array.copy()
        array.flags.writeable = False
    return array


def axes(ndim, allow_none=True, multiple=True):
    """An axis of an array of ndim axes: None, an int (negative too), or a tuple of different ints."""
    options = [st.none()] if allow_none or not ndim else []
    if ndim:
        options.append(st.integers(-ndim, ndim - 1))
        if multiple:
            options.append(st.lists(st.integers(0, ndim - 1), unique=True, min_size=1, max_size=ndim).map(tuple))
    return st.one_of(options)


@st.composite
def indices(draw, shape):
    """Any index of an array of a shape: integers, slices, None, ..., boolean masks, integer arrays with repeats."""
    kind = draw(st.sampled_from(["basic", "integers", "mask"]))
    if kind == "mask":
        size = math.prod(shape)
        return np.array(draw(st.lists(st.booleans(), min_size=size, max_size=size)), bool).reshape(shape)
    if kind == "basic" or not shape or 0 in shape:
        return draw(hnp.basic_indices(shape, allow_newaxis=True))
    n = draw(st.integers(1, 4))
    index = [np.array(draw(st.lists(st.integers(-side, side - 1), min_size=n, max_size=n))) for side in shape]
    keep = draw(st.integers(1, len(shape)))
    return tuple(index[:keep]) if keep > 1 else index[0]


@contextmanager
def kept(inputs):
    """Afterwards inputs are what they were: an op may edit them."""
    before = [x.tobytes() for x in inputs]
    try:
        yield
    finally:
        for x, old in zip(inputs, before):
            if x.tobytes() != old:
                x[...] = np.frombuffer(old, x.dtype).reshape(x.shape)


# -- are two the same, but for rounding? ------------------------------------------------------------------------------
def alike(a, b, tolerance=1e-9):
    """Whether a is b, relative to b's largest number or 1; nan and infinite where it is."""
    if np.array_equal(a, b):
        return True                         # as most are, in a tenth of the time
    scale = np.abs(b[np.isfinite(b)]).max(initial=1.0) if b.dtype.kind == "f" else 0
    return a.shape == b.shape and np.allclose(a, b, rtol=tolerance, atol=tolerance * scale, equal_nan=True)


def close(a, b, what, tolerance=1e-9):
    """An AssertionError that says of what, unless they are alike."""
    a, b = np.asarray(a), np.asarray(b)
    assert a.shape == b.shape, f"{what}: shapes {a.shape} and {b.shape}"
    assert alike(a, b, tolerance), f"{what}: {a} and {b}"
