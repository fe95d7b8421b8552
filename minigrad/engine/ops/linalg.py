"""The derivative table, linear algebra: functions of whole matrices A (..., n, n), the axes in front being a batch.

    d(A⁻¹) = -A⁻¹ dA A⁻¹        d ln|det A| = tr(A⁻¹ dA)

All rules follow from these two (Giles 2008, "Collected matrix derivative results"; Murray 2016 for Cholesky).
A matrix that is singular, or not positive definite where it must be, is a ValueError.
"""
import math
from collections import namedtuple

import numpy as np

from ...support.arguments import whole
from ...support.explaining import explained
from ..backend import array_module
from ..op import as_array, as_real, op
from ..tensor import Tensor
from .domains import INVERTIBLE, POSITIVE_DEFINITE, REAL


def _t(a):
    return a.swapaxes(-1, -2)


def matrices(what, a, square=False):
    """a as an array or tensor of matrices, its last two axes; if it has none, a ValueError that begins with `what`."""
    a = as_array(a)
    if a.ndim < 2 or square and a.shape[-1] != a.shape[-2]:
        raise ValueError(f"{what}: of {'square ' * square}matrices, not of shape {a.shape}")
    return a


@op(vjp=lambda g, y, a: -_t(y) @ g @ _t(y), domain=INVERTIBLE, shapes="(n,n)->(n,n)")
def inv(a, /):
    """Y = A⁻¹      dA = -Yᵀ G Yᵀ."""
    return np.linalg.inv(a)


def _solve_vjp(g, y, a, b):
    if b.ndim == 1:                                 # a vector is a matrix of one column
        da, db = _solve_vjp(np.expand_dims(g, -1), np.expand_dims(y, -1), a, np.expand_dims(b, -1))
        return da, db[..., 0]
    db = solve(_t(a), g)
    return -db @ _t(y), db


@op(vjp=_solve_vjp, domain=(INVERTIBLE, REAL), shapes="(n,n),(n,k)->(n,k)")
def solve(a, b, /):
    """Y = A⁻¹ B, the solution of A Y = B      dB = A⁻ᵀ G,  dA = -dB Yᵀ.

    b is one vector (n,) or matrices (..., n, k), as in NumPy 2.
    """
    return np.linalg.solve(a, b)


def _times_inverse(g, a):
    """g A⁻ᵀ, a number g for each matrix."""
    return g.reshape(g.shape + (1, 1)) * _t(inv(a))


@op(vjp=lambda g, y, a: _times_inverse(g * y, a), domain=INVERTIBLE, shapes="(n,n)->()")
def det(a, /):
    """y = det A      dA = g y A⁻ᵀ."""
    return np.linalg.det(a)


@op(vjp=lambda g, y, a: _times_inverse(g, a), domain=INVERTIBLE, shapes="(n,n)->()")
def logabsdet(a, /):
    """y = ln|det A|, which overflows for no A, however large      dA = g A⁻ᵀ."""
    return np.linalg.slogdet(a)[1]


SlogdetResult = namedtuple("SlogdetResult", "sign logabsdet")


@explained
def slogdet(a) -> tuple:
    """The sign of det A and ln|det A|, as NumPy's named pair (sign, logabsdet): det A = sign · exp(logabsdet)."""
    sign, value = np.linalg.slogdet(a._data if isinstance(a, Tensor) else a)
    return SlogdetResult(Tensor(sign), logabsdet(a)) if isinstance(a, Tensor) else SlogdetResult(sign, value)


def _cholesky_vjp(g, y, a):
    p = _t(y) @ g
    p = 0.5 * (np.tril(p) + np.tril(p, -1))         # the lower triangle, with half the diagonal
    s = _t(solve(_t(y), _t(solve(_t(y), p))))       # L⁻ᵀ P L⁻¹
    return 0.5 * (s + _t(s))


@op(vjp=_cholesky_vjp, domain=POSITIVE_DEFINITE, shapes="(n,n)->(n,n)")
def cholesky(a, /):
    """L lower triangular, L Lᵀ = A      dA = the symmetric part of L⁻ᵀ P L⁻¹,  P = the lower triangle of Lᵀ G.

    P has half the diagonal.  A stands for its symmetric part (A + Aᵀ) / 2, so that dA is symmetric too.  (Murray 2016,
    "Differentiation of the Cholesky decomposition")
    """
    a = as_real(matrices("cholesky", a, square=True))           # of booleans, + would be or
    return np.linalg.cholesky(0.5 * (a + _t(a)))


# -- pseudo-inverses and powers ---------------------------------------------------------------------------------------
@explained
def pinv(a):
    """The pseudo-inverse of A (..., m, n) of full rank: (Aᵀ A)⁻¹ Aᵀ, or Aᵀ (A Aᵀ)⁻¹ where it has more columns.

    Of lower rank it is not continuous, and has no derivative: a ValueError.
    """
    a = matrices("pinv", a)
    if np.any(np.linalg.matrix_rank(getattr(a, "_data", a)) < min(a.shape[-2:])):
        raise ValueError(f"pinv: a matrix {a.shape} of lower rank than {min(a.shape[-2:])} has no derivative")
    return solve(_t(a) @ a, _t(a)) if a.shape[-2] >= a.shape[-1] else _t(solve(a @ _t(a), a))


@explained
def matrix_power(a, n):
    """A @ A @ ... @ A, n times; of the inverse for negative n, the identity for 0."""
    a, n = matrices("matrix_power", a, square=True), whole("matrix_power: n", n, low=-math.inf)
    if n < 0:
        return matrix_power(inv(a), -n)
    if n == 0:
        return 0 * a + array_module(a).eye(a.shape[-1], dtype=a.dtype)
    y = None
    while n:                                        # a, a², a⁴, ...; those multiplied that make up n
        if n % 2:
            y = a if y is None else y @ a
        n //= 2
        a = a @ a if n else a
    return y


# -- Skip at first: what profiles, pictures and checks want to know of these ops (see Op.describe) -------------------
def _equations(draw):
    """One vector, or matrices with batches that broadcast."""
    n = draw.integer(1, 3)
    a_lead, b_lead = draw.shapes(2, max_dims=1, min_side=1)
    vector = draw.boolean()
    a = draw.array((*a_lead, n, n), INVERTIBLE)
    return [a, draw.array((n,) if vector else (*b_lead, n, draw.integer(1, 2)))], {}


inv.describe(numpy=np.linalg.inv)
solve.describe(numpy=np.linalg.solve, cases=_equations)
det.describe(numpy=np.linalg.det)
cholesky.describe(numpy=np.linalg.cholesky, slack=0)            # its input must stay symmetric
