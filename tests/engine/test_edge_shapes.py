"""Shapes at the edge: no axes, axes of length 0 and 1, too few numbers; and what may not be asked of a shape."""
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import minigrad as mg
from minigrad.testing import check_gradients

WITH_AXIS = [op for op in mg.ops.REGISTRY.values() if op.native and op.positional[:1] == ("axis",) and op.vjp]


@pytest.mark.parametrize("axis", [0, -1, None])
@pytest.mark.parametrize("op", [op for op in WITH_AXIS if op.arity == 1], ids=lambda op: op.name)
def test_a_number_along_an_axis_has_a_gradient_or_is_refused(op, axis):
    x = mg.tensor(0.7, requires_grad=True)
    try:
        y = op(x, axis=axis)
    except (ValueError, TypeError, IndexError, np.exceptions.AxisError) as error:
        assert str(error).startswith(op.name)
        return
    y.backward(np.ones(y.shape))
    right = mg.tensor([0.7], requires_grad=True)
    op(right, axis=0).sum().backward()
    assert x.grad.shape == () and np.allclose(x.grad, right.grad, equal_nan=True)


@pytest.mark.parametrize("f, right", [(mg.softmax, 1), (mg.log_softmax, 0), (mg.standardize, 0)])
@pytest.mark.parametrize("axis", [0, -1, None])
def test_a_number_alone_is_its_row(f, right, axis):
    x = mg.tensor(0.7, requires_grad=True)
    y = f(x, axis=axis)
    y.backward()
    assert y.item() == pytest.approx(right, abs=1e-15) and abs(x.grad.item()) < 1e-15


@pytest.mark.parametrize("f", [mg.softmax, mg.log_softmax, mg.standardize], ids=lambda f: f.name)
def test_an_empty_row_stays_one(f):
    x = mg.tensor(np.ones((2, 0)), requires_grad=True)
    f(x).sum().backward()
    assert f(x).shape == x.grad.shape == (2, 0)


@pytest.mark.parametrize("text, a, b", [
    ("ij,jk->ik", (2, 1), (3, 4)), ("ij,jk->ik", (2, 3), (1, 4)), ("i,i->", (1,), (3,)), ("ij,ij->j", (1, 3), (2, 1)),
    ("...i,...i->...", (1, 3), (2, 3)), ("ij,j->i", (2, 1), (1,)), ("ij,kj->", (2, 3), (2, 1))])
def test_einsum_stretches_a_label_of_length_1(text, a, b):
    a, b = (np.random.default_rng(n).normal(size=s) for n, s in enumerate((a, b)))
    assert_allclose(mg.einsum(text, a, b), np.einsum(text, a, b))
    check_gradients(lambda a, b: mg.einsum(text, a, b), a, b)


@pytest.mark.parametrize("f", [mg.var, mg.std])
@pytest.mark.parametrize("n, ddof", [(1, 1), (2, 2), (2, 3)])
def test_of_too_few_numbers_value_and_gradient_are_nan(f, n, ddof):
    x = mg.tensor(np.arange(float(n)), requires_grad=True)
    with np.errstate(all="ignore"):
        y = f(x, ddof=ddof)
        y.backward()
    assert not np.isfinite(y.item()) and np.isnan(x.grad).all()


def test_a_more_precise_bias_is_kept():
    x, w = np.float32([[1, 2, 3], [2, 4, 7]]), np.ones((3, 3), np.float32)
    small = np.float32([0.1, 0.2, 0.3])
    wide = small.astype(float) + 1e-12
    for y, single in ((mg.linear(x, w, wide), mg.linear(x, w, small)),
                      (mg.layer_norm(x, small, wide), mg.layer_norm(x, small, small)),
                      (mg.batch_norm(x, small, wide), mg.batch_norm(x, small, small))):
        assert (y.dtype, single.dtype) == (np.float64, np.float32)
    assert_allclose(mg.linear(np.ones((1, 3), int), np.ones((3, 3), int), wide), [3 + wide])


def test_bits():
    i, j = np.array([6, 3, 8]), np.array([3, 5, 8])
    a, b = mg.tensor(i), mg.tensor(j)
    for found, right in ((a & b, i & j), (a | b, i | j), (a ^ b, i ^ j), (~a, ~i), (a & 2, i & 2), (5 | a, 5 | i)):
        assert_array_equal(found, right)
    assert_array_equal(a << 2, i << 2)
    assert_array_equal(70 >> a, 70 >> i)
    assert_array_equal(~(a > 3) & (b > 3) | (a == 8), ~(i > 3) & (j > 3) | (i == 8))


REFUSED = {
    "windows backwards": (lambda: mg.ops.REGISTRY["windows"](np.ones((1, 4, 4, 1)), (2, 2), (-1, 1)), "positive int"),
    "windows of no stride": (lambda: mg.ops.REGISTRY["windows"](np.ones((1, 4, 4, 1)), (2, 2), 0), "positive int"),
    "too large windows": (lambda: mg.ops.REGISTRY["windows"](np.ones((1, 4, 4, 1)), 9, 1), "no smaller"),
    "pairs of constants": (lambda: mg.pad(np.ones((2, 2)), 1, constant_values=(1, 2)), "one number"),
    "columns of constants": (lambda: mg.pad(np.ones((2, 2)), 1, constant_values=(1, 2, 3, 4)), "one number"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    f, words = REFUSED[name]
    with pytest.raises(ValueError, match=words):
        f()


def test_windows_take_one_number_for_both_axes():
    x = np.random.default_rng(0).normal(size=(1, 4, 4, 1))
    windows = mg.ops.REGISTRY["windows"]
    assert_array_equal(windows(x, 2, 1), windows(x, (2, 2), (1, 1)))
    check_gradients(lambda x: windows(x, 2, 1), x)
