"""What to feed an op: strategies of (inputs, params), derived from its declaration, or listed here where that can't tell.

An elementwise op is fed arrays that broadcast, an op with a gufunc signature arrays of such shapes, both from its domain.
For ops declared with shapes="" the table below draws inputs together with params that fit them.
"""
import math

import numpy as np
from hypothesis import strategies as st

from ..op import REGISTRY
from . import strategies as mst
from .strategies import arrays, axes

TABLE = {}                                  # op name -> function of draw -> (inputs, params)


def table(*names):
    """Enter a function of draw as the source of cases for these ops."""
    def enter(f):
        for name in names:
            TABLE[name] = f
        return f
    return enter


class NoCases(LookupError):
    """An op can't be fed: its shapes aren't declared, and no strategy was given."""


def domains_of(op, count):
    return op.domain if isinstance(op.domain, tuple) else (op.domain,) * count


def cases(op, layouts=mst.LAYOUTS):
    """The strategy of (inputs, params) of an op."""
    if op.name in TABLE and REGISTRY.get(op.name) is op:
        return st.composite(lambda draw: TABLE[op.name](draw))().map(lambda case: ([np.asarray(x) for x in case[0]], case[1]))
    if op.elementwise and not op.variadic:
        shapes = mst.broadcastable_shapes(op.arity) if op.arity > 1 else mst.shapes().map(lambda s: (s,))
    elif op.shapes:
        shapes = mst.shapes_of_signature(op.shapes)
    else:
        raise NoCases(f"{op.name}: nothing tells what inputs fit together; declare shapes= as a gufunc signature such as "
                      '"(m,n),(n,p)->(m,p)" (or leave it out for an elementwise op), or pass inputs=, a Hypothesis strategy '
                      "of (list of arrays, dict of params)")

    @st.composite
    def build(draw):
        found = draw(shapes)
        return [draw(arrays(s, d, layouts=layouts if not (d and d.structure) else ("C",)))
                for s, d in zip(found, domains_of(op, len(found)))], {}
    return build()


# -- params that fit -------------------------------------------------------------------------------------------------
def distinct(draw, shape, low=0):
    """Numbers that differ by at least 0.1: no ties, so that maxima and orders are the same nearby."""
    size = math.prod(shape)
    return (np.array(draw(st.permutations(range(size)))) * 0.3 + low + 0.1).reshape(shape)


def shape_of(draw, min_dims=0, max_dims=3, min_side=0):
    return draw(mst.shapes(min_dims, max_dims, min_side))


@table("prod")
def factors(draw):
    """Some of them 0: the products of the others must still be right."""
    (x,), params = reduction(draw)
    return [np.where(np.abs(x) < 1, 0.0, x) if draw(st.booleans()) else x], params


@table("sum", "any", "all")
def reduction(draw, min_side=0, make=arrays):
    x = draw(make(shape_of(draw, min_side=min_side)))
    return [x], {"axis": draw(axes(x.ndim)), "keepdims": draw(st.booleans())}


@table("mean", "logsumexp")
def full_reduction(draw):
    return reduction(draw, min_side=1)


@table("norm")
def length(draw):
    (x,), params = reduction(draw, min_side=1)
    return [np.where(np.abs(x) < 0.3, 0.5, x)], params


@table("var", "std")
def spread(draw):
    shape = shape_of(draw, 1, 3, 2)
    return [distinct(draw, shape)], {"axis": draw(axes(len(shape))), "keepdims": draw(st.booleans()), "ddof": draw(st.integers(0, 1))}


@table("max", "min")
def extreme(draw):
    shape = shape_of(draw, min_side=1)
    return [distinct(draw, shape, -1)], {"axis": draw(axes(len(shape))), "keepdims": draw(st.booleans())}


@table("argmax", "argmin")
def position(draw):
    shape = shape_of(draw, min_side=1)
    return [distinct(draw, shape)], {"axis": draw(axes(len(shape), multiple=False)), "keepdims": draw(st.booleans())}


@table("sort", "argsort")
def order(draw):
    shape = shape_of(draw, 1)
    return [distinct(draw, shape)], {"axis": draw(axes(len(shape), allow_none=False, multiple=False))}


@table("cumsum")
def running(draw):
    x = draw(arrays(shape_of(draw, 1)))
    return [x], {"axis": draw(axes(x.ndim, multiple=False))}


@table("softmax", "log_softmax")
def rows(draw):
    shape = shape_of(draw, 1, 3, 1)
    return [draw(arrays(shape))], {"axis": draw(axes(len(shape), allow_none=False, multiple=False))}


@table("standardize")
def standard(draw):
    shape = shape_of(draw, 1, 3, 2)
    return [distinct(draw, shape)], {"axis": draw(axes(len(shape), allow_none=False))}


@table("layer_norm")
def layer(draw):
    shape = (*draw(mst.shapes(0, 2, 1)), 3)
    return [distinct(draw, shape), draw(arrays((3,))), draw(arrays((3,)))], {}


@table("batch_norm")
def batch(draw):
    shape = (*draw(mst.shapes(1, 2, 2)), 2)
    return [distinct(draw, shape), draw(arrays((2,))), draw(arrays((2,)))], {}


@table("masked")
def masked(draw):
    shape = shape_of(draw)
    return [draw(arrays(shape))], {"mask": np.asarray(draw(arrays(shape))) * 1.0}


@table("reshape")
def reshaped(draw):
    x = draw(arrays(shape_of(draw)))
    options = [x.shape[::-1], (-1,) if x.size else (0,), (1, *x.shape), (x.size,)]
    return [x], {"shape": draw(st.sampled_from(options))}


@table("transpose")
def transposed(draw):
    x = draw(arrays(shape_of(draw)))
    return [x], {"axes": draw(st.one_of(st.none(), st.permutations(range(x.ndim)).map(tuple)))}


@table("swapaxes")
def swapped(draw):
    x = draw(arrays(shape_of(draw, 1)))
    axis = st.integers(-x.ndim, x.ndim - 1)
    return [x], {"axis1": draw(axis), "axis2": draw(axis)}


@table("moveaxis")
def moved(draw):
    x = draw(arrays(shape_of(draw, 1)))
    axis = st.integers(-x.ndim, x.ndim - 1)
    return [x], {"source": draw(axis), "destination": draw(axis)}


@table("expand_dims")
def expanded(draw):
    x = draw(arrays(shape_of(draw)))
    return [x], {"axis": draw(st.integers(-x.ndim - 1, x.ndim))}


@table("squeeze")
def squeezed(draw):
    shape = tuple(draw(st.lists(st.sampled_from([1, 2]), max_size=3)))
    ones = [a for a, n in enumerate(shape) if n == 1]
    return [draw(arrays(shape))], {"axis": draw(st.sampled_from([None, *ones]))}


@table("broadcast_to")
def broadcast(draw):
    shape, target = draw(mst.broadcastable_shapes(2))
    return [draw(arrays(shape))], {"shape": np.broadcast_shapes(shape, target)}


@table("concatenate")
def joined(draw):
    shape = shape_of(draw, 1)
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    lengths = draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
    at = axis % len(shape)
    return [draw(arrays(shape[:at] + (n,) + shape[at + 1:])) for n in lengths], {"axis": axis}


@table("stack")
def stacked(draw):
    shape = shape_of(draw, 0, 2)
    return [draw(arrays(shape)) for _ in range(draw(st.integers(1, 3)))], {"axis": draw(st.integers(-len(shape) - 1, len(shape)))}


@table("pad")
def padded(draw):
    x = draw(arrays(shape_of(draw, 1)))
    width = st.tuples(st.integers(0, 2), st.integers(0, 2))
    return [x], {"pad_width": tuple(draw(width) for _ in range(x.ndim)), "constant_values": draw(st.sampled_from([0, 1.5]))}


@table("flip")
def flipped(draw):
    x = draw(arrays(shape_of(draw)))
    return [x], {"axis": draw(axes(x.ndim))}


@table("roll")
def rolled(draw):
    x = draw(arrays(shape_of(draw, 1)))
    return [x], {"shift": draw(st.integers(-3, 3)), "axis": draw(axes(x.ndim, multiple=False))}


@table("tile")
def tiled(draw):
    x = draw(arrays(shape_of(draw, 0, 2)))
    return [x], {"reps": draw(st.one_of(st.integers(0, 3), st.lists(st.integers(0, 2), min_size=1, max_size=3).map(tuple)))}


@table("repeat")
def repeated(draw):
    x = draw(arrays(shape_of(draw, 1, 2)))
    return [x], {"repeats": draw(st.integers(0, 3)), "axis": draw(axes(x.ndim, multiple=False))}


@table("diagonal", "trace")
def diagonals(draw):
    x = draw(arrays(shape_of(draw, 2, 3, 1)))
    first, second = draw(st.permutations(range(x.ndim)))[:2]
    return [x], {"offset": draw(st.integers(-1, 1)) if min(x.shape) > 1 else 0, "axis1": first, "axis2": second}


@table("tril", "triu")
def triangle(draw):
    return [draw(arrays(shape_of(draw, 2, 3)))], {"k": draw(st.integers(-2, 2))}


@table("astype")
def cast(draw):
    return [draw(arrays(shape_of(draw)))], {"dtype": np.float64}


@table("clip")
def clipped(draw):
    shape = shape_of(draw)
    return [distinct(draw, shape, -1.0)], {"min": -0.55, "max": draw(st.sampled_from([0.75, None]))}


def _only(draw, name, value):
    x = draw(arrays(shape_of(draw), REGISTRY["relu"].domain))
    return [x], {name: value} if draw(st.booleans()) else {}


TABLE["leaky_relu"] = lambda draw: _only(draw, "slope", 0.3)
TABLE["elu"] = lambda draw: _only(draw, "alpha", 0.7)
TABLE["gelu"] = lambda draw: ([draw(arrays(shape_of(draw)))], {"approximate": draw(st.booleans())})


@table("maximum", "minimum")
def pair(draw):
    first, second = draw(mst.broadcastable_shapes(2))
    return [distinct(draw, first), distinct(draw, second) + 0.15], {}


@table("getitem")
def indexed(draw):
    x = draw(arrays(shape_of(draw)))
    return [x], {"index": draw(mst.indices(x.shape))}


@table("scatter_add")
def scattered(draw):
    shape = shape_of(draw)
    index = draw(mst.indices(shape))
    return [draw(arrays(np.zeros(shape)[index].shape))], {"index": index, "shape": shape}


@table("take_along_axis")
def taken(draw):
    x = draw(arrays(shape_of(draw, 1, 3, 1)))
    axis = draw(st.integers(-x.ndim, x.ndim - 1))
    at, n = axis % x.ndim, draw(st.integers(0, 3))
    shape = x.shape[:at] + (n,) + x.shape[at + 1:]
    size = math.prod(shape)
    picks = draw(st.lists(st.integers(0, x.shape[axis] - 1), min_size=size, max_size=size))
    return [x, np.array(picks, np.int64).reshape(shape)], {"axis": axis}


@table("embedding")
def looked_up(draw):
    n, shape = draw(st.integers(1, 4)), shape_of(draw, 0, 2)
    size = math.prod(shape)
    return [draw(arrays((n, 2))), np.array(draw(st.lists(st.integers(0, n - 1), min_size=size, max_size=size)), np.int64).reshape(shape)], {}


@table("solve")
def equations(draw):
    """One vector, or matrices with batches that broadcast."""
    n = draw(st.integers(1, 3))
    a_lead, b_lead = draw(mst.broadcastable_shapes(2, max_dims=1, min_side=1))
    a = draw(arrays((*a_lead, n, n), REGISTRY["inv"].domain))
    return [a, draw(arrays((n,) if draw(st.booleans()) else (*b_lead, n, draw(st.integers(1, 2)))))], {}


@table("matmul")
def product(draw):
    """Vectors and matrices, with batches that broadcast, each as likely as the other."""
    k = draw(st.sampled_from([2, 3, 1, 0]))
    first, second = draw(st.sampled_from([("k", "k"), ("k", "kn"), ("mk", "k"), ("mk", "kn"), ("bmk", "kn"), ("mk", "bkn"), ("bmk", "1kn"),
                                          ("bmk", "k"), ("k", "bkn"), ("cbmk", "bkn")]))
    sizes = {"k": k, "m": draw(st.sampled_from([2, 3, 1, 0])), "n": draw(st.sampled_from([3, 2, 1])), "b": draw(st.integers(1, 2)), "c": 2, "1": 1}
    return [draw(arrays(tuple(sizes[c] for c in names))) for names in (first, second)], {}


@table("linear")
def dense(draw):
    n, p = draw(st.sampled_from([2, 3, 1, 0])), draw(st.integers(1, 3))
    return [draw(arrays((*shape_of(draw, 0, 2), n))), draw(arrays((n, p))), draw(arrays((p,)))], {}


@table("outer")
def outer(draw):
    return [draw(arrays(shape_of(draw, 0, 2))), draw(arrays(shape_of(draw, 0, 2)))], {}


@table("tensordot")
def contracted(draw):
    shared = shape_of(draw, 0, 2, 1)
    a, b = shape_of(draw, 0, 1, 1), shape_of(draw, 0, 1, 1)
    order_a = draw(st.permutations(range(len(a) + len(shared))))
    x, y = draw(arrays(a + shared)), draw(arrays(shared + b))
    summed = [order_a.index(len(a) + k) for k in range(len(shared))]
    return [np.transpose(x, order_a), y], {"axes": (tuple(summed), tuple(range(len(shared))))}


@table("einsum")
def summed(draw):
    sizes = {letter: draw(st.integers(1, 3)) for letter in "ijk"}
    text = draw(st.sampled_from(["ij,jk->ik", "ij,ij->", "ii->i", "ij->j", "ij,k->kij", "i,j,k->jik", "iij->j", "ij->", "...i,i->...", "ij,jk"]))
    terms = text.split("->")[0].split(",")
    inputs = []
    for term in terms:
        batch = (2,) if "..." in term else ()
        inputs.append(draw(arrays(batch + tuple(sizes[c] for c in term.replace("...", "")))))
    return inputs, {"subscripts": text}


@table("sparse_softmax_cross_entropy")
def labelled(draw):
    shape = shape_of(draw, 0, 2)
    size = math.prod(shape)
    labels = np.array(draw(st.lists(st.integers(0, 2), min_size=size, max_size=size)), np.int64).reshape(shape)
    return [draw(arrays((*shape, 3))), labels], {}


@table("attention")
def attended(draw):
    lead, t, s = draw(mst.shapes(0, 1, 1)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    s = max(s, t)
    q, k, v = (draw(arrays((*lead, n, d))) for n, d in ((t, 2), (s, 2), (s, 3)))
    mask = np.ones((t, s), bool)
    mask[:, :s - 1] = draw(st.booleans())
    return [q, k, v], draw(st.sampled_from([{}, {"causal": True}, {"mask": mask}, {"scale": 0.5}]))


def _image(draw, channels=2):
    return (draw(st.integers(1, 2)), draw(st.integers(3, 5)), draw(st.integers(3, 5)), channels)


@table("conv2d")
def convolved(draw):
    w = (draw(st.integers(1, 3)), draw(st.integers(1, 3)), 2, draw(st.integers(1, 2)))
    return [draw(arrays(_image(draw))), draw(arrays(w))], {"strides": draw(st.integers(1, 2)), "padding": draw(st.sampled_from(["valid", "same"]))}


@table("max_pool2d", "avg_pool2d")
def pooled(draw):
    params = {"pool_size": draw(st.integers(1, 3)), "strides": draw(st.sampled_from([None, 1, 2])),
              "padding": draw(st.sampled_from(["valid", "same"]))}
    return [distinct(draw, _image(draw, 1))], params


@table("windows")
def windowed(draw):
    return [draw(arrays(_image(draw, 1)))], {"size": draw(st.sampled_from([(2, 2), (3, 1)])), "strides": draw(st.sampled_from([(1, 1), (2, 2)]))}


@table("overlap_add")
def overlapped(draw):
    shape, size, strides = _image(draw, 1), draw(st.sampled_from([(2, 2), (3, 1)])), draw(st.sampled_from([(1, 1), (2, 2)]))
    y = REGISTRY["windows"](np.zeros(shape), size=size, strides=strides)
    return [draw(arrays(y.shape))], {"shape": shape, "strides": strides}
