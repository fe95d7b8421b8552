"""Cases for products of matrices, linear systems, attention, convolution and pooling."""
from unittest import mock

import numpy as np
from hypothesis import strategies as st

from ....engine.ops import conv
from ....engine.ops.domains import INVERTIBLE
from ... import arrays as mst
from ...arrays import arrays
from .table import a_shape, booleans, distinct, optional, table

SIDE = st.sampled_from([2, 3, 3, 2, 1, 0])


def lettered(draw, terms, sizes):
    """An array for each term: its letters are its axes."""
    return [draw(arrays(tuple(sizes[c] for c in term))) for term in terms]


@table("matmul")
def product(draw):
    """Vectors and matrices, with batches that broadcast, each as likely as the other."""
    terms = draw(st.sampled_from([("mk", "kn"), ("k", "k"), ("k", "kn"), ("mk", "k"), ("mk", "kn"), ("bmk", "kn"),
                                  ("mk", "bkn"), ("bmk", "1kn"), ("bmk", "k"), ("k", "bkn"), ("bmk", "bkn"),
                                  ("cbmk", "bkn")]))
    sizes = {"k": draw(SIDE), "m": draw(SIDE), "n": draw(SIDE) or 2, "b": 2, "c": 2, "1": 1}
    return lettered(draw, terms, sizes), {}


@table("linear")
def dense(draw):
    terms = draw(st.sampled_from([("n", "np", "p"), ("mn", "np", "p"), ("bmn", "np", "p")]))
    return lettered(draw, terms, {"n": draw(SIDE), "m": draw(SIDE), "p": draw(st.integers(1, 3)), "b": 2}), {}


@table("outer")
def outer(draw):
    return [draw(arrays(a_shape(draw, 0, 2))), draw(arrays(a_shape(draw, 0, 2)))], {}


@table("tensordot")
def contracted(draw):
    """Over the last axes of a and the first of b, by number; or over any, as lists, each side in its own order."""
    shared, a, b = a_shape(draw, 0, 2, 1), a_shape(draw, 0, 1, 1), a_shape(draw, 0, 1, 1)
    x, y = draw(arrays(a + shared)), draw(arrays(shared + b))
    if draw(st.booleans()):
        return [x, y], {"axes": len(shared)}
    order_a, order_b = draw(st.permutations(range(x.ndim))), draw(st.permutations(range(y.ndim)))
    summed_a = tuple(order_a.index(len(a) + k) for k in range(len(shared)))
    summed_b = tuple(order_b.index(k) for k in range(len(shared)))
    if draw(st.booleans()):                 # counted from the end
        summed_a, summed_b = tuple(i - x.ndim for i in summed_a), tuple(i - y.ndim for i in summed_b)
    return [np.transpose(x, order_a), np.transpose(y, order_b)], {"axes": (summed_a, summed_b)}


@table("einsum")
def summed(draw):
    text = draw(st.sampled_from(["ij,jk->ik", "ij,ij->", "ii->i", "ij->j", "ij,k->kij", "i,j,k->jik", "iij->j", "ij->",
                                 "...i,i->...", "ij,jk", "...ij,...jk->...ik", "ii", "ij,ii->j"]))
    sizes = {letter: draw(st.integers(1, 3)) for letter in "ijk"} | {"b": 2}
    return lettered(draw, [t.replace("...", "b") for t in text.split("->")[0].split(",")], sizes), {"subscripts": text}


@table("solve")
def equations(draw):
    """One vector, or matrices with batches that broadcast."""
    n = draw(st.integers(1, 3))
    a_lead, b_lead = draw(mst.broadcastable_shapes(2, max_dims=1, min_side=1))
    vector = draw(st.booleans())
    a = draw(arrays((*a_lead, n, n), INVERTIBLE))
    return [a, draw(arrays((n,) if vector else (*b_lead, n, draw(st.integers(1, 2)))))], {}


@table("attention")
def attended(draw):
    lead, t = a_shape(draw, 0, 1, 1), draw(st.integers(1, 3))
    s = t + draw(st.integers(0, 2))
    q, k, v = (draw(arrays((*lead, n, d))) for n, d in ((t, 2), (s, 2), (s, 3)))
    mask = booleans(draw, (t, s))
    mask[:, 0] = True                       # a query must see something
    return [q, k, v], optional(draw, causal=st.booleans(), mask=st.just(mask), scale=st.just(0.5))


# -- images (N, H, W, C) ---------------------------------------------------------------------------------------------
def in_small_pieces():
    """Convolve few numbers at a time, as large inputs are: so that small cases take that way too."""
    return mock.patch.object(conv, "CACHE", 64)


LENGTH = st.one_of(st.integers(1, 2), st.tuples(st.integers(1, 2), st.integers(1, 2)))
PADDING = st.sampled_from(["valid", "same"])


def image(draw, channels):
    return draw(st.integers(1, 3)), draw(st.integers(3, 5)), draw(st.integers(3, 5)), channels


@table("conv2d")
def convolved(draw):
    w = (draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 2)), draw(st.integers(1, 2)))
    x = image(draw, w[2])
    return [draw(arrays(x)), draw(arrays(w))], optional(draw, strides=LENGTH, padding=PADDING)


@table("max_pool2d", "avg_pool2d")
def pooled(draw):
    size = st.one_of(st.integers(1, 3), st.tuples(st.integers(1, 3), st.integers(1, 3)))
    x = distinct(draw, image(draw, draw(st.integers(1, 2))))
    return [x], optional(draw, pool_size=size, strides=LENGTH, padding=PADDING)


def windows(draw):
    return {"size": draw(st.sampled_from([(2, 2), (3, 1)])), "strides": draw(st.sampled_from([(1, 1), (2, 2), (1, 2)]))}


@table("windows")
def windowed(draw):
    return [draw(arrays(image(draw, 1)))], windows(draw)


@table("overlap_add")
def overlapped(draw):
    (n, height, width, c), params = image(draw, 1), windows(draw)
    (kh, kw), (sh, sw) = params["size"], params["strides"]
    y = (n, (height - kh) // sh + 1, (width - kw) // sw + 1, kh, kw, c)
    return [draw(arrays(y))], {"shape": (n, height, width, c), "strides": params["strides"]}
