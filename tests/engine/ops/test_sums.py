"""Sums of very many numbers: in half precision, which ends at 65504, and in single precision far from 0."""
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import minigrad as mg

N = 70_000
RNG = np.random.default_rng(0)
ONES, NEAR_100 = np.ones((N, 2)), RNG.standard_normal((N, 2)) + 100
LABELS = RNG.integers(0, N, 2)
FUNCTIONS = {
    "sum": lambda x: mg.sum(x / 256, axis=0), "mean": lambda x: mg.mean(x, axis=0), "mean of all": mg.mean,
    "var": lambda x: mg.var(x, axis=0), "std": lambda x: mg.std(x, axis=0), "norm": lambda x: mg.norm(x / 4, axis=0),
    "cumsum": lambda x: mg.cumsum(x / 256, axis=0), "max": lambda x: mg.max(mg.floor(x / 64), axis=0),
    "logsumexp": lambda x: mg.logsumexp(x, axis=0), "softmax": lambda x: mg.softmax(x, axis=0),
    "softmax, last axis": lambda x: mg.softmax(x.T), "log_softmax": lambda x: mg.log_softmax(x.T),
    "cross-entropy": lambda x: mg.sparse_softmax_cross_entropy(x.T, LABELS),
    "standardize": lambda x: mg.standardize(x, axis=0),
    "layer_norm": lambda x: mg.layer_norm(x.T, np.ones(N, x.dtype), np.zeros(N, x.dtype)),
    "batch_norm": lambda x: mg.batch_norm(x, np.ones(2, x.dtype), np.zeros(2, x.dtype)),
    "avg_pool2d": lambda x: mg.avg_pool2d(x.reshape(1, 280, 250, 2), (280, 250)),
    "max_pool2d": lambda x: mg.max_pool2d(mg.floor(x / 64).reshape(1, 280, 250, 2), (280, 250)),
    "a broadcast number": lambda x: x / 128 * mg.sum(x[:1]),
    "one row read again and again": lambda x: x[np.zeros(N, int)] / 256,
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("x", [ONES, NEAR_100], ids=["ones", "near 100"])
def test_of_70_000_numbers_in_half_precision(name, x):
    f, (y, dx), half = FUNCTIONS[name], (None, None), x.astype(np.float16)
    results = []
    for dtype in (np.float16, np.float64):
        t = mg.tensor(half, dtype=dtype, requires_grad=True)
        y = f(t)
        y.backward(np.full(y.shape, 0.25, dtype))
        assert y.dtype == t.grad.dtype == dtype
        results.append((y.numpy().astype(float), t.grad.numpy().astype(float)))
    (y, dx), (right, slope) = results
    eps, smallest = np.finfo(np.float16).eps, 6e-8                  # the spacing of the smallest float16
    assert_allclose(y, right, rtol=4 * eps, atol=smallest + 4 * eps * np.abs(right).max())
    # slopes that cancel are as precise as their terms; e to the power of a y is as precise as y
    terms = {"softmax": np.abs(right).max(), "softmax, last axis": np.abs(right).max(), "log_softmax": 1}.get(name, 0)
    terms = max(terms, name in ("standardize", "layer_norm", "batch_norm"))
    size = max(1, np.abs(right).max()) if "log" in name or "entropy" in name else 1
    assert_allclose(dx, slope, rtol=8 * eps * size, atol=2 * smallest + 8 * eps * terms)


@pytest.mark.parametrize("f, right", [
    (lambda x: mg.batch_norm(x, np.ones(4, x.dtype), np.zeros(4, x.dtype)),
     lambda x: (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-3)),
    (lambda x: mg.standardize(x, axis=0), lambda x: (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5)),
    (lambda x: mg.mean(x, axis=0), lambda x: x.mean(0)), (lambda x: mg.var(x, axis=0), lambda x: x.var(0)),
    (lambda x: mg.sum(x.reshape(1000, -1, 4), axis=(0, 1)) / 1e6, lambda x: x.mean(0)),
    (lambda x: mg.grad(lambda b: (x * b).sum())(np.ones(4, x.dtype)) / 1e6, lambda x: x.mean(0)),
], ids=["batch_norm", "standardize", "mean", "var", "sum", "gradient of a factor"])
def test_of_a_million_rows_far_from_0(f, right):
    x = (np.random.default_rng(0).standard_normal((10**6, 4)) + 100).astype(np.float32)
    assert_allclose(f(x), right(x.astype(float)), atol=3e-5)


def test_rows_are_summed_each_column_by_itself():
    x = RNG.standard_normal((5000, 3)).astype(np.float32)
    x[17, 0], x[18, 1] = np.inf, np.nan
    assert_array_equal(np.isfinite(mg.sum(x, axis=0)), [False, False, True])
    assert_allclose(mg.sum(x, axis=0)[2], x[:, 2].sum(), rtol=1e-4)
