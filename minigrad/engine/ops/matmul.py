"""The derivative table, products of matrices: the hot path.

    Y = A B      dA = G Bᵀ,  dB = Aᵀ G

Shapes decide it: A (m, k), B (k, n), G (m, n); G Bᵀ is the only product of G and B with the shape of A.
"""
import math

import numpy as np

from ...support.explaining import explained
from ..backend import HALF, array_module, narrow, row_sum, wide
from ..op import as_array, op
from .arithmetic import multiply


def _matmul_da(g, y, a, b):
    """G Bᵀ."""
    return g @ b.T if a.ndim == b.ndim == 2 else _da_of_other_shapes(g, a, b)


def _matmul_db(g, y, a, b):
    """Aᵀ G."""
    return a.T @ g if a.ndim == b.ndim == 2 else _db_of_other_shapes(g, a, b)


def rows(x):
    """x (..., n) as one matrix of rows."""
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def product(a, b, /):
    """a @ b; a batch of matrices times one matrix is one big product, for which BLAS is much faster than for many."""
    if a.ndim > 2 and b.ndim == 2:
        return (rows(a) @ b).reshape(a.shape[:-1] + b.shape[-1:])
    return a @ b


matmul = op(product, (_matmul_da, _matmul_db), name="matmul", shapes="(m?,n),(n,p?)->(m?,p?)",
            doc="Y = A B      dA = G Bᵀ,  dB = Aᵀ G;  vectors, and batches that broadcast, as in np.matmul")


def _linear(x, w, b, /):
    return plus(product(x, w), b)


def plus(y, b):
    """y + b, in y's own memory where y is as precise as b."""
    if y.dtype is not b.dtype and np.result_type(y, b) != y.dtype:
        return y + b
    y += b
    return y


linear = op(_linear, (lambda g, y, x, w, b: _matmul_da(g, y, x, w),
                      lambda g, y, x, w, b: _matmul_db(g, y, x, w),
                      lambda g, y, x, w, b: row_sum(g)),
            name="linear", shapes="(m,n),(n,p),(p)->(m,p)",
            doc="Y = X W + b, the neuron formula before its f      dX = G Wᵀ,  dW = Xᵀ G,  db = Σ rows of G\n\n"
                "X (..., n), W (n, p), b (p,), Y (..., p); the bias is added in place.")


# -- Skip at first: what follows is the same two formulas, for vectors and batches, and for sums over other axes. ---
def _da_of_other_shapes(g, a, b):
    if b.ndim == 1:                                         # (m, k) @ (k,): g (m,) is a column, b a row
        return np.expand_dims(g, -1) * b
    if a.ndim == 1:                                         # (k,) @ (k, n): g (n,) is a row
        return (b @ np.expand_dims(g, -1)).reshape(b.shape[:-1])
    return product(g, b.swapaxes(-1, -2))


def _db_of_other_shapes(g, a, b):
    if a.ndim == 1:
        return a.reshape((-1,) + (1,) * (b.ndim > 1)) * (np.expand_dims(g, -2) if b.ndim > 1 else g)
    if b.ndim == 1:
        return (np.expand_dims(g, -2) @ a).reshape(g.shape[:-1] + b.shape)
    if b.ndim == 2:                                         # one B for a batch of A: one product over all rows
        return rows(a).T @ rows(g)
    return a.swapaxes(-1, -2) @ g


outer = op(lambda a, b, /: np.outer(a, b), (
    lambda g, y, a, b: (g @ b.reshape(-1)).reshape(a.shape),
    lambda g, y, a, b: (a.reshape(-1) @ g).reshape(b.shape)),
    name="outer", shapes="", doc="yᵢⱼ = aᵢ bⱼ, of a and b flattened      da = G b,  db = a G")


def _free_axes(axes, a, b):
    """The axes of a and of b that tensordot sums over, in order, and those it leaves."""
    if isinstance(axes, int):
        summed = list(range(a.ndim - axes, a.ndim)), list(range(axes))
    else:
        summed = [[i % x.ndim for i in ((s,) if isinstance(s, int) else s)] for s, x in zip(axes, (a, b))]
    return *summed, [i for i in range(a.ndim) if i not in summed[0]], [i for i in range(b.ndim) if i not in summed[1]]


def _inverse(order):
    return tuple(order.index(i) for i in range(len(order)))


def _tensordot_da(g, y, a, b, axes=2):
    summed_a, summed_b, free_a, free_b = _free_axes(axes, a, b)
    da = np.tensordot(g, b, (list(range(len(free_a), g.ndim)), free_b))     # a's free axes, then b's summed, ascending
    return np.transpose(da, _inverse(free_a + [i for _, i in sorted(zip(summed_b, summed_a))]))


def _tensordot_db(g, y, a, b, axes=2):
    summed_a, summed_b, free_a, free_b = _free_axes(axes, a, b)
    db = np.tensordot(a, g, (free_a, list(range(len(free_a)))))             # a's summed axes, ascending, then b's free
    return np.transpose(db, _inverse([i for _, i in sorted(zip(summed_a, summed_b))] + free_b))


@op(vjp=(_tensordot_da, _tensordot_db), shapes="")
def tensordot(a, b, /, axes=2):
    """y = Σ over the paired axes of a and b      da, db = g tensordot the other, over the other's free axes."""
    return np.tensordot(a, b, axes)


@explained
def dot(a, b):
    """np.dot: product with a number, of vectors or of matrices; else Σ over a's last and b's second-last axis."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return multiply(a, b)
    return matmul(a, b) if np.ndim(b) <= 2 else tensordot(a, b, axes=(np.ndim(a) - 1, np.ndim(b) - 2))


# -- Einstein summation ----------------------------------------------------------------------------------------------
def _parse(subscripts, operands):
    """(input letters, output letters), with letters for '...' and for an implied output."""
    left, _, right = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(operands):
        raise ValueError(f"{subscripts!r} names {len(terms)} operands, got {len(operands)}")
    spare = [c for c in map(chr, range(65, 123)) if c.isalpha() and c not in subscripts]
    batch = max((x.ndim - len(t) + 3 for t, x in zip(terms, operands) if "..." in t), default=0)
    dots = "".join(spare[:batch])
    terms = [t.replace("...", dots[batch - (x.ndim - len(t) + 3):] if "..." in t else "")
             for t, x in zip(terms, operands)]
    if "->" not in subscripts:
        letters = "".join(terms)
        right = "..." + "".join(sorted(c for c in set(letters) - set(dots) if letters.count(c) == 1))
    return terms, right.replace("...", dots)


def _einsum_vjp(g, y, *operands, subscripts):
    terms, out = _parse(subscripts, operands)
    spare = [c for c in map(chr, range(65, 123)) if c.isalpha() and c not in "".join(terms)]
    xp = array_module(g)
    for i, (term, x) in enumerate(zip(terms, operands)):
        others = [(t, o) for j, (t, o) in enumerate(zip(terms, operands)) if j != i]
        known, target = set(out).union(*(t for t, _ in others)), ""
        for letter, n in zip(term, x.shape):
            if letter in target:                            # a diagonal: only there does x count
                fresh = spare.pop()
                others.append((letter + fresh, xp.eye(n, dtype=g.dtype)))
                letter = fresh
            elif letter not in known:                       # summed away in x alone: copy along it
                others.append((letter, xp.ones(n, dtype=g.dtype)))
            target += letter
        dx = einsum(",".join([out] + [t for t, _ in others]) + "->" + target, g, *(o for _, o in others))
        yield np.broadcast_to(dx, np.broadcast_shapes(dx.shape, x.shape))       # where others had length 1


@op(vjp=lambda g, y, *xs, subscripts: tuple(_einsum_vjp(g, y, *xs, subscripts=subscripts)), name="einsum", shapes="")
def _einsum(*operands, subscripts):
    """y = the sum that the subscripts describe, as np.einsum      dx: the same with g in the place of x."""
    large = any(x.size > 1000 for x in operands)            # worth the search for an order, and BLAS
    y = np.einsum(subscripts, *map(wide, operands), optimize=len(operands) > 2 or large)
    return narrow(y, operands[0]) if all(getattr(x, "dtype", None) is HALF for x in operands) else y


def _letters(axes):
    """[0, 1, ...] as "ab..."."""
    return "".join("..." if i is ... else chr(97 + i) if i < 26 else chr(39 + i) for i in axes)


@explained
def einsum(subscripts, *operands):
    """np.einsum: einsum("bij,bjk->bik", a, b).  Letters name axes; those not in the output are summed over.

    Or each operand and then the numbers of its axes, at last those of the output: einsum(a, [0, 1], b, [1, 2], [0, 2]).
    """
    if not isinstance(subscripts, str) and operands and isinstance(operands[0], (list, tuple)):
        given = (subscripts, *operands)
        terms, operands = given[1::2], given[:len(given) - len(given) % 2:2]
        subscripts = ",".join(map(_letters, terms)) + ("->" + _letters(given[-1]) if len(given) % 2 else "")
    if not isinstance(subscripts, str):
        raise TypeError(f'einsum: subscripts first, as a string such as "ij,jk->ik", not {type(subscripts).__name__}')
    return _einsum(*map(as_array, operands), subscripts=subscripts)


# -- Skip at first: what profiles, pictures and checks want to know of these ops (see Op.describe) -------------------
def _of_letters(draw, terms, sizes):
    """An array for each term: its letters are its axes."""
    return [draw.array(tuple(sizes[c] for c in term)) for term in terms]


def _products(draw):
    """Vectors and matrices, with batches that broadcast, each as likely as the other."""
    terms = draw.choice("mk kn", "k k", "k kn", "mk k", "mk kn", "bmk kn", "mk bkn", "bmk 1kn", "bmk k", "k bkn",
                        "bmk bkn", "cbmk bkn")
    k, m, n = (draw.choice(2, 3, 3, 2, 1, 0) for _ in range(3))
    return _of_letters(draw, terms.split(), {"k": k, "m": m, "n": n or 2, "b": 2, "c": 2, "1": 1}), {}


def _layers(draw):
    n, m = (draw.choice(2, 3, 3, 2, 1, 0) for _ in range(2))
    terms = draw.choice("n np p", "mn np p", "bmn np p").split()
    return _of_letters(draw, terms, {"n": n, "m": m, "p": draw.integer(1, 3), "b": 2}), {}


def _any_two(draw):
    return [draw.array(draw.shape(0, 2)), draw.array(draw.shape(0, 2))], {}


def _contracted(draw):
    """Over the last axes of a and the first of b, by number; or over any, as lists, each side in its own order."""
    shared, a, b = draw.shape(0, 2, 1), draw.shape(0, 1, 1), draw.shape(0, 1, 1)
    x, y = draw.array(a + shared), draw.array(shared + b)
    if draw.boolean():
        return [x, y], {"axes": len(shared)}
    order_a, order_b = draw.permutation(x.ndim), draw.permutation(y.ndim)
    summed_a = tuple(order_a.index(len(a) + k) for k in range(len(shared)))
    summed_b = tuple(order_b.index(k) for k in range(len(shared)))
    if draw.boolean():                      # counted from the end
        summed_a, summed_b = tuple(i - x.ndim for i in summed_a), tuple(i - y.ndim for i in summed_b)
    return [np.transpose(x, order_a), np.transpose(y, order_b)], {"axes": (summed_a, summed_b)}


def _summed(draw):
    text = draw.choice("ij,jk->ik", "ij,ij->", "ii->i", "ij->j", "ij,k->kij", "i,j,k->jik", "iij->j", "ij->",
                       "...i,i->...", "ij,jk", "ji", "kj,ji", "...ij,...jk->...ik", "ii", "ij,ii->j")
    sizes = {letter: draw.integer(1, 3) for letter in "ijk"} | {"b": 2}
    terms = text.split("->")[0].replace("...", "b").split(",")
    operands, i = _of_letters(draw, terms, sizes), draw.integer(0, len(terms) - 1)
    shared = [k for k, c in enumerate(terms[i]) if terms[i].count(c) == 1 and "".join(terms).count(c) > 1]
    if shared and draw.boolean():           # of length 1 in one operand: stretched
        operands[i] = operands[i].take([0], draw.choice(*shared))
    return operands, {"subscripts": text}


def _einsum_flops(y, *operands, subscripts):
    """2 FLOPs for each combination of all letters (pairwise contraction of three or more needs fewer)."""
    terms, _ = _parse(subscripts, operands)
    lengths = {letter: n for term, x in zip(terms, operands) for letter, n in zip(term, x.shape)}
    return len(operands) * math.prod(lengths.values())


matmul.describe(symbol="@", cases=_products, flops=lambda y, a, b: 2 * y.size * a.shape[-1])
linear.describe(cases=_layers, flops=lambda y, x, w, b: 2 * y.size * x.shape[-1])
outer.describe(cases=_any_two, flops=lambda y, a, b: y.size)
tensordot.describe(cases=_contracted, flops=lambda y, a, b, axes=2: 2 * math.isqrt(a.size * b.size * max(y.size, 1)))
_einsum.describe(cases=_summed, flops=_einsum_flops, reference=lambda *xs, subscripts: np.einsum(subscripts, *xs))
