"""Tensors where arrays and numbers are expected: the right gradient, or an error that says what to do."""
import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

import minigrad as mg
from minigrad.testing import check_gradients


def leaf(value=(0.5, 1.5)):
    return mg.tensor(value, dtype=float, requires_grad=True)


LISTS = {
    "operand": lambda x, y: x + [x * x, y],
    "operand on the left": lambda x, y: [x * x, y] * x,
    "sum": lambda x, y: mg.sum([x * x, y]),
    "nested": lambda x, y: mg.exp([[x, y], [y * y, x]]),
    "beside arrays": lambda x, y: mg.multiply([x, np.ones(2)], y),
    "matmul": lambda x, y: mg.matmul([x, y], x),
    "norm": lambda x, y: mg.norm([x, y], axis=0),
    "where": lambda x, y: mg.where(np.array([[True], [False]]), [x, y], 0.0),
    "concatenate": lambda x, y: mg.concatenate([[x, y], np.ones((1, 2))]),
    "np.sum": lambda x, y: np.multiply(x, [x, y]),
    "split": lambda x, y: mg.split([x, y], 2)[1],
    "elements": lambda x, y: mg.sum([x[0], 3.0, y[1] * y[0]]) * x,
    "einsum": lambda x, y: mg.einsum("ij,j->i", [x, y], y),
}


@pytest.mark.parametrize("name", LISTS)
def test_lists_of_tensors_are_stacked(name):
    check_gradients(LISTS[name], np.array([0.5, 1.5]), np.array([0.7, 0.2]))


def test_numbers_beside_tensors_keep_float32():
    x = mg.tensor(np.float32([1, 2]), requires_grad=True)
    assert mg.exp([x[0], 2.0]).dtype == np.float32


REFUSED = {
    "np.array": lambda t: np.array([t, t]),
    "np.asarray": np.asarray,
    "np.full": lambda t: np.full(3, t),
    "np.r_": lambda t: np.r_[t, t],
    "np.full_like": lambda t: np.full_like(np.zeros(3), t),
    "np.full_like of a tensor": lambda t: np.full_like(mg.tensor([1.0, 2]), t),
    "np.unique": np.unique,
    "np.histogram": lambda t: np.histogram(np.ones(1), weights=np.stack([t])),
    "assignment": lambda t: np.zeros(3).__setitem__(0, t),
    "assignment of a slice": lambda t: np.zeros(3).__setitem__(slice(None), t),
    "math.sqrt": math.sqrt,
    "float": float,
    "complex": complex,
    "np.float64": np.float64,
    "np.arange": lambda t: np.arange(t),
    "np.linspace": lambda t: np.linspace(0, t, 3),
    "drawing": lambda t: np.random.default_rng(0).normal(t),
    "np.put": lambda t: np.put(np.zeros(3), [0], t),
    "np.copyto": lambda t: np.copyto(np.zeros(3), t),
    "tensor": mg.tensor,
    "tensor of a list": lambda t: mg.tensor([t, t]),
    "pad": lambda t: mg.pad(np.ones(3), 1, constant_values=t),
    "as a cotangent": lambda t: leaf(1.0).sum().backward([t]),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("made", [lambda: leaf(0.5), lambda: leaf(0.5) * 2], ids=["leaf", "result"])
def test_what_would_lose_the_gradient_is_refused(name, made):
    with pytest.raises((TypeError, ValueError)) as found:
        REFUSED[name](made())
    words, error = "", found.value
    while error:
        words, error = words + str(error), error.__cause__
    assert "derivative rule" in words or ".detach()" in words or ".item()" in words or "isn't recorded" in words


def test_what_needs_no_gradient_is_given():
    t = leaf(0.25)
    with mg.no_grad():
        assert np.array([t, t]).tolist() == [0.25, 0.25] and float(t) == 0.25 and math.sqrt(t) == 0.5
    plain, y = t.detach(), t * 2
    assert math.sqrt(plain) == 0.5 and np.full(2, plain).tolist() == [0.25, 0.25] and mg.tensor(plain).item() == 0.25
    y.backward()
    assert float(y) == 0.5 and np.asarray(y) == 0.5 and np.asarray(t.grad) == 2        # its tape is used up
    assert mg.tensor(t, requires_grad=True).item() == 0.25 and int(t) == 0 and f"{t:.2f}" == "0.25"


X, M = np.array([[-0.4, 0.9, 1.7], [0.3, -1.2, 0.6]]), np.array([[0.2, -0.5], [0.4, 0.3], [-0.6, 0.1]])
PARAMS = {
    "leaky_relu": lambda x, p: mg.leaky_relu(x, slope=p),
    "clip": lambda x, p: mg.clip(x, min=-p, max=p),
    "elu": lambda x, p: mg.elu(x, alpha=p),
    "attention": lambda x, p: mg.attention(x @ M, x @ M, x, scale=p),
    "masked": lambda x, p: mg.ops.REGISTRY["masked"](x, mask=p * M.T[:, :1]),
    "standardize": lambda x, p: mg.standardize(x, eps=p),
    "layer_norm": lambda x, p: mg.layer_norm(x, np.ones(3), np.ones(3), eps=p),
    "batch_norm": lambda x, p: mg.batch_norm(x, np.ones(3), np.ones(3), eps=p),
}


@pytest.mark.parametrize("name", PARAMS)
def test_tensors_as_params_are_differentiated_or_refused(name):
    f, p = PARAMS[name], leaf(0.7)
    try:
        y = f(mg.tensor(X, requires_grad=True), p)
    except (TypeError, ValueError):
        assert name in ("standardize", "layer_norm", "batch_norm")
        return
    assert_allclose(y.numpy(), f(X, 0.7))
    check_gradients(f, X, np.array(0.7))
    check_gradients(lambda p: f(X, p), np.array(0.7))
