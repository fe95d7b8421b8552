"""The derivative table, attention: as the formula says, and a tile at a time, so that memory grows with T, not with T².

Of T queries and S keys there are T S scores: 268 MB for four heads at T = S = 4,096, in float32.  But a row of the
result is Σⱼ eˢʲ vⱼ / Σⱼ eˢʲ, two sums, and sums can be taken piece by piece: of 256 keys at a time, say, whose scores
then are in the cache while they are used, and nowhere afterwards.  Backward computes them again, which is cheaper than
to fetch them from memory.  (Rabe & Staats 2021, "Self-attention does not need O(n²) memory"; Dao et al. 2022)
"""
import math
from typing import NamedTuple

import numpy as np

from .. import backend
from ..backend import last_sum, narrow, wide
from ..op import as_real, op
from ..tensor import Tensor
from .neural import _softmax_vjp, softmax


# -- as the formula says ---------------------------------------------------------------------------------------------
def attention_weights(q, k, causal=False, mask=None, scale=None):
    """softmax(scale · q kᵀ) over the keys, those not allowed excluded: (..., T, S)."""
    scores = (wide(q) * _scale(q, scale)) @ wide(k).swapaxes(-1, -2)
    allowed = boolean(mask, "attention: mask")
    if causal:                                      # position t sees the S - T earlier keys and those up to itself
        t, s = scores.shape[-2:]
        past = backend.array_module(scores).tri(t, s, s - t, dtype=bool)
        allowed = past if mask is None else past & allowed
    return softmax(scores, where=allowed)           # in float32 of float16


def _simple_vjp(g, q, k, v, causal=False, mask=None, scale=None, saved=None):
    p = attention_weights(q, k, causal, mask, scale) if saved is None else saved
    g, q, k, v = wide(g), wide(q), wide(k), wide(v)
    ds = _softmax_vjp(g @ v.swapaxes(-1, -2), p, None)
    dq, dk, scale = ds @ k, ds.swapaxes(-1, -2) @ q, _scale(q, scale)
    dq *= scale
    dk *= scale
    return dq, dk, p.swapaxes(-1, -2) @ g


def boolean(mask, what):
    """A mask as an array of booleans (None stays None), an error where its numbers might mean something else."""
    mask = getattr(mask, "_data", mask)
    if mask is None or hasattr(mask, "dtype") and mask.dtype.kind == "b":
        return mask
    mask = np.asarray(mask) if isinstance(mask, (list, tuple, bool, int, float)) else mask
    if mask.dtype.kind not in "iub" or isinstance(mask, np.ndarray) and not ((mask == 0) | (mask == 1)).all():
        raise TypeError(f"{what} must be boolean, True where a query may look, not {mask.dtype}; a mask of 0 and -1e9 "
                        "that is added to the scores is, as a boolean, mask == 0; with other numbers to add, attention "
                        "is softmax(q @ k.swapaxes(-1, -2) / d**0.5 + bias) @ v")
    return mask.astype(bool)


def _scale(q, scale):
    return 1 / math.sqrt(q.shape[-1]) if scale is None else scale


# -- a tile at a time ------------------------------------------------------------------------------------------------
FEW = 2**14                                         # scores of a head: these are kept, rather than computed again
ROWS, ROOM = {"cpu": 256, "gpu": 2048}, {"cpu": 2**18, "gpu": 2**24}        # a tile's most rows, and most numbers
ALL = slice(None)


class Tile(NamedTuple):
    """Where a tile lies, as indices: in scores, in arrays with a row for each query, and with a row for each key."""
    scores: tuple
    queries: tuple
    keys: tuple
    keys_t: tuple                                   # in arrays with a column for each key


class TiledScores:
    """scale · q kᵀ, of which only a tile is there at a time: some heads, some rows (queries), some columns (keys).

    lead    the leading axes of q, k, v and the mask, broadcast
    top     what is subtracted from the scores of each row, so that eˢ can't overflow: the largest of those seen so far,
            (*lead, T, 1).  None where no score is large anyway, since by Cauchy and Schwarz |q · k| ≤ |q| |k|
    """

    def __init__(self, q, k, v, causal, mask, scale):
        mask = boolean(mask, "attention: mask")
        q, k, v = _of_one_type(*(wide(as_real(x)) for x in (q * _scale(q, scale), k, v)))
        if k.shape[-2] != v.shape[-2]:
            raise ValueError(f"{k.shape[-2]} keys for {v.shape[-2]} values")
        self.t, self.s, self.causal = q.shape[-2], k.shape[-2], causal
        self.lead = np.broadcast_shapes(*(x.shape[:-2] for x in (q, k, v, mask) if x is not None))
        self.q, self.k, self.v, self.k_t = (_spread(x, self.lead) for x in (q, k, v, _transposed(k)))
        self.mask = None if mask is None else np.broadcast_to(mask, (*self.lead, self.t, self.s))
        self.top = None if _are_small(q, k, v) else self.new(1, fill=float(np.finfo(q.dtype).min))

    def new(self, width, rows=None, fill=0):
        """A new array (*lead, rows or T, width)."""
        x = self.q
        return backend.array_module(x).full((*self.lead, self.t if rows is None else rows, width), fill, x.dtype)

    def tiles(self):
        """The tiles that have to be computed: of causal attention, those that reach below the diagonal."""
        kind = backend.parse_device(backend.device_of(self.q))[0]
        height = max(1, min(self.t, ROWS[kind], max(ROWS[kind] // 4, self.t // 16)))    # few of them half in vain
        width = max(1, min(self.s, ROOM[kind] // height))
        for at in _heads(self.lead, ROOM[kind] // (height * width)):
            for a in range(0, self.t, height):
                rows = slice(a, min(a + height, self.t))
                seen = min(rows.stop + self.s - self.t, self.s) if self.causal else self.s
                for b in range(0, seen, width):
                    keys = slice(b, min(b + width, seen))
                    yield Tile((*at, ..., rows, keys), (*at, ..., rows, ALL), (*at, ..., keys, ALL),
                               (*at, ..., ALL, keys))

    def at(self, tile):
        """The scores of a tile, -∞ where a query may not look."""
        scores, (*_, rows, keys) = self.q[tile.queries] @ self.k_t[tile.keys_t], tile.scores
        if self.mask is not None:
            np.copyto(scores, -math.inf, where=~self.mask[tile.scores])
        first = rows.start + self.s - self.t                    # the last key that the first row may look at
        if self.causal and keys.stop - 1 > first:
            begin = max(keys.start, first + 1)
            corner = scores[..., begin - keys.start:]
            past = backend.array_module(scores).tri(*corner.shape[-2:], first - begin, dtype=bool)
            np.copyto(corner, -math.inf, where=~past)
        return scores

    def exp(self, scores, tile):
        """e^(scores - top), where the scores were."""
        if self.top is not None:
            scores -= self.top[tile.queries]
        return np.exp(scores, out=scores)


def _heads(lead, room):
    """Indices of the leading axes, each of at most `room` heads (or one), which together are all."""
    if math.prod(lead) <= max(room, 1):
        yield ()
        return
    inner = math.prod(lead[1:])
    if inner <= room:
        step = room // inner
        yield from ((slice(i, i + step),) for i in range(0, lead[0], step))
    else:
        yield from ((i, *rest) for i in range(lead[0]) for rest in _heads(lead[1:], room))


def _of_one_type(*arrays):
    dtype = np.result_type(*(x.dtype for x in arrays))
    return [x if x.dtype == dtype else x.astype(dtype) for x in arrays]


def _spread(x, lead):
    return x if x.shape[:-2] == lead else np.broadcast_to(x, (*lead, *x.shape[-2:]))


def _transposed(x):
    return x.swapaxes(-1, -2).copy()                # in memory too: BLAS is faster at q kᵀ then


def _are_small(q, k, v):
    """Are all scores sure to lie between -30 and 30, and no value near 3e38 / e³⁰?  A GPU would be waited for: no."""
    if not isinstance(q, np.ndarray):
        return False
    with np.errstate(over="ignore"):                # in float32 the square of 1.8e19 is infinite already: not small
        return bool(_longest(q) * _longest(k) < 30**2 and _longest(v) < math.inf)


def _longest(x):
    return last_sum(x * x).max(initial=0)


def _add(x, place, y):
    part = x[place]
    part += y


def _attention_vjp(g, y, q, k, v, causal=False, mask=None, scale=None, saved=None):
    if not isinstance(saved, tuple):
        return _simple_vjp(g, q, k, v, causal, mask, scale, saved)
    scores, y, share = saved
    q, k, g = scores.q, scores.k, wide(g) * share               # P = share · eˢ
    dq, dk, dv = scores.new(q.shape[-1]), scores.new(k.shape[-1], scores.s), scores.new(v.shape[-1], scores.s)
    # P (dP - Σ P dP), in which Σ P dP = Σ P v · g = y · g for each row: one more column of the product dP = g vᵀ
    g_and_sum = np.concatenate([g, -last_sum(g * y)], axis=-1)
    v_and_1 = _transposed(np.concatenate([scores.v, scores.new(1, scores.s, fill=1)], axis=-1))
    for tile in scores.tiles():
        e = scores.exp(scores.at(tile), tile)
        _add(dv, tile.keys, e.swapaxes(-1, -2) @ g[tile.queries])
        ds = g_and_sum[tile.queries] @ v_and_1[tile.keys_t]
        ds *= e
        _add(dq, tile.queries, ds @ k[tile.keys])
        _add(dk, tile.keys, ds.swapaxes(-1, -2) @ q[tile.queries])      # q has been scaled
    dq *= _scale(q, scale)
    return dq, dk, dv


@op(vjp=_attention_vjp, shapes="(t,d),(s,d),(s,e)->(t,e)", saves=True)
def attention(q, k, v, /, causal=False, mask=None, scale=None):
    """y = P v,  P = softmax(S),  S = q kᵀ / √d      dv = Pᵀ g,  dP = g vᵀ,  dS = P (dP - Σ P dP).

    dq = dS k / √d,  dk = dSᵀ q / √d.
    q (..., T, d), k (..., S, d), v (..., S, e), y (..., T, e).  causal: each position sees itself and earlier ones.
    mask: boolean, broadcast to (..., T, S), True where a query may look; one that may look nowhere gets y = 0 and no
    gradient.  (Vaswani et al. 2017, eq. 1)
    Memory grows with T + S, not with T S; but derivatives of the gradient hold all of S.  Where T S is large, Σ P dP is
    taken as y · g, which it is but for rounding: in float32 to 5e-7 |v| |g| (the worst seen, for up to 60,000 keys),
    also where dS is 0.
    """
    if min(q.ndim, k.ndim) < 2 or q.shape[-2] * k.shape[-2] <= FEW or isinstance(scale, Tensor):
        p = attention_weights(q, k, causal, mask, scale)
        return narrow(p @ wide(v), q), p
    scores = TiledScores(q, k, v, causal, mask, scale)
    y, total, top = scores.new(v.shape[-1]), scores.new(1), scores.top
    for tile in scores.tiles():
        s, y_here, total_here = scores.at(tile), y[tile.queries], total[tile.queries]
        if top is not None:                         # what has been added up so far is relative to the top so far
            high = top[tile.queries]
            before = high.copy()
            np.maximum(high, s.max(axis=-1, keepdims=True), out=high)
            for sum_so_far in (y_here, total_here):
                sum_so_far *= np.exp(before - high)
        e = scores.exp(s, tile)
        total_here += last_sum(e)
        y_here += e @ scores.v[tile.keys]
    share = (total > 0) / np.maximum(total, float(np.finfo(total.dtype).tiny))  # 0 where a query may look nowhere
    y *= share
    return narrow(y, q), (scores, y, share)


# -- Skip at first: what profiles, pictures and checks want to know of it (see Op.describe) --------------------------
def _attended(draw):
    lead, t, d = draw.shape(0, 1, 1), draw.integer(1, 3), draw.integer(1, 3)
    s = t + draw.integer(0, 2)
    q, k, v = (draw.array((*lead, n, width)) for n, width in ((t, d), (s, d), (s, 3)))
    mask = draw.booleans((t, s))
    return [q, k, v], draw.some(causal=draw.boolean(), mask=mask, scale=0.5)


def _attention_flops(y, q, k, v, **params):
    """q kᵀ and P v: 2 T S (d + e) for each of the leading axes."""
    return 2 * math.prod(q.shape[:-1]) * k.shape[-2] * (q.shape[-1] + v.shape[-1])


attention.describe(cases=_attended, flops=_attention_flops, conventions=[
    ([[[0.5]], [[1.0], [2]], [[3.0], [4]]], {"mask": np.zeros((1, 2), bool)}, [[[0.0]], [[0.0], [0]], [[0.0], [0]]])])
