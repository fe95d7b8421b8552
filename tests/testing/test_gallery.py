"""Real wrong gradients: how each comes about, that simpler tools accept it, and that it is not to be had here."""
import numpy as np
import pytest
from hypothesis import given, strategies as st

import minigrad as mg
from minigrad.engine.op import Op
from minigrad.testing import GradientError, check_gradients


def simple_check(op, x, h=1e-6):
    """The check of many tutorials: the slope of the sum of all outputs, which is a cotangent of ones."""
    slopes = [(op(x + h * e).sum() - op(x - h * e).sum()) / (2 * h) for e in np.eye(x.size).reshape(-1, *x.shape)]
    return np.allclose(op.rules[0](np.ones_like(op(x)), op(x), x).ravel(), slopes, rtol=1e-2)


class Recursive:
    """A number whose backward calls that of its parents at once, in whatever order it meets them."""

    def __init__(self, value, parents=()):
        self.value, self.parents, self.grad = value, parents, 0

    def __add__(self, other):
        return Recursive(self.value + other.value, (self, other))

    def backward(self, g=1):
        self.grad += g
        for parent in self.parents:
            parent.backward(self.grad)      # not yet all of it, when this was reached by one path of several


def test_recursion_instead_of_topological_order():
    def chain(a):
        b = a + a
        return b + b
    a = Recursive(1.0)
    chain(a).backward()
    assert a.grad == 6                      # dc/da is 4
    x = mg.tensor(1.0, requires_grad=True)
    chain(x).backward()
    assert x.grad.item() == 4


def test_repeated_indices():
    index = np.array([0, 0, 1])

    def overwrite(g, y, x):
        found = np.zeros(x.shape)
        found[index] = np.asarray(g)
        return found
    taken = Op(lambda x, /: x[index], overwrite, name="taken", shapes="")
    with pytest.raises(GradientError, match="overwrote instead of adding"):
        check_gradients(taken, np.array([1.0, 2.0]), order=1)
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    x[index].sum().backward()
    assert x.grad.tolist() == [2, 1]


def test_a_cotangent_of_ones_accepts_a_reshape_for_a_transpose():
    turned = Op(lambda x, /: x.T, lambda g, y, x: g.reshape(x.shape), name="turned", shapes="")
    x = np.arange(6.0).reshape(2, 3)
    assert simple_check(turned, x)
    with pytest.raises(GradientError, match="a reshape where a transpose belongs"):
        check_gradients(turned, x)


@given(st.integers(2, 5))
def test_ties_in_max(n):
    """All may claim the whole cotangent, n times too much; here equals share it, and the kink is told, no mistake."""
    x = mg.tensor(np.ones(n), requires_grad=True)
    x.max().backward()
    assert np.allclose(x.grad.numpy(), 1 / n)
    greedy = Op(lambda x, /: x.max(), lambda g, y, x: g * (x == y), name="greedy", shapes="")
    assert np.sum(greedy.rules[0](1.0, 1.0, np.ones(n))) == n
    assert "kink" in str(check_gradients(mg.max, np.ones(n)))


def test_a_square_root_under_where_at_0():
    """The slope of the branch not taken is infinite there, and 0 times infinity is nan."""
    x = mg.tensor([0.0, 4.0], requires_grad=True)
    with np.errstate(all="ignore"):
        mg.where(x > 0, mg.sqrt(x), 0.0).sum().backward()
        assert np.isnan(0 * (0.5 / np.sqrt(x.numpy()[0])))
    assert x.grad.tolist() == [0, 0.25]


def test_forgotten_zeroing():
    """Where backward adds to .grad, the second step's gradient contains the first's."""
    w, seen = mg.tensor(3.0, requires_grad=True), []
    for _ in range(3):
        (w * w).backward()
        seen.append(w.grad.item())
    assert seen == [6, 6, 6]


@given(st.integers(0, 10_000))
def test_float32_checks(seed):
    """In float32 a right rule misses the measured slope by percents, as a wrong one does; here both are told apart."""
    x = np.random.default_rng(seed).uniform(-2, 2, 5).astype(np.float32)
    check_gradients(mg.exp, x)
    slightly_wrong = Op(np.exp, lambda g, y, x: g * y * 1.001, name="slightly_wrong")
    with pytest.raises(GradientError):
        check_gradients(slightly_wrong, x)


def test_what_float32_does_to_differences():
    x, h = np.linspace(-2, 2, 50, dtype=np.float32), np.float32(1e-6)
    slopes = (np.exp(x + h) - np.exp(x - h)) / (2 * h)
    assert np.abs(slopes / np.exp(x) - 1).max() > 0.01
