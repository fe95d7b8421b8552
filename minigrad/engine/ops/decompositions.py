"""The derivative table, decompositions of matrices A (..., m, n): eigenvalues, singular values, an orthogonal factor.

    A = V diag λ Vᵀ         A = U diag σ Vᵀ         A = Q R

Where a factor is not determined, as are the eigenvectors of equal eigenvalues, it has no derivative: a ValueError,
when one is asked for.  (Giles 2008, "Collected matrix derivative results")
"""
import math
from collections import namedtuple

import numpy as np

from ...support.explaining import explained
from ..backend import array_module
from ..op import as_array, as_real, op
from .linalg import _t, inv, matrices, solve
from .reductions import axes_of, max as largest, min as smallest, sum, vector_norm
from .shapes import concatenate, expand_dims, moveaxis, tril, triu


# -- eigenvalues and singular values ---------------------------------------------------------------------------------
# An op has one result, so eigenvalues and eigenvectors are the rows of one: λ above V; and so are σ, U and V.
def _plain(x):
    return getattr(x, "_data", x)


def _as_equal(gaps, largest, size):
    """Which differences of eigenvalues, or of singular values, are rounding errors."""
    return np.abs(_plain(gaps)) <= size * np.finfo(gaps.dtype).eps * np.abs(_plain(largest))


def _refuse(where, cotangents, why):
    """An error if cotangents matter where there is no derivative; not on a GPU, which would have to be waited for."""
    for g in map(_plain, cotangents):
        if isinstance(g, np.ndarray) and (where & (np.abs(g) > 1e-6 * np.abs(g).max(initial=0))).any():
            raise ValueError(why)


def _eigh_vjp(g, y, a):
    values, v = y[..., 0, :], y[..., 1:, :]
    gaps = np.expand_dims(values, -2) - np.expand_dims(values, -1)          # λⱼ - λᵢ
    eye = array_module(a).eye(a.shape[-1], dtype=a.dtype)
    inner = (_t(v) @ g[..., 1:, :]) * (1 - eye)
    largest = np.maximum(np.abs(_plain(values)[..., :1]), np.abs(_plain(values)[..., -1:]))
    equal = _as_equal(gaps, np.expand_dims(largest, -1), a.shape[-1])
    _refuse(equal, [inner], "eigh: two eigenvalues are equal, so their eigenvectors have no derivative")
    inside = np.where(equal, 0, inner / np.where(equal, 1, gaps)) + eye * np.expand_dims(g[..., 0, :], -2)
    s = v @ inside @ _t(v)
    return 0.5 * (s + _t(s))


@op(vjp=_eigh_vjp, shapes="")
def eigen(a, /):
    """Y = λ above V, A = V diag λ Vᵀ for symmetric A      dA = V (diag dλ + (Vᵀ dV)ᵢⱼ / (λⱼ - λᵢ)) Vᵀ.

    A (..., n, n) stands for its symmetric part (A + Aᵀ) / 2, λ is ascending, V has the eigenvectors as columns.
    Those of equal eigenvalues can be turned into each other, so they have no derivative: a ValueError, unless they
    don't matter.  (Giles 2008)
    """
    a = as_real(a)
    values, vectors = np.linalg.eigh(0.5 * (a + _t(a)))
    return np.concatenate([np.expand_dims(values, -2), vectors], axis=-2)


def _parts(y, m):
    """σ, U and V of the result of singular for matrices of m rows."""
    return y[..., 0, :], y[..., 1:m + 1, :], y[..., m + 1:, :]


def _svd_vjp(g, y, a):
    (m, n), k = a.shape[-2:], y.shape[-1]
    s, u, v = _parts(y, m)
    gs, gu, gv = _parts(g, m)
    xp, row, column = array_module(a), np.expand_dims(s, -2), np.expand_dims(s, -1)
    eye, gaps = xp.eye(k, dtype=a.dtype), (row - column) * (row + column)           # σⱼ² - σᵢ²
    largest = row[..., :1]
    equal, none = _as_equal(row - column, largest, max(m, n)), _as_equal(row, largest, max(m, n))
    p, q = _t(u) @ gu, _t(v) @ gv
    _refuse(equal & (eye == 0), [p, q],
            "svd: two singular values are equal, so their singular vectors have no derivative")
    p, q = p - _t(p), q - _t(q)
    inside = np.where(equal, 0, (p * row + column * q) / np.where(equal, 1, gaps))
    da = u @ (inside + eye * np.expand_dims(np.where(_plain(s) == 0, 0, gs), -2)) @ _t(v)
    across = np.where(none, 1, row)
    if m > k:                                       # what turns U out of the space of its columns
        out = gu - u @ (_t(u) @ gu)
        _refuse(none, [out], "svd: a singular value is 0, so its singular vectors have no derivative")
        da = da + np.where(none, 0, out / across) @ _t(v)
    if n > k:
        out = gv - v @ (_t(v) @ gv)
        _refuse(none, [out], "svd: a singular value is 0, so its singular vectors have no derivative")
        da = da + u @ _t(np.where(none, 0, out / across))
    return da


@op(vjp=_svd_vjp, shapes="")
def singular(a, /):
    """Y = σ above U above V, A = U diag σ Vᵀ      dA = U (diag dσ + (P σⱼ + σᵢ Q) / (σⱼ² - σᵢ²)) Vᵀ + what turns out.

    P and Q are the antisymmetric parts of Uᵀ dU and Vᵀ dV, twice.  A (..., m, n) -> U (..., m, k), V (..., n, k), σ
    descending, k = min(m, n).  Singular vectors of equal σ, or where there are more rows or columns than k of σ = 0,
    have no derivative: a ValueError, unless they don't matter.  At σ = 0, which is an absolute value, dA is 0.
    (Townsend 2016, "Differentiating the singular value decomposition")
    """
    u, s, vt = np.linalg.svd(as_real(a), full_matrices=False)
    return np.concatenate([np.expand_dims(s, -2), u, _t(vt)], axis=-2)


EighResult = namedtuple("EighResult", "eigenvalues eigenvectors")
SVDResult = namedtuple("SVDResult", "U S Vh")
QRResult = namedtuple("QRResult", "Q R")


def _one_triangle(what, a, UPLO):
    """A as it stands, or the symmetric matrix that one of its triangles stands for."""
    a = matrices(what, a, square=True)
    if UPLO not in (None, "L", "U"):
        raise ValueError(f"{what}: UPLO must be 'L' or 'U', for the lower or upper triangle, not {UPLO!r}")
    return a if UPLO is None else tril(a) + _t(tril(a, k=-1)) if UPLO == "L" else triu(a) + _t(triu(a, k=1))


@explained
def eigh(a, UPLO=None) -> tuple:
    """Eigenvalues, ascending, and eigenvectors, as columns, of symmetric A: NumPy's named pair.

    UPLO    "L" or "U": only this triangle of A is read; None: A stands for its symmetric part
    Eigenvectors of equal eigenvalues have no derivative: asked for, a ValueError.
    """
    y = eigen(_one_triangle("eigh", a, UPLO))
    return EighResult(y[..., 0, :], y[..., 1:, :])


@explained
def eigvalsh(a, UPLO=None):
    """The eigenvalues of symmetric A, ascending.  Of equal ones each gets the share of its own eigenvector."""
    return eigen(_one_triangle("eigvalsh", a, UPLO))[..., 0, :]


@explained
def svd(a, full_matrices=True, compute_uv=True) -> tuple:
    """U, σ and Vᵀ, A = U diag σ Vᵀ, σ descending: NumPy's named triple; σ alone without compute_uv.

    full_matrices   as in NumPy; of matrices that are not square only False is possible: the further columns of U or V
                    may be turned into each other, so they have no derivative
    Singular vectors of equal σ have no derivative: asked for, a ValueError.
    """
    m, n = matrices("svd", a).shape[-2:]
    s, u, v = _parts(singular(a), m)
    if not compute_uv:
        return s
    if full_matrices and m != n:
        raise ValueError(f"svd: the square U and V of matrices {m} x {n} have no derivative: full_matrices=False")
    return SVDResult(u, s, _t(v))


@explained
def svdvals(a):
    """The singular values of A, descending.  Of equal ones each gets the share of its own singular vectors."""
    return svd(a, compute_uv=False)


# -- an orthogonal and a triangular factor ---------------------------------------------------------------------------
def _factors_vjp(g, y, a):
    m, n = a.shape[-2:]
    (q, r), (gq, gr) = ((t[..., :m, :], t[..., m:, :]) for t in (y, g))
    size = np.abs(_plain(r).diagonal(axis1=-2, axis2=-1))
    if isinstance(size, np.ndarray) and (size <= m * np.finfo(a.dtype).eps * size.max(axis=-1, keepdims=True,
                                                                                      initial=0)).any():
        raise ValueError(f"qr: the {n} columns of a matrix depend on each other, so Q has no derivative")
    p = r @ _t(gr) - _t(gq) @ q
    return _t(solve(r, _t(gq + q @ (np.tril(p) + _t(np.tril(p, -1))))))


@op(vjp=_factors_vjp, shapes="")
def factors(a, /):
    """Y = Q above R, A = Q R      dA = (dQ + Q S) R⁻ᵀ,  S = P's lower triangle, mirrored,  P = R dRᵀ - dQᵀ Q.

    A (..., m, n) with m ≥ n columns that don't depend on each other -> Q (..., m, n), with orthogonal columns of length
    1, and R (..., n, n), upper triangular.  Columns that do are a ValueError in backward.  (Walter and Lehmann 2010)
    """
    if a.shape[-2] < a.shape[-1]:
        raise ValueError("of no more columns than rows")
    q, r = np.linalg.qr(as_real(a))
    return np.concatenate([q, r], axis=-2)


@explained
def qr(a, mode="reduced") -> tuple:
    """Q with orthogonal columns of length 1, R upper triangular, A = Q R (..., m, n): NumPy's named pair.

    mode    "reduced";  "r": R alone;  "complete": of no more rows than columns the same, of others refused, since the
            further columns of Q may be turned into each other, and have no derivative
    The first min(m, n) columns of A must not depend on each other where a derivative is asked for: a ValueError.
    """
    a = matrices("qr", a)
    m, n = a.shape[-2:]
    if mode not in ("reduced", "r", "complete"):
        raise ValueError(f'qr: mode must be "reduced", "complete" or "r", not {mode!r}')
    if mode == "complete" and m > n:
        raise ValueError(f'qr: the square Q of a matrix {m} x {n} has no derivative: mode="reduced"')
    y = factors(a[..., :m])
    q, r = y[..., :m, :], y[..., m:, :]
    if n > m:
        r = concatenate(r, _t(q) @ a[..., m:], axis=-1)
    return r if mode == "r" else QRResult(q, r)


# -- norms -----------------------------------------------------------------------------------------------------------
@explained
def norm(x, ord=None, axis=None, keepdims=False):
    """The length of vectors or the size of matrices, as in NumPy: √Σx² of all of x, or of another order.

    Along one axis, or of a vector, an order as in vector_norm; over two, or of a matrix, one as in matrix_norm.
    """
    x = as_array(x)
    axes = axes_of(x, axis)
    if axis is not None and len(set(axes)) < len(axes):
        raise ValueError(f"norm: an axis is given twice, {axis}")
    if ord is None or len(axes) == 1 and ord != "fro":
        return vector_norm(x, ord=2 if ord is None else ord, axis=axis, keepdims=keepdims)
    if len(axes) != 2:
        raise ValueError(f"norm: an order, ord={ord!r}, is that of a vector or of a matrix, not of {len(axes)} axes")
    y = matrix_norm(moveaxis(x, axes, (-2, -1)), ord=ord)
    return expand_dims(y, axes) if keepdims else y


@explained
def matrix_norm(x, keepdims=False, ord="fro"):
    """The size of the matrices A that the last two axes hold.

    ord     "fro": √ΣA²;  "nuc": the sum of the singular values;  2, -2: the largest, the smallest of them;
            1, -1: the largest, the smallest Σ|A| of a column;  inf, -inf: those of a row
    Ties share.  What is said of svd where σ = 0, and of vector_norm at 0, holds here too.
    """
    x = matrices("matrix_norm", x)
    if isinstance(ord, str) and ord == "fro":
        return vector_norm(x, axis=(-2, -1), keepdims=keepdims)
    if isinstance(ord, str) and ord == "nuc":
        y = sum(svdvals(x), axis=-1)
    elif ord in (1, -1, 2, -2, math.inf, -math.inf):
        sizes = svdvals(x) if abs(ord) == 2 else vector_norm(x, ord=1, axis=-1 if math.isinf(ord) else -2)
        y = (largest if ord > 0 else smallest)(sizes, axis=-1)
    else:
        raise ValueError(f'norm: a matrix has the orders "fro", "nuc", ±1, ±2 and ±inf, not {ord!r}')
    return y[..., None, None] if keepdims else y


@explained
def cond(a, p=None):
    """How much solve enlarges relative errors: σ₁ / σₙ (p 2 or None; -2: upside down), or norm(A, p) norm(A⁻¹, p)."""
    if not min(matrices("cond", a).shape[-2:]):
        raise ValueError(f"cond: a matrix without numbers, of shape {np.shape(a)}, enlarges nothing")
    if p in (None, 2, -2):
        s = svdvals(a)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    return matrix_norm(a, ord=p) * matrix_norm(inv(a), ord=p)


PUBLIC = (eigh, eigvalsh, svd, svdvals, qr, norm, matrix_norm, cond)


# -- Skip at first: what profiles, pictures and checks want to know of these ops (see Op.describe) -------------------
def _far_apart(draw):
    """A symmetric matrix whose eigenvalues differ; and no op can tell an eigenvector from its opposite, so not here."""
    n = draw.integer(1, 3)
    a = 0.2 * draw.array((*draw.shape(0, 1, 1), n, n))
    return [a + _t(a) + 4.0 * np.diag(np.arange(n))], {}


def _not_equal(draw):
    """A matrix whose singular values differ, and are not 0."""
    m, n = draw.integer(1, 3), draw.integer(1, 3)
    return [0.2 * draw.array((*draw.shape(0, 1, 1), m, n)) + np.eye(m, n) * (2.0 + 3 * np.arange(n))], {}


def _of_full_rank(draw):
    n = draw.integer(1, 3)
    m = n + draw.integer(0, 2)
    return [0.3 * draw.array((*draw.shape(0, 1, 1), m, n)) + 2.0 * np.eye(m, n)], {}


singular.describe(cases=_not_equal, slack=0, reference=singular.forward)
factors.describe(cases=_of_full_rank, slack=0, reference=factors.forward)
eigen.describe(cases=_far_apart, slack=0, conventions=[([[[0.0]]], {}, [[[1.0]]])],
               reference=lambda a: eigen.forward(0.5 * (a + _t(a))))
