"""NumPy's keywords of reductions; choosing elements, and putting rows together again."""
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import minigrad as mg
from minigrad.testing import check_gradients

X = np.random.default_rng(0).standard_normal((3, 4))
SOME = np.array([[True, False, True, True], [False, True, True, False], [True, True, False, True]])
CALLS = [*((f, {"where": SOME} | more) for f in (np.sum, np.prod, np.mean, np.var, np.std)
           for more in ({}, {"axis": 1}, {"axis": 0, "keepdims": True})),
         *((f, {"initial": 0.3} | more) for f in (np.sum, np.prod, np.max, np.min)
           for more in ({}, {"axis": 1}, {"axis": (0, 1), "keepdims": True}, {"where": SOME, "axis": 0})),
         (np.var, {"where": SOME, "ddof": 1, "axis": -1}), (np.std, {"correction": 1}), (np.var, {"correction": 1}),
         (np.any, {"where": SOME, "axis": 0}), (np.all, {"where": SOME})]


@pytest.mark.parametrize("f, keywords", CALLS, ids=lambda v: getattr(v, "__name__", None) or ",".join(v))
def test_as_numpy(f, keywords):
    t = mg.tensor(X, requires_grad=True)
    y = f(t, **keywords)
    assert isinstance(y, mg.Tensor)
    assert_allclose(y.numpy(), f(X, **keywords), rtol=1e-12)
    if y.dtype.kind == "f":
        check_gradients(lambda x: (f(x, **keywords) ** 2).sum(), X)


@pytest.mark.parametrize("f", [np.sum, np.prod, np.mean, np.var, np.std, np.cumsum, np.cumprod])
def test_dtype(f):
    small, counts = X.astype(np.float32), np.arange(6, dtype=np.int8)
    t = mg.tensor(small, requires_grad=True)
    y = f(t, dtype=float, axis=0)
    assert y.dtype == np.float64
    assert_allclose(y.numpy(), f(small, dtype=float, axis=0), rtol=1e-12)
    y.sum().backward()
    assert t.grad.dtype == np.float32
    assert f(mg.tensor(counts), dtype=np.float32).dtype == f(counts, dtype=np.float32).dtype


def test_empty_choices():
    assert mg.max(np.zeros((0, 2)), axis=0, initial=1.0).tolist() == [1, 1]
    assert mg.min(np.zeros((0, 2), int), axis=0, initial=1).tolist() == [1, 1]
    assert np.isnan(mg.mean(X, where=False))
    assert mg.sum(X, where=False, initial=2.0) == 2
    with pytest.raises(ValueError, match="where= needs initial="):
        mg.max(X, where=SOME)
    with pytest.raises(TypeError, match="out=, isn't recorded"):
        np.sum(mg.tensor(X), out=np.zeros(()))
    with pytest.raises(TypeError, match="max takes no dtype="):
        mg.max(X, dtype=float)
    hidden = np.where(SOME, X, np.nan)
    assert_allclose(mg.grad(lambda x: mg.sum(x ** 2, where=SOME))(hidden), np.where(SOME, 2 * X, 0))


@pytest.mark.parametrize("k, axis, largest", [(2, -1, True), (2, 0, False), (0, 1, True), (4, 1, False), (3, -2, True)])
def test_topk(k, axis, largest):
    y = mg.topk(mg.tensor(X, requires_grad=True), k, axis, largest)
    order = np.sort(X, axis)
    right = np.flip(order, axis) if largest else order
    assert_array_equal(y.values.numpy(), np.take(right, range(k), axis))
    assert_array_equal(np.take_along_axis(X, y.indices, axis), y.values.numpy())
    check_gradients(lambda x: (mg.topk(x, k, axis, largest).values ** 2).sum(), X)


def test_of_equals_the_first_come_first():
    assert mg.topk(np.array([1, 3, 3, 0, 3]), 2).indices.tolist() == [1, 2]
    assert mg.topk(np.array([3, 0, 0, 0], np.uint8), 2, largest=False).indices.tolist() == [1, 2]
    with pytest.raises(ValueError, match="k=5 of 4"):
        mg.topk(X, 5)
    with pytest.raises(ValueError, match="no axis"):
        mg.topk(np.array(1.0), 1)


def test_masked_select():
    assert_array_equal(mg.masked_select(X, SOME), X[SOME])
    assert_array_equal(mg.masked_select(X, SOME[0]), X[:, SOME[0]].reshape(-1))
    check_gradients(lambda x: (mg.masked_select(x, SOME[:, :1]) ** 2).sum(), X)
    with pytest.raises(TypeError, match="compare first"):
        mg.masked_select(X, SOME.astype(int))


@pytest.mark.parametrize("reduce", ["sum", "mean", "prod", "max", "min"])
@pytest.mark.parametrize("shape", [(6,), (6, 2)])
def test_scatter(reduce, shape):
    x, indices = np.random.default_rng(1).standard_normal(shape), np.array([3, 0, 3, 1, 3, 0])
    y = mg.scatter(mg.tensor(x), indices, 5, reduce, fill=7.0).numpy()
    for i in range(5):
        rows = x[indices == i]
        assert_allclose(y[i], getattr(np, reduce)(rows, axis=0) if len(rows) else 7)
    check_gradients(lambda x: (mg.scatter(x, indices, 5, reduce) ** 2).sum(), x)
    zeros = x * (np.abs(x) > 0.5)
    if reduce == "prod":
        check_gradients(lambda x: (mg.scatter(x, indices, 5, reduce) ** 2).sum(), zeros)


def test_scatter_at_the_edges():
    assert mg.scatter(np.zeros((0, 2)), np.zeros(0, int), 3, "max").tolist() == [[0, 0]] * 3
    assert mg.scatter(np.array([5, 7], np.int8), np.array([1, 1], np.uint8), 2, "max").tolist() == [0, 7]
    slope = mg.grad(lambda x: mg.scatter(x, np.array([0, 0, 0]), 1, "max").sum())(np.array([2.0, 2, 1]))
    assert slope.tolist() == [0.5, 0.5, 0]
    with pytest.raises(IndexError, match="from 0 to 2"):
        mg.scatter(np.zeros(2), [0, 3], 3)
    with pytest.raises(ValueError, match="reduce must be"):
        mg.scatter(np.zeros(2), [0, 1], 3, "median")
    with pytest.raises(ValueError, match="one for each row"):
        mg.scatter(np.zeros(2), [0, 1, 2], 3)
