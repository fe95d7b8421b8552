"""The derivative table, convolution and pooling of images x (N, H, W, C): batch, height, width, channels.

A window of the image is a row of numbers, so a convolution is one product of matrices, Y = windows(X) W, and its
derivatives are those of a product, with overlap_add, the adjoint of windows, to lead back to the image:

    dW = windows(X)ᵀ G        dX = overlap_add(G Wᵀ)

strides and sizes are an int or a pair (rows, columns).  padding "valid" uses whole windows only; "same" adds a border
so that there are ⌈length / stride⌉ windows, the odd row or column of it at the end; or it is a number of zeros, a pair
(rows, columns), or ((top, bottom), (left, right)).
"""
import math
from collections import namedtuple
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

from ...support.arguments import shown
from ..backend import array_module, narrow, wide
from ..op import Op, as_real, op
from .shapes import pad


def _pair(value, name):
    pair = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    if len(pair) != 2 or not all(isinstance(n, (int, np.integer)) and n > 0 for n in pair):
        raise ValueError(f"{name} must be a positive int or a pair of them, got {shown(value)}")
    return pair


def _borders(length, size, stride, padding):
    """How many zeros go before and after, so that windows of that size fit."""
    if padding not in ("valid", "same"):
        raise ValueError(f'padding must be "valid" or "same", got {shown(padding)}')
    total = 0 if padding == "valid" else max((math.ceil(length / stride) - 1) * stride + size - length, 0)
    if length + total < size:
        raise ValueError(f'a window of {size} does not fit into an image of {length}; use padding="same"')
    return total // 2, total - total // 2


def borders_of(lengths, size, strides, padding):
    """((top, bottom), (left, right)) for a padding by name, or as numbers: one, (rows, columns), or such pairs."""
    if isinstance(padding, str):
        return tuple(_borders(n, k, s, padding) for n, k, s in zip(lengths, size, strides))
    sides = tuple(padding) if isinstance(padding, (tuple, list)) else (padding,) * len(size)
    pairs = tuple(tuple(side) if isinstance(side, (tuple, list)) else (side, side) for side in sides)
    if len(pairs) != len(size) or not all(len(p) == 2 and all(isinstance(n, (int, np.integer)) and n >= 0 for n in p)
                                          for p in pairs):
        raise ValueError('padding must be "valid", "same", a number of zeros, (rows, columns), or ((top, bottom), '
                         f'(left, right)), got {shown(padding)}')
    for n, k, pair in zip(lengths, size, pairs):
        if n + sum(pair) < k:
            raise ValueError(f'a window of {k} does not fit into an image of {n}; use padding="same"')
    return pairs


# -- windows and their adjoint ---------------------------------------------------------------------------------------
def _view(x, size, strides):
    """The windows of x as a view: the same memory, read with other strides."""
    n, h, w, c = x.shape
    sn, sh, sw, sc = x.strides
    (kh, kw), (down, right) = size, strides
    shape = n, (h - kh) // down + 1, (w - kw) // right + 1, kh, kw, c
    return array_module(x).lib.stride_tricks.as_strided(x, shape, (sn, sh * down, sw * right, sh, sw, sc))


@op(vjp=lambda g, y, x, size, strides: overlap_add(g, shape=x.shape, strides=strides), shapes="")
def windows(x, /, size, strides):
    """y[n, p, q, i, j, c] = x[n, p s + i, q s + j, c], each window of the image      dx = overlap_add(g).

    x (N, H, W, C), size (kh, kw) -> y (N, Ho, Wo, kh, kw, C), a view.
    """
    size, strides = _pair(size, "size"), _pair(strides, "strides")
    if x.ndim != 4 or any(k > n for k, n in zip(size, x.shape[1:3])):
        raise ValueError(f"windows of {size} are read from images (N, H, W, C) that are no smaller, not {x.shape}")
    return _view(x, size, strides)


@op(vjp=lambda g, y, x, shape, strides: windows(g, size=x.shape[3:5], strides=strides), shapes="")
def overlap_add(x, /, shape, strides):
    """y = an image of zeros with each window added back at its place      dx = windows(g).

    x (N, Ho, Wo, kh, kw, C) -> y of shape (N, H, W, C).
    """
    (kh, kw), (down, right) = x.shape[3:5], _pair(strides, "strides")
    y = array_module(x).zeros(shape, x.dtype)
    target = _view(y, (kh, kw), (down, right))
    if kh <= down and kw <= right:                          # the windows don't overlap
        target[...] = x
        return y
    for i in range(0, kh, down):                            # pieces as large as the stride don't overlap
        for j in range(0, kw, right):
            target[:, :, :, i:i + down, j:j + right] += x[:, :, :, i:i + down, j:j + right]
    return y


def _padded(x, borders):
    """The shape of images x with these borders (before, after) of their rows and columns."""
    return x.shape[0], x.shape[1] + sum(borders[0]), x.shape[2] + sum(borders[1]), x.shape[3]


def _bordered(x, borders, value=0):
    return pad(x, ((0, 0), *borders, (0, 0)), constant_values=value) if any(map(any, borders)) else x


def _cropped(y, borders):
    """y without its borders."""
    rows, columns = (slice(before, n - after) for n, (before, after) in zip(y.shape[1:3], borders))
    return y[:, rows, columns]


# -- convolution -----------------------------------------------------------------------------------------------------
# With few channels, windows are short and products of thin matrices are slow.  So we take a block of b windows side by
# side as one wider window, and give the matrix b copies of each filter, each shifted by one stride: the same sums,
# some zeros among the factors, but long runs of memory and a fatter product, two to four times as fast.
# The matrix of all windows would be kh kw times as large as the images: so a few images at a time, as fit into cache.
# That copies each row of an image kh times.  With stride 1 and more channels the matrix has the windows of one row of
# the filters, once for each row of the image: row i of the filters finds what it reads i rows further down, without
# another copy, and Y is the sum of kh products.
# numbers are those computed at once (on a GPU, which wants more, 64 times as many); row by row is worth it from `run`
# numbers side by side in memory, and `rows` of an image's product.
Limits = namedtuple("Limits", "numbers run rows")
USUAL = Limits(numbers=1 << 19, run=32, rows=64)
_limits = ContextVar("limits", default=USUAL)


@contextmanager
def in_pieces(numbers=64):
    """Inside, convolutions of few numbers are computed in parts, too, as those of many are: a way to test that."""
    before = _limits.set(Limits(numbers, run=4, rows=2))
    try:
        yield
    finally:
        _limits.reset(before)


Plan = namedtuple("Plan", "borders padded strides size block products rows columns shape parts")


def _plan(x, w, strides, padding):
    """The numbers of a convolution.

    borders, padded     how the images are padded, and their shape then
    block, size         how many windows are taken as one, and the size of that
    strides             from one block to the next
    products            1, or as many as the filters have rows: row by row
    rows, columns       of the matrix of an image's blocks: the blocks, and the numbers in each
    shape               of the result (N, Ho, Wo, F)
    parts               slices of the batch that are computed one after the other
    """
    if x.ndim != 4 or w.ndim != 4 or x.shape[3] != w.shape[2]:
        raise ValueError("conv2d takes images (N, H, W, C) and filters (kh, kw, C, F) of as many channels")
    (kh, kw, c, f), (down, right) = w.shape, _pair(strides, "strides")
    borders = borders_of(x.shape[1:3], (kh, kw), (down, right), padding)
    padded = n, height, width, _ = _padded(x, borders)
    ho, wo = (height - kh) // down + 1, (width - kw) // right + 1
    limits = _limits.get()
    most = min(kw, math.ceil(32 / max(c, 1)))
    block = max(b for b in range(1, most + 1) if wo % b == 0)
    width = kw + (block - 1) * right
    fits = all(n < k for pair, k in zip(borders, (kh, kw)) for n in pair)       # see _conv2d_dx
    by_rows = down == right == 1 and width * c >= limits.run and ho * wo >= limits.rows * block and fits
    size, products = (1, width) if by_rows else (kh, width), kh if by_rows else 1
    rows, columns = (height if by_rows else ho) * (wo // block), math.prod(size) * c
    numbers = limits.numbers * (1 if array_module(x) is np else 64)
    step = max(numbers // max(rows * columns * products, 1), 1)
    parts = [slice(i, min(i + step, n)) for i in range(0, max(n, 1), step)]
    return Plan(borders, padded, (down, block * right), size, block, products, rows, columns, (n, ho, wo, f), parts)


def _columns(x, plan):
    """Each block of windows of x as a row of a matrix: one matrix for all images, or for each (several products)."""
    blocks, n = windows(_bordered(x, plan.borders), size=plan.size, strides=plan.strides), x.shape[0]
    return blocks.reshape(*_as_matrices(n, plan.rows, plan), plan.columns)


def _results(g, plan):
    """The cotangents (N, Ho, Wo, F) of each block of windows as a row of a matrix, likewise."""
    _, ho, wo, f = plan.shape
    return g.reshape(*_as_matrices(g.shape[0], ho * wo // plan.block, plan), plan.block * f)


def _as_matrices(n, rows, plan):
    return (n, rows) if plan.products > 1 else (1, n * rows)


def _read(columns, plan):
    """What each row of the filters reads of the columns; all of it, if there is but one product."""
    step = plan.shape[2] // plan.block
    return [columns[:, i * step:columns.shape[1] - (plan.products - 1 - i) * step] for i in range(plan.products)]


def _copies(w, /, block, shift):
    """The filters (kh, kw, C, F) in a wider window, as many times as a block has windows: (kh, kw', C, block, F)."""
    kh, kw, c, f = w.shape
    y = array_module(w).zeros((kh, kw + (block - 1) * shift, c, block, f), w.dtype)
    for b in range(block):
        y[:, b * shift:b * shift + kw, :, b] = w
    return y


def _sum_of_copies(y, block, shift):
    """The adjoint of _copies."""
    kw = y.shape[1] - (block - 1) * shift
    return sum(y[:, b * shift:b * shift + kw, :, b] for b in range(block))


# Not an entry of the table, but differentiable all the same: a step of conv2d's rules, at higher orders.
_copies = Op(_copies, lambda g, y, w, block, shift: _sum_of_copies(g, block, shift), name="copies", shapes="")


def _widened(w, plan):
    """The filters as matrices (products, columns, block F): copies side by side, each shifted by a stride."""
    copies = _copies(w, block=plan.block, shift=plan.strides[1] // plan.block)
    return copies.reshape(plan.products, plan.columns, plan.block * plan.shape[3])


def _conv2d_dx(g, y, x, w, strides=1, padding="valid", saved=None):
    plan, g, w = _plan(x, w, strides, padding), wide(g), wide(w)
    if plan.products > 1:                                   # a pixel is read through all of the filter, turned around
        around = [(k - 1 - before, k - 1 - after) for k, (before, after) in zip(w.shape[:2], plan.borders)]
        return conv2d(g, w[::-1, ::-1].swapaxes(2, 3), padding=tuple(around))
    to_columns, (_, ho, wo, _) = _widened(w, plan)[0].T, plan.shape

    def images(g):
        blocks = (_results(g, plan)[0] @ to_columns).reshape(-1, ho, wo // plan.block, *plan.size, x.shape[3])
        return _cropped(overlap_add(blocks, shape=(g.shape[0], *plan.padded[1:]), strides=plan.strides), plan.borders)
    return images(g) if len(plan.parts) == 1 else np.concatenate([images(g[part]) for part in plan.parts])


def _conv2d_dw(g, y, x, w, strides=1, padding="valid", saved=None):
    plan, g, x = _plan(x, w, strides, padding), wide(g), wide(x)
    each = [saved] if saved is not None else (_columns(x[part], plan) for part in plan.parts)
    dwide = sum(np.stack([(read.swapaxes(1, 2) @ _results(g[part], plan)).sum(axis=0) for read in _read(columns, plan)])
                for columns, part in zip(each, plan.parts))
    return _sum_of_copies(dwide.reshape(w.shape[0], -1, w.shape[2], plan.block, w.shape[3]), plan.block,
                          plan.strides[1] // plan.block)


@op(vjp=(_conv2d_dx, _conv2d_dw), shapes="", saves=True)
def conv2d(x, w, /, strides=1, padding="valid"):
    """Y = windows(X) W      dX = overlap_add(G Wᵀ),  dW = windows(X)ᵀ G.

    Images x (N, H, W, C), filters w (kh, kw, C, F) -> (N, Ho, Wo, F): y[n, p, q] = Σ x[n, p s + i, q s + j] w[i, j].
    """
    x, w = (as_real(t) if t.dtype == bool else t for t in (x, w))          # sums of booleans are numbers
    plan, dtype = _plan(x, w, strides, padding), np.result_type(x.dtype, w.dtype)
    x, w = wide(x), wide(w)
    filters, y = _widened(w, plan), array_module(x).empty(plan.shape, np.result_type(x.dtype, w.dtype))
    for part in plan.parts:
        columns, results = _columns(x[part], plan), _results(y[part], plan)
        first, *others = zip(_read(columns, plan), filters)
        np.matmul(*first, out=results)
        for read, row in others:
            results += read @ row
    return y if y.dtype == dtype else y.astype(dtype), columns if len(plan.parts) == 1 else None    # few: kept for dW


def _bias_add(x, b, /):
    if np.ndim(x) < 3 or np.shape(b) != x.shape[-1:] or b.size > 32:
        return x + b
    n, c = x.shape[-2:]                             # NumPy is slow over a short last axis: make it n times as long
    return (x.reshape(x.shape[:-2] + (n * c,)) + np.tile(b, n)).reshape(x.shape)


bias_add = op(_bias_add, (lambda g, y, x, b: g, lambda g, y, x, b: g), name="bias_add",
              doc="y = x + b, as add, but several times as fast for few channels      dx = g,  db = g\n\n"
                  "Images x (..., C) and b (C,), or any shapes that broadcast.")


# -- pooling ---------------------------------------------------------------------------------------------------------
def _pool_plan(x, pool_size, strides, padding):
    """(borders, padded image, size, strides) of a pooling."""
    if x.ndim != 4:
        raise ValueError("pooling takes images (N, H, W, C)")
    size = _pair(pool_size, "pool_size")
    strides = size if strides is None else _pair(strides, "strides")
    borders = borders_of(x.shape[1:3], size, strides, padding)
    if any(n >= k for pair, k in zip(borders, size) for n in pair):
        raise ValueError(f"a border as wide as the window, {size}, would leave windows without a pixel: {padding}")
    return borders, _padded(x, borders), size, strides


def _by_place(x, plan, border=0):
    """The windows of x, the places within the window first: (kh kw, N, Ho, Wo, C), so that pooling is over axis 0."""
    borders, _, size, strides = plan
    v = windows(_bordered(x, borders, border), size=size, strides=strides).transpose(3, 4, 0, 1, 2, 5)
    return v.reshape(math.prod(size), *v.shape[2:])


def _back_in_place(dv, plan):
    """The adjoint of _by_place."""
    borders, padded, size, strides = plan
    dv = dv.reshape(*size, *dv.shape[1:]).transpose(2, 3, 4, 0, 1, 5)
    return _cropped(overlap_add(dv, shape=padded, strides=strides), borders)


def _max_pool2d_vjp(g, y, x, pool_size=2, strides=None, padding="valid", saved=None):
    plan = _pool_plan(x, pool_size, strides, padding)
    g = wide(g)
    chosen = (_by_place(x, plan, -math.inf) == y if saved is None else saved).astype(g.dtype)
    return _back_in_place(chosen * (g / chosen.sum(axis=0)), plan)


@op(vjp=_max_pool2d_vjp, shapes="", saves=True)
def max_pool2d(x, /, pool_size=2, strides=None, padding="valid"):
    """y = the largest x of each window      g goes to the largest; ties share it equally.

    x (N, H, W, C) -> y (N, Ho, Wo, C); strides are pool_size unless given; a border of "same" is never the largest.
    """
    v = _by_place(as_real(x), _pool_plan(x, pool_size, strides, padding), -math.inf)
    y = v.max(axis=0)
    return y, v == y


def _counts(x, plan):
    """How many pixels each window has (Ho, Wo, 1): fewer at a border."""
    inside = _by_place(array_module(x).ones((1, *x.shape[1:3], 1), x.dtype), plan)
    return inside.sum(axis=(0, 1))


def _avg_pool2d_vjp(g, y, x, pool_size=2, strides=None, padding="valid"):
    plan = _pool_plan(x, pool_size, strides, padding)
    share = wide(g) / _counts(wide(x), plan)
    return _back_in_place(np.broadcast_to(share, (math.prod(plan[2]), *share.shape)), plan)


@op(vjp=_avg_pool2d_vjp, shapes="")
def avg_pool2d(x, /, pool_size=2, strides=None, padding="valid"):
    """y = Σ x / n over each window of n pixels      dx = g / n, added up where windows overlap.

    x (N, H, W, C) -> y (N, Ho, Wo, C); strides are pool_size unless given; a border of "same" doesn't count.
    """
    plan = _pool_plan(x, pool_size, strides, padding)
    return narrow(_by_place(wide(x), plan).sum(axis=0) / _counts(wide(x), plan), x)


# -- Skip at first: what profiles, pictures and checks want to know of these ops (see Op.describe) -------------------
def _image(draw, channels):
    return draw.integer(1, 3), draw.integer(3, 5), draw.integer(3, 5), channels


def _one_or_two(draw, most):
    return draw.integer(1, most) if draw.boolean() else (draw.integer(1, most), draw.integer(1, most))


def _convolved(draw):
    w = draw.integer(1, 3), draw.integer(1, 3), draw.integer(1, 2), draw.integer(1, 2)
    x = _image(draw, w[2])
    return [draw.array(x), draw.array(w)], draw.some(
        strides=_one_or_two(draw, 2), padding=draw.choice("valid", "same", 1, ((1, 0), (0, 2))))


def _pooled(draw):
    x = draw.distinct(_image(draw, draw.integer(1, 2)))
    return [x], draw.some(pool_size=_one_or_two(draw, 3), strides=_one_or_two(draw, 3),
                          padding=draw.choice("valid", "same"))


def _size_and_strides(draw):
    return {"size": draw.choice((2, 2), (3, 1)), "strides": draw.choice((1, 1), (2, 2), (1, 2))}


def _windowed(draw):
    return [draw.array(_image(draw, 1))], _size_and_strides(draw)


def _overlapped(draw):
    (n, height, width, c), params = _image(draw, 1), _size_and_strides(draw)
    (kh, kw), (down, right) = params["size"], params["strides"]
    y = n, (height - kh) // down + 1, (width - kw) // right + 1, kh, kw, c
    return [draw.array(y)], {"shape": (n, height, width, c), "strides": params["strides"]}


windows.describe(cases=_windowed)
overlap_add.describe(cases=_overlapped)
conv2d.describe(cases=_convolved, flops=lambda y, x, w, **params: 2 * y.size * math.prod(w.shape[:-1]))
bias_add.describe(symbol="+")
avg_pool2d.describe(cases=_pooled)
max_pool2d.describe(cases=_pooled, slack=0.02, conventions=[
    ([np.array([[1.0, 1], [0, 1]]).reshape(1, 2, 2, 1)], {"pool_size": 2},
     [np.array([[1, 1], [0, 1]]).reshape(1, 2, 2, 1) / 3])])
