"""Cases for ops that move or copy elements."""
import numpy as np
from hypothesis import strategies as st

from ... import arrays as mst
from ...arrays import arrays, axes
from .table import a_shape, optional, table


@table("reshape")
def reshaped(draw):
    x = draw(arrays(a_shape(draw)))
    flat = (-1,) if x.size else (0,)
    return [x], {"shape": draw(st.sampled_from([x.shape[::-1], flat, (1, *x.shape), (x.size,), x.size]))}


@table("transpose")
def transposed(draw):
    x = draw(arrays(a_shape(draw)))
    return [x], optional(draw, axes=st.permutations(range(x.ndim)).map(tuple))


@table("swapaxes")
def swapped(draw):
    x = draw(arrays(a_shape(draw, 1)))
    axis = st.integers(-x.ndim, x.ndim - 1)
    return [x], {"axis1": draw(axis), "axis2": draw(axis)}


@table("moveaxis")
def moved(draw):
    x = draw(arrays(a_shape(draw, 1)))
    if draw(st.booleans()):
        axis = st.integers(-x.ndim, x.ndim - 1)
        return [x], {"source": draw(axis), "destination": draw(axis)}
    order = st.permutations(range(x.ndim)).map(tuple)
    n = draw(st.integers(1, x.ndim))
    return [x], {"source": draw(order)[:n], "destination": draw(order)[:n]}


@table("expand_dims")
def expanded(draw):
    x = draw(arrays(a_shape(draw)))
    return [x], {"axis": draw(st.one_of(st.integers(-x.ndim - 1, x.ndim), st.just((0, -1))))}


@table("squeeze")
def squeezed(draw):
    shape = tuple(draw(st.lists(st.sampled_from([1, 2, 0]), max_size=3)))
    ones = [a for a, n in enumerate(shape) if n == 1]
    return [draw(arrays(shape))], {"axis": draw(st.sampled_from([None, *ones, tuple(ones)]))}


@table("broadcast_to")
def broadcast(draw):
    shape, target = draw(mst.broadcastable_shapes(2))
    return [draw(arrays(shape))], {"shape": np.broadcast_shapes(shape, target)}


@table("concatenate")
def joined(draw):
    """Along one axis, where lengths may differ; or all flattened."""
    if draw(st.booleans()) and draw(st.booleans()):
        return [draw(arrays(a_shape(draw, 0, 2))) for _ in range(draw(st.integers(1, 3)))], {"axis": None}
    shape = a_shape(draw, 1)
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    at, lengths = axis % len(shape), draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
    return [draw(arrays(shape[:at] + (n,) + shape[at + 1:])) for n in lengths], {"axis": axis}


@table("stack")
def stacked(draw):
    shape = a_shape(draw, 0, 2)
    xs = [draw(arrays(shape)) for _ in range(draw(st.integers(1, 3)))]
    return xs, {"axis": draw(st.integers(-len(shape) - 1, len(shape)))}


@table("pad")
def padded(draw):
    x = draw(arrays(a_shape(draw, 1)))
    pair = st.tuples(st.integers(0, 2), st.integers(0, 2))
    width = draw(st.one_of(st.integers(0, 2), pair, st.tuples(*[pair] * x.ndim)))
    return [x], {"pad_width": width} | optional(draw, mode=st.just("constant"), constant_values=st.just(1.5))


@table("flip")
def flipped(draw):
    x = draw(arrays(a_shape(draw)))
    return [x], {"axis": draw(axes(x.ndim))}


@table("roll")
def rolled(draw):
    x = draw(arrays(a_shape(draw, 1)))
    axis = draw(axes(x.ndim))
    shift = st.integers(-3, 3)
    return [x], {"shift": tuple(draw(shift) for _ in axis) if isinstance(axis, tuple) else draw(shift), "axis": axis}


@table("tile")
def tiled(draw):
    x = draw(arrays(a_shape(draw, 0, 2)))
    per_axis = st.lists(st.integers(0, 2), min_size=1, max_size=3).map(tuple)
    return [x], {"reps": draw(st.one_of(st.integers(0, 3), per_axis))}


@table("repeat")
def repeated(draw):
    x = draw(arrays(a_shape(draw, 1, 2)))
    axis = draw(axes(x.ndim, multiple=False))
    length = x.size if axis is None else x.shape[axis]
    each = st.lists(st.integers(0, 2), min_size=length, max_size=length).map(lambda n: np.array(n, np.int64))
    return [x], {"repeats": draw(st.one_of(st.integers(0, 3), each)), "axis": axis}


@table("diagonal", "trace")
def diagonals(draw):
    x = draw(arrays(a_shape(draw, 2, 3, 1)))
    first, second = draw(st.permutations(range(x.ndim)))[:2]
    params = {"axis1": first, "axis2": second} if draw(st.booleans()) else {}
    rows, columns = x.shape[params.get("axis1", 0)], x.shape[params.get("axis2", 1)]
    return [x], params | optional(draw, offset=st.integers(1 - rows, columns - 1))


@table("tril", "triu")
def triangle(draw):
    return [draw(arrays(a_shape(draw, 2, 3)))], optional(draw, k=st.integers(-2, 2))


@table("astype")
def cast(draw):
    return [draw(arrays(a_shape(draw))) + 0.005], {"dtype": draw(st.sampled_from([np.float64, np.int64]))}
