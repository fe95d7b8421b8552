"""Activations by name are the functions that the name says."""
import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

import minigrad as mg
from minigrad import activations
from minigrad.keras.activations import ACTIVATIONS

X = np.array([[-7.0, -2.7, -1.0, -0.3], [0.2, 1.0, 2.9, 6.5]])
LAMBDA, ALPHA = 1.0507009873554805, 1.6732632423543772
FORMULAS = {
    "linear": lambda x: x,
    "relu": lambda x: max(x, 0),
    "relu6": lambda x: min(max(x, 0), 6),
    "leaky_relu": lambda x: x if x > 0 else 0.2 * x,
    "elu": lambda x: x if x > 0 else math.exp(x) - 1,
    "selu": lambda x: LAMBDA * (x if x > 0 else ALPHA * (math.exp(x) - 1)),
    "gelu": lambda x: x / (1 + math.exp(-2 * math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),      # (1 + tanh) / 2
    "exact_gelu": lambda x: x * math.erfc(-x / math.sqrt(2)) / 2,       # 1 + erf would lose its digits far to the left
    "silu": lambda x: x / (1 + math.exp(-x)),
    "swish": lambda x: x / (1 + math.exp(-x)),
    "hard_silu": lambda x: x * min(max(x / 6 + 0.5, 0), 1),
    "mish": lambda x: x * math.tanh(math.log1p(math.exp(x))),
    "softplus": lambda x: math.log1p(math.exp(x)),
    "softsign": lambda x: x / (1 + abs(x)),
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "hard_sigmoid": lambda x: min(max(x / 6 + 0.5, 0), 1),
    "tanh": math.tanh,
    "exponential": math.exp,
}


@pytest.mark.parametrize("name", FORMULAS)
def test_formula(name):
    assert_allclose(activations.get(name)(X), np.vectorize(FORMULAS[name], otypes=[float])(X), rtol=1e-12)


def test_softmax_is_over_the_last_axis():
    expected = np.exp(X) / np.exp(X).sum(axis=-1, keepdims=True)
    assert_allclose(activations.get("softmax")(X), expected, rtol=1e-12)
    assert_allclose(activations.get("log_softmax")(X), np.log(expected), rtol=1e-12)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_gradient_and_precision(name):
    """The gradient is that of a central difference; float32 stays float32."""
    f, weights = activations.get(name), np.linspace(0.5, 1.5, X.size).reshape(X.shape)
    gradient = mg.grad(lambda x: (f(x) * weights).sum())(X)
    for index in np.ndindex(X.shape):
        step = np.zeros_like(X)
        step[index] = 1e-5
        difference = ((f(X + step) - f(X - step)) * weights).sum() / 2e-5
        assert gradient[index] == pytest.approx(difference, rel=1e-6, abs=1e-8)
    t = mg.tensor(X, dtype="float32", requires_grad=True)
    y = f(t)
    y.sum().backward()
    assert y.dtype == t.grad.dtype == np.float32


def test_every_name_is_tested():
    assert set(FORMULAS) | {"softmax", "log_softmax"} == set(ACTIVATIONS)


def test_get():
    assert activations.get(None) is activations.linear
    assert activations.get("ReLU") is activations.get("relu") is mg.relu
    assert activations.get(math.sin) is math.sin
    with pytest.raises(ValueError, match="unknown activation 'sigmiod': did you mean 'sigmoid'.*known are elu"):
        activations.get("sigmiod")
