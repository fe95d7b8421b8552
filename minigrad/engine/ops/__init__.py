"""The derivative table: every operation, declared once as forward, vjp and domain.  REGISTRY maps names to them.

    rounding    floor division, remainders, round                               elementwise
    arithmetic  +, -, *, /, powers, exponentials, trigonometry, comparison      elementwise
    nonlinear   sigmoid, relu, gelu, ...                                        elementwise
    reductions  sum, mean, max, norm, logsumexp, sort, ...                      many numbers to one
    scans       cumprod, cummax, logcumsumexp: a number for each stretch
    joining     vstack, diff, kron, gradient, ...: NumPy's functions made of these ops
    choosing    topk, masked_select, scatter: made of these ops
    keywords    dtype=, initial=, where= of reductions
    shapes      reshape, transpose, concatenate, pad, ...                       elements move
    indexing    x[index], take, embedding
    matmul      products of matrices, einsum
    linalg      solve, inverse, determinant, Cholesky factor
    decompositions      eigenvalues, singular values, QR; norms of matrices
    neural      softmax, cross-entropy, normalisation, dropout
    attending   softmax(q kᵀ) v, a tile at a time
    through_time        LSTM and GRU, all steps of a sequence as one op
    conv        convolution and pooling
    convolutions        of sequences, dilated, in groups, transposed; interpolate: made of these ops
    in_small_steps      the same, of what is not NumPy's, slow and plain: what the checks compare with

This file only wires them up: operators and methods of Tensor, and NumPy functions called on a Tensor.
"""
from .. import backend, fusion
from ..interop import attach
from ..op import REGISTRY, Op, op
from . import (
    arithmetic,
    attending,
    choosing,
    conv,
    convolutions,
    decompositions,
    in_small_steps,
    indexing,
    joining,
    keywords,
    linalg,
    matmul,
    neural,
    nonlinear,
    reductions,
    rounding,
    scans,
    shapes,
    through_time,
)

MODULES = (arithmetic, rounding, nonlinear, reductions, scans, shapes, indexing, matmul, linalg, decompositions,
           neural, attending, through_time, conv)
FUNCTIONS = {}                              # every public name: the ops, and plain functions made of ops
for _module in MODULES:
    FUNCTIONS |= {name: f for name, f in vars(_module).items() if isinstance(f, Op) and not name.startswith("_")}
for _f in (indexing.take, shapes.ravel, shapes.split, matmul.dot, matmul.einsum, linalg.slogdet, linalg.pinv,
           linalg.matrix_power, *decompositions.PUBLIC, *choosing.PUBLIC, neural.dropout, *joining.PUBLIC,
           *convolutions.PUBLIC):
    FUNCTIONS[_f.__name__] = _f

FUNCTIONS |= {"mod": rounding.remainder, "copy": arithmetic.positive, "amax": reductions.max, "amin": reductions.min}

attach(FUNCTIONS)
keywords.give()
in_small_steps.give()
backend.when_gpu_is_first_used.append(lambda: fusion.install(REGISTRY))
