"""Conventions: what holds at kinks, ties and poles, for huge and for infinite numbers, and in single precision."""
import math

import numpy as np
import pytest
from hypothesis import given, strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import minigrad as mg

inf, nan = math.inf, math.nan


def slope(f, *values, dtype=float):
    """d Σ f(x) / dx at an array of values."""
    x = mg.tensor(values, dtype=dtype, requires_grad=True)
    f(x).sum().backward()
    return x.grad.numpy()


def curvature(f, *values):
    """The diagonal of the second derivative, for elementwise f."""
    return slope(lambda x: mg.grad(lambda x: f(x).sum())(x), *values)


@pytest.mark.parametrize("f, at, expected", [
    # kinks
    (mg.abs, [-2, 0, 2], [-1, 0, 1]),
    (mg.relu, [-1, 0, 1], [0, 0, 1]),
    (mg.leaky_relu, [-1, 0, 1], [0.2, 0.2, 1]),
    (mg.sign, [-1, 0, 1], [0, 0, 0]),
    (mg.floor, [-1.5, 0, 1], [0, 0, 0]),
    (lambda x: mg.clip(x, -1, 1), [-2, -1, 0, 1, 2], [0, 1, 1, 1, 0]),
    (mg.norm, [0, 0], [0, 0]),
    (mg.norm, [3, -4], [0.6, -0.8]),
    (mg.std, [2, 2, 2], [0, 0, 0]),
    (lambda x: x.reshape(2, 1).std(axis=1), [1, 2], [0, 0]),
    # ties share, equally
    (mg.max, [1, 3, 3, 3], [0, 1 / 3, 1 / 3, 1 / 3]),
    (mg.min, [1, 1, 3], [0.5, 0.5, 0]),
    (lambda x: mg.maximum(x, 1.0), [0, 1, 2], [0, 0.5, 1]),
    (lambda x: mg.minimum(x, 1.0), [0, 1, 2], [1, 0.5, 0]),
    (lambda x: mg.max_pool2d(x.reshape(1, 2, 2, 1)), [2, 2, 1, 2], [1 / 3, 1 / 3, 0, 1 / 3]),
    (lambda x: mg.sort(x) * mg.tensor([1.0, 2, 3]), [2, 1, 1], [3, 1, 2]),         # in their order
    # a repeated index adds up
    (lambda x: x[[0, 0, 2]], [1, 1, 1], [2, 0, 1]),
    (lambda x: mg.take(x, np.array([[-1, 2], [0, 2]])), [1, 1, 1], [1, 0, 3]),
    (lambda x: mg.embedding(x.reshape(3, 1), [1, 1, 0]), [1, 1, 1], [1, 2, 0]),
    (lambda x: mg.take_along_axis(x, np.array([1, 1, 1, 2])), [1, 1, 1], [0, 3, 1]),
    # powers at 0
    (lambda x: x ** 2, [0, 3], [0, 6]),
    (lambda x: x ** 1, [0, 3], [1, 1]),
    (lambda x: x ** 0, [0, 3], [0, 0]),
    (lambda x: x ** np.array([0, 0, 1, 2]), [0, 3, 0, 0], [0, 0, 1, 0]),
    (lambda x: 0.0 ** x, [2, 1], [0, 0]),
    (lambda x: 2.0 ** x, [3], [8 * math.log(2)]),
    # products with zeros among the factors
    (mg.prod, [2, 0, 3], [0, 6, 0]),
    (mg.prod, [0, 5, 0], [0, 0, 0]),
    (mg.prod, [7], [1]),
    # huge and infinite numbers
    (mg.sigmoid, [-1e4, 1e4, inf, -inf], [0, 0, 0, 0]),
    (mg.softplus, [-1e4, 1e4], [0, 1]),
    (mg.silu, [-1e20, 1e20], [0, 1]),
    (mg.gelu, [-1e200, 1e200], [0, 1]),
    (lambda x: mg.gelu(x, approximate=False), [-1e200, 1e200], [0, 1]),
    (mg.erf, [-inf, inf, 1e200], [0, 0, 0]),
    (mg.elu, [-1e4, 1e4], [0, 1]),
    (mg.logsumexp, [1e4, -1e4], [1, 0]),
    (mg.logsumexp, [-inf, -inf], [0, 0]),
    (mg.logsumexp, [-inf, 2], [0, 1]),
    (lambda x: mg.softmax_cross_entropy(x, [0.0, 1]), [1e5, -1e5], [1, -1]),
    (lambda x: mg.sparse_softmax_cross_entropy(x, 1), [1e5, -1e5], [1, -1]),
    (lambda x: mg.sigmoid_cross_entropy(x, np.array([0.0, 1])), [1e5, -1e5], [1, -1]),
])
def test_slope(f, at, expected):
    assert_allclose(slope(f, *at), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("branch", [mg.sqrt, mg.log, lambda x: 1 / x, lambda x: x ** -0.5,
lambda x: mg.sqrt(mg.exp(x) - 1)])
def test_no_nan_comes_back_from_the_branch_not_taken(branch):
    def f(x):
        return mg.where(x > 0, branch(x), 0.0)
    with np.errstate(all="ignore"):
        assert_allclose(slope(f, 0, 4), [0, slope(branch, 4)[0]])
        assert_allclose(curvature(f, 0, 4), [0, curvature(branch, 4)[0]])


def test_a_nan_that_was_asked_for_stays():
    with np.errstate(all="ignore"):
        assert np.isnan(slope(lambda x: mg.sqrt(x), -1)).all()
        assert np.isinf(slope(lambda x: mg.where(x > -1, mg.sqrt(x), 0.0), 0)).all()


def test_second_derivatives_of_a_product_with_zeros():
    hessian = mg.hessian(mg.prod)(np.array([0.0, 2, 3, 0]))
    expected = np.zeros((4, 4))
    expected[0, 3] = expected[3, 0] = 6                     # the product of the other two
    assert_allclose(hessian, expected)


def test_a_product_of_many_factors_with_a_zero_takes_little_memory():
    x = np.full(200_000, 1.00001)
    x[7] = 0
    assert_allclose(mg.grad(mg.prod)(x)[[6, 7, 8]], [0, 1.00001 ** 199_999, 0], rtol=1e-8)


# -- values ----------------------------------------------------------------------------------------------------------
@given(st.floats(allow_nan=False))
def test_erf(x):
    assert mg.erf(x) == pytest.approx(math.erf(x), rel=1e-15, abs=1e-15)
    x = np.float32(np.clip(x, -1e38, 1e38))
    assert mg.erf(x) == pytest.approx(math.erf(x), rel=4e-7)


def test_erf_of_nan_is_nan_and_keeps_the_sign_of_0():
    assert np.isnan(mg.erf(nan)) and math.copysign(1, mg.erf(-0.0)) == -1


@given(st.floats(-40, 40))
def test_gelu(x):
    exact = x * math.erfc(-x / math.sqrt(2)) / 2
    assert mg.gelu(np.float64(x), approximate=False) == pytest.approx(exact, rel=1e-14, abs=1e-14)
    assert mg.gelu(np.float64(x)) == pytest.approx(exact, abs=5e-4)


@pytest.mark.parametrize("f, at, expected", [
    (mg.softmax, [1e5, 1e5], [0.5, 0.5]), (mg.softmax, [-inf, 0], [0, 1]), (mg.log_softmax, [1e5, 0], [0, -1e5]),
    (mg.logsumexp, [1e5, 1e5], 1e5 + math.log(2)), (mg.logsumexp, [-inf, -inf], -inf), (mg.logsumexp, [inf, 0], inf),
    (mg.softplus, [1e5, -1e5], [1e5, 0]), (mg.sigmoid, [-inf, inf], [0, 1]),
    (mg.logabsdet, 1e200 * np.eye(4), 800 * math.log(10)),
    (mg.softmax, [0, 0], [0.5, 0.5]), (mg.log_softmax, [[0, 0]], [[-math.log(2)] * 2]),                 # whole numbers
    (mg.mean, [1, 2], 1.5), (lambda z: mg.softmax_cross_entropy(z, [0, 1]), [0, 0], math.log(2)),
])
def test_value(f, at, expected):
    assert_allclose(f(np.array(at)), expected, rtol=1e-12)


# -- single precision ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("f", [
    lambda x: x + 1.5, lambda x: 1.5 - x, lambda x: x / 3, lambda x: 2 * x, lambda x: x ** 2, lambda x: x ** 0.5,
    lambda x: 2 ** x, lambda x: mg.where(x > 1, x, 0.0), lambda x: mg.where(x > 1, 1.0, x),
    lambda x: mg.maximum(x, 0.5), lambda x: mg.clip(x, 0, 1), lambda x: (x > 0).astype(np.float32) * x,
    lambda x: x * np.array([True, False]), lambda x: x.mean(), lambda x: x.var(ddof=1), lambda x: x * math.pi,
    lambda x: mg.dropout(x, 0.3), lambda x: mg.softmax_cross_entropy(x, [0, 1]), lambda x: mg.pad(x, 1),
    lambda x: mg.logaddexp(x, 0), lambda x: mg.avg_pool2d(x.reshape(1, 1, 2, 1), (1, 2)),
    lambda x: mg.attention(*[x.reshape(1, 2)] * 3), lambda x: mg.concatenate([x, x.detach()]),
    lambda x: np.sqrt(x) / math.sqrt(2), lambda x: x.astype(float).astype(np.float32),
])
def test_python_numbers_do_not_widen_float32(f):
    x = mg.tensor([1.0, 2.0], dtype=np.float32, requires_grad=True)
    y = f(x)
    assert y.dtype == np.float32
    y.sum().backward(create_graph=True)
    assert x.grad.dtype == np.float32


@pytest.mark.parametrize("f", [mg.exp, mg.mean, mg.sigmoid, mg.softmax, mg.var, mg.logsumexp, mg.gelu, mg.inv, mg.norm])
def test_whole_numbers_give_real_results_without_gradient(f):
    x = np.array([[2, 1], [1, 3]])
    y = f(mg.tensor(x))
    assert y.dtype == np.float64 and not y.requires_grad
    assert_allclose(y.numpy(), f(x.astype(float)))


def test_rounding_to_integers_has_slope_0():
    assert_array_equal(slope(lambda x: x.astype(int) * 2.5, 1.2, 2.7), [0, 0])


def test_a_number_in_the_place_of_an_array():
    assert_allclose(slope(lambda x: mg.concatenate([x, [5.0]]) * [1, 2, 3], 1, 1), [1, 2])
    square = mg.grad(lambda x: (x @ [2.0, 3.0]) ** 2)
    assert_allclose(slope(square, 1, 1), [20, 30])                                          # at second order too


# -- errors name the op, the shapes or values, and what to do --------------------------------------------------------
T = mg.tensor(np.ones((2, 3)), requires_grad=True)
IMAGE = np.ones((1, 4, 4, 2))


@pytest.mark.parametrize("f, error, words", [
    (lambda: T @ np.ones((2, 3)), ValueError, r"matmul: input shapes \(2, 3\), \(2, 3\)"),
    (lambda: T + np.ones(4), ValueError, r"add: input shapes \(2, 3\), \(4,\)"),
    (lambda: T.sum(axis=2), ValueError, "sum.*axis 2 is out of bounds"),
    (lambda: T[5], IndexError, "getitem.*index 5 is out of bounds"),
    (lambda: T.reshape(4), ValueError, "reshape.*cannot reshape"),
    (lambda: mg.inv(np.ones((2, 2))), ValueError, r"inv: input shapes \(2, 2\): Singular matrix"),
    (lambda: mg.cholesky(-np.eye(2)), ValueError, "cholesky.*not positive definite"),
    (lambda: mg.det(T), ValueError, "det.*must be square"),
    (lambda: mg.grad(mg.det)(np.ones((2, 2))), ValueError, "Singular matrix"),
    (lambda: mg.sparse_softmax_cross_entropy(T, [0, 3]), IndexError, "labels from 0 to 3, must be from 0 to 2"),
    (lambda: mg.sparse_softmax_cross_entropy(T, [0, -1]), IndexError, "labels from -1 to 0"),
    (lambda: mg.sparse_softmax_cross_entropy(T, [0.0, 1.0]), TypeError, "labels must be integers, not float64"),
    (lambda: mg.embedding(T, [2]), IndexError, "indices from 2 to 2, must be from 0 to 1"),
    (lambda: mg.embedding(T, [0.5]), TypeError, "must be integers"),
    (lambda: mg.take(T, [-4], axis=1), IndexError, "from -4 to -4, must be from -3 to 2"),
    (lambda: mg.pad(T, -1), ValueError, "pad_width must be a whole number of at least 0"),
    (lambda: mg.where(T > 0, T, None), TypeError, "where: input 3 must be a tensor, an array or a number, not None"),
    (lambda: mg.where(T > 0, T, [["a"]]), TypeError, "is no array of numbers"),
    (lambda: mg.stack([T.sum(), None]), TypeError, "stack: input 2 must be a tensor, an array or a number, not None"),
    (lambda: mg.concatenate([T, np.full((1, 3), "a")]), TypeError, "concatenate: .*is no array of numbers"),
    (lambda: mg.matmul(T, None), TypeError, "matmul: input 2 must be a tensor, an array or a number, not None"),
    (lambda: mg.pad(T, 1.5), ValueError, "pad_width must be a whole number"),
    (lambda: mg.rot90(T, 1.5), ValueError, "rot90: k must be a whole number, not 1.5"),
    (lambda: mg.matrix_power(np.eye(2), 2.5), ValueError, "matrix_power: n must be a whole number, not 2.5"),
    (lambda: mg.pad(T, 1, mode="linear_ramp"), ValueError, "linear_ramp.*only constant, edge, reflect"),
    (lambda: mg.norm(T, 3), ValueError, "a matrix has the orders"),
    (lambda: mg.norm(IMAGE, 2), ValueError, "of a vector or of a matrix, not of 4 axes"),
    (lambda: mg.norm(T[0], "nuc"), ValueError, "ord='nuc' is no order of a norm of vectors"),
    (lambda: mg.norm(T, axis=(0, 0)), ValueError, "an axis is given twice"),
    (lambda: mg.svd(T), ValueError, "full_matrices=False"),
    (lambda: mg.qr(T.T, mode="complete"), ValueError, 'mode="reduced"'),
    (lambda: mg.eigh(T.T @ T, "lower"), ValueError, "UPLO must be"),
    (lambda: mg.split(T, 2, axis=1), ValueError, "split: axis 1 of length 3 can't be cut into 2"),
    (lambda: mg.dropout(T, 1.0), ValueError, "rate must be in"),
    (lambda: mg.einsum("ij,jk", T), ValueError, "einsum.*operands"),
    (lambda: mg.einsum(T, "ij"), TypeError, "subscripts first"),
    (lambda: mg.softmax(T, -1, 2), TypeError, "softmax takes 1 input, then axis, got 3 arguments"),
    (lambda: mg.softmax(T, 0, axis=1), TypeError, "axis given twice"),
    (lambda: mg.conv2d(IMAGE, np.ones((3, 3, 1, 5))), ValueError, "of as many channels"),
    (lambda: mg.conv2d(IMAGE[0], np.ones((3, 3, 2, 5))), ValueError, r"images \(N, H, W, C\)"),
    (lambda: mg.conv2d(IMAGE, np.ones((5, 3, 2, 5))), ValueError, "window of 5 does not fit into an image of 4"),
    (lambda: mg.conv2d(IMAGE, np.ones((3, 3, 2, 5)), strides=0), ValueError, "strides must be a positive int"),
    (lambda: mg.conv2d(IMAGE, np.ones((3, 3, 2, 5)), padding="full"), ValueError, "padding must be"),
    (lambda: mg.max_pool2d(IMAGE, pool_size=(2, 2, 2)), ValueError, "pool_size must be"),
    (lambda: mg.avg_pool2d(T), ValueError, "pooling takes images"),
])
def test_error(f, error, words):
    with pytest.raises(error, match=words):
        f()
