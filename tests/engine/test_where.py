"""What where promises: no nan comes back from the branch not taken; and what it leaves alone."""
import numpy as np
import pytest
from numpy.testing import assert_array_equal

import minigrad as mg

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def slopes(f, *values):
    """The gradient of Σ f(x), and that of Σ of it: first and second order."""
    x = mg.tensor(values, dtype=float, requires_grad=True)
    f(x).sum().backward(create_graph=True)
    first = x.grad
    if not first.requires_grad:
        return [first.numpy(), np.zeros(x.shape)]
    first.sum().backward()
    return [first.numpy(), x.grad.numpy()]


# -- how far the promise reaches: each f has an infinite slope at 0, which is not taken there ------------------------
@pytest.mark.parametrize("branch", [
    mg.sqrt, mg.log, lambda x: 1 / x, lambda x: x ** -0.5, lambda x: x ** 1.5, lambda x: x / mg.abs(x), mg.arctan2,
    lambda x: x * mg.exp(1000 * (1 - x)), lambda x: mg.sqrt(mg.log(x + 1)), lambda x: mg.tanh(x * 2 + mg.log(x)) * 3,
    lambda x: mg.where(x > 2, mg.sqrt(x), mg.log(x)),
    # through ops that move or add up elements: a 0 stays 0 there, and elementwise ops behind them keep it
    lambda x: mg.log(x).reshape(2, 1).sum(axis=1), lambda x: mg.sqrt(x)[[0, 1]],
    lambda x: mg.concatenate([mg.log(x[:1]), mg.sqrt(x[1:])]), lambda x: mg.stack([mg.log(x)] * 2).mean(axis=0),
    lambda x: np.eye(2) @ mg.sqrt(x), lambda x: mg.flip(mg.flip(mg.sqrt(x), 0), 0),
], ids=range(17))
def test_no_nan_from_the_branch_not_taken(branch):
    def f(x):
        y = branch(x) if branch is not mg.arctan2 else mg.arctan2(x * 0, x)
        return mg.where(np.array([False, True]), y, 0.0)
    for found, right in zip(slopes(f, 0, 4), slopes(lambda x: f(x + [1, 0]), 0, 4)):
        assert np.isfinite(right[1])
        assert_array_equal(found, [0, right[1]])


def test_where_the_promise_ends():
    """Ops that mix elements (softmax, matmul, norm, prod, ...) compute 0 · nan as arithmetic has it: nan."""
    x = mg.tensor([[np.nan, 1.0], [2.0, 3.0]], requires_grad=True)
    mg.where(np.array([[False], [True]]), mg.softmax(x, axis=1), 0.0).sum().backward()
    assert np.isnan(x.grad.numpy()[0]).all() and np.isfinite(x.grad.numpy()[1]).all()
    safe = mg.where(np.isnan(x), 0.0, x)                    # what to do: choose before as well
    mg.where(np.array([[False], [True]]), mg.softmax(safe, axis=1), 0.0).sum().backward()
    assert np.isfinite(x.grad.numpy()).all()


def test_a_nan_of_the_branch_that_was_taken_stays():
    x = mg.tensor([-1.0, 4.0], requires_grad=True)
    mg.where(x > -2, mg.sqrt(x), 0.0).sum().backward()
    assert_array_equal(x.grad, [np.nan, 0.25])


# -- what lies beside ------------------------------------------------------------------------------------------------
def beside(y, unrelated):
    """The sum of y and of a where that has nothing to do with it, recorded before or after."""
    z = mg.tensor([1.0, 2.0], requires_grad=True)
    if unrelated == "before":
        chosen = mg.where(z > 1, z, 0.0)
        return y().sum() + chosen.sum()
    if unrelated == "after":
        y = y()
        return y.sum() + mg.where(z > 1, z, 0.0).sum()
    return y().sum()


@pytest.mark.parametrize("unrelated", ["none", "before", "after"])
def test_an_unrelated_where_changes_nothing(unrelated):
    x = mg.tensor([0.0, 1.0], requires_grad=True)
    beside(lambda: mg.sqrt(x) * np.array([0.0, 1.0]), unrelated).backward(create_graph=True)
    assert_array_equal(x.grad.numpy(), [np.nan, 0.5])


def test_a_where_of_other_use_of_the_same_leaf_changes_nothing():
    x = mg.tensor([0.0, 1.0], requires_grad=True)
    y = mg.sqrt(x) * np.array([0.0, 1.0]) + mg.where(x > 0, mg.log(x), 0.0)
    y.sum().backward()
    assert_array_equal(x.grad, [np.nan, 1.5])


def test_arrays_are_looked_at_behind_a_where_alone(monkeypatch):
    looks = []
    monkeypatch.setattr(mg.backend, "may_have_nan", lambda x: looks.append(x.shape) or False)
    x, z = (mg.tensor(np.ones(n), requires_grad=True) for n in (5, 3))
    y = x
    for _ in range(5):
        y = y * y
    (y.sum() + mg.where(z > 0, z * 2, 0.0).sum()).backward()
    assert (5,) not in looks and (3,) in looks


# -- of any op that selects ------------------------------------------------------------------------------------------
def test_an_op_of_ones_own_may_promise_it():
    def declare(**more):
        return mg.op(lambda x, /: np.where(x < 0, 0, x), vjp=lambda g, y, x: np.where(x < 0, 0, g),
                     name="rectify", **more)
    for op, expected in ((declare(), np.nan), (declare(selects=True), 0.0)):
        x = mg.tensor([0.0, 4.0], requires_grad=True)
        op(mg.sqrt(x) - 1).sum().backward()
        assert_array_equal(x.grad, [expected, 0.25])


def test_a_rule_that_sums_itself_is_not_summed_again():
    mine = mg.op(lambda a, b, /: a * b, name="sums_itself", vjp=(
        lambda g, y, a, b: (g * b).sum(axis=0), lambda g, y, a, b: g * a))
    a, b = mg.tensor(np.ones(3), requires_grad=True), mg.tensor(np.ones((2, 3)), requires_grad=True)
    mg.where(np.ones((2, 3), bool), mine(a, b), 0.0).sum().backward()
    assert_array_equal(a.grad, [2, 2, 2])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(), (1,), (0,), (2, 0), (3, 2)])
def test_shapes_and_dtypes(shape, dtype):
    x = mg.tensor(np.zeros(shape), dtype=dtype, requires_grad=True)
    mg.where(x > 0, mg.sqrt(x), 0.0).sum().backward()
    assert x.grad.dtype == dtype
    assert_array_equal(x.grad, np.zeros(shape))
