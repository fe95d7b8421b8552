"""Cases for reductions, for what orders and normalises along an axis, and for elementwise ops with params."""
import numpy as np
from hypothesis import strategies as st

from ....engine.ops.domains import KINK_AT_0
from ...arrays import arrays, axes, broadcastable_shapes
from .table import TABLE, a_shape, booleans, distinct, optional, table


def over_axes(draw, x, multiple=True):
    return {"axis": draw(axes(x.ndim, multiple=multiple)), "keepdims": draw(st.booleans())}


@table("sum", "any", "all")
def reduction(draw, min_side=0):
    x = draw(arrays(a_shape(draw, min_side=min_side)))
    return [x], over_axes(draw, x)


TABLE["mean"] = TABLE["logsumexp"] = lambda draw: reduction(draw, min_side=1)


@table("prod")
def factors(draw):
    """Some of them 0: the products of the others must still be right."""
    (x,), params = reduction(draw)
    return [np.where(np.abs(x) < 1, 0.0, x) if draw(st.booleans()) else x], params


@table("norm")
def length(draw):
    (x,), params = reduction(draw, min_side=1)
    if x.ndim != 1 and params["axis"] is not None and np.size(params["axis"]) > 2:
        params["axis"] = None
    return [np.where(np.abs(x) < 0.3, 0.5, x)], params | optional(draw, ord=st.none())


@table("var", "std")
def spread(draw):
    x = distinct(draw, a_shape(draw, 1, 3, 2))
    return [x], over_axes(draw, x) | {"ddof": draw(st.integers(0, 1))}


@table("max", "min")
def extreme(draw):
    x = distinct(draw, a_shape(draw, min_side=1), -1)
    return [x], over_axes(draw, x)


@table("argmax", "argmin")
def position(draw):
    x = distinct(draw, a_shape(draw, min_side=1))
    return [x], over_axes(draw, x, multiple=False)


@table("sort", "argsort")
def order(draw):
    x = distinct(draw, a_shape(draw, 1))
    return [x], optional(draw, axis=axes(x.ndim, multiple=False))


@table("cumsum")
def running(draw):
    x = draw(arrays(a_shape(draw, 1)))
    return [x], {"axis": draw(axes(x.ndim, multiple=False))}


@table("log_softmax")
def rows(draw):
    x = draw(arrays(a_shape(draw, 1, 3, 1)))
    return [x], optional(draw, axis=axes(x.ndim, allow_none=False, multiple=False))


@table("softmax")
def masked_rows(draw):
    (x,), params = rows(draw)
    if draw(st.booleans()):
        params["where"] = booleans(draw, x.shape[-1:])
        params["where"][draw(st.integers(0, x.shape[-1] - 1))] = True
    return [x], params if params.get("axis", -1) in (-1, x.ndim - 1) else {"axis": params["axis"]}


@table("standardize")
def standard(draw):
    x = distinct(draw, a_shape(draw, 1, 3, 2))
    return [x], optional(draw, axis=axes(x.ndim, allow_none=False), eps=st.just(0.01))


@table("layer_norm")
def layer(draw):
    x = distinct(draw, (*a_shape(draw, 0, 2, 1), 3))
    return [x, draw(arrays((3,))), draw(arrays((3,)))], optional(draw, eps=st.just(0.01))


@table("batch_norm")
def batch(draw):
    x = distinct(draw, (*a_shape(draw, 1, 2, 2), 2))
    return [x, draw(arrays((2,))), draw(arrays((2,)))], optional(draw, eps=st.just(0.01))


# -- elementwise, with params ----------------------------------------------------------------------------------------
@table("clip")
def clipped(draw):
    x = distinct(draw, a_shape(draw), -1.0)
    return [x], {"min": draw(st.sampled_from([-0.55, None])), "max": draw(st.sampled_from([0.75, None]))}


TABLE["leaky_relu"] = lambda draw: _off_kink(draw, slope=st.just(0.3))
TABLE["elu"] = lambda draw: _off_kink(draw, alpha=st.just(0.7))
TABLE["gelu"] = lambda draw: ([draw(arrays(a_shape(draw)))], optional(draw, approximate=st.booleans()))
TABLE["masked"] = lambda draw: (lambda shape: ([draw(arrays(shape))], {"mask": draw(arrays(shape))}))(a_shape(draw))


def _off_kink(draw, **params):
    return [draw(arrays(a_shape(draw), KINK_AT_0))], optional(draw, **params)


@table("maximum", "minimum")
def pair(draw):
    """Nowhere equal."""
    first, second = draw(broadcastable_shapes(2))
    return [distinct(draw, first), distinct(draw, second) + 0.15], {}
