"""Cases for reading and adding at an index."""
import numpy as np
from hypothesis import strategies as st

from ... import arrays as mst
from ...arrays import arrays
from .table import a_shape, integers, table


@table("getitem")
def indexed(draw):
    x = draw(arrays(a_shape(draw)))
    return [x], {"index": draw(mst.indices(x.shape))}


@table("scatter_add")
def scattered(draw):
    shape = a_shape(draw)
    index = draw(mst.indices(shape))
    return [draw(arrays(np.zeros(shape)[index].shape))], {"index": index, "shape": shape}


@table("take_along_axis")
def taken(draw):
    """One index for each element, along one axis or in x flattened; indices may be stretched along the other axes."""
    x, n = draw(arrays(a_shape(draw, 1, 3, 1))), draw(st.integers(0, 3))
    if draw(st.booleans()) and draw(st.booleans()):
        return [x, integers(draw, (n,), 0, x.size - 1)], {"axis": None}
    axis = draw(st.integers(-x.ndim, x.ndim - 1))
    at = axis % x.ndim
    shape = [n if a == at else draw(st.sampled_from([m, 1])) for a, m in enumerate(x.shape)]
    return [x, integers(draw, shape, 0, x.shape[axis] - 1)], {"axis": axis}


@table("embedding")
def looked_up(draw):
    n = draw(st.integers(1, 4))
    return [draw(arrays((n, *a_shape(draw, 0, 1)))), integers(draw, a_shape(draw, 0, 2), 0, n - 1)], {}


@table("sparse_softmax_cross_entropy")
def labelled(draw):
    shape = a_shape(draw, 0, 2)
    return [draw(arrays((*shape, 3))), integers(draw, shape, 0, 2)], {}
