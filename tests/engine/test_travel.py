"""Tensors that travel, by pickle, copy, joblib or multiprocessing: as values, with their models and optimizers."""
import copy
import multiprocessing
import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import minigrad as mg


def deep(x, n=2000):
    for _ in range(n):
        x = x + 1.0
    return x


def double(t):
    """In another process, whose clock is at another place: a derivative of what arrived."""
    y = (t * t).sum()
    y.backward()
    return t, t.grad


@pytest.mark.parametrize("through", [lambda t: pickle.loads(pickle.dumps(t)), copy.deepcopy, copy.copy],
                         ids=["pickle", "deepcopy", "copy"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int8, bool])
def test_a_tensor_is_a_value(through, dtype):
    t = mg.tensor(np.ones((2, 3)), dtype=dtype, requires_grad=np.dtype(dtype).kind == "f")
    if t.requires_grad:
        (t * t).sum().backward()
    t.data[0] = 0                           # watched, and edited
    u = through(t)
    assert (u.dtype, u.requires_grad, u.node) == (t.dtype, t.requires_grad, None)
    assert_array_equal(u.numpy(), t.numpy())
    if t.requires_grad:
        assert_array_equal(u.grad, t.grad)
        assert_array_equal(double(u)[1], 2 * u.numpy())
    t.data[0] = 1
    assert not u.numpy()[0].any()


def test_a_deep_graph_travels_without_its_tape():
    y = deep(mg.tensor([1.0], requires_grad=True))
    for u in (copy.deepcopy(y), pickle.loads(pickle.dumps(y))):
        assert u.node is None and u.item() == 2001
    y.backward()


def test_another_process_differentiates_what_arrives():
    later = deep(mg.tensor([3.0, 4.0]), 5)
    t = mg.tensor(later.numpy(), requires_grad=True)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        u, grad = pool.apply(double, (t,))
    assert_array_equal(u.numpy(), t.numpy())
    assert_array_equal(grad, 2 * t.numpy())
    double(u)


@mg.op(vjp=lambda g, y, x: g * 3 * x**2)
def of_my_own(x, /):
    "y = x³      dx = 3 g x²"
    return x**3


def test_ops_are_one_of_a_kind():
    for op in (*(o for o in mg.ops.REGISTRY.values() if o.native), of_my_own):
        assert copy.deepcopy(op) is op and pickle.loads(pickle.dumps(op)) is op
        assert copy.copy(op) is not op and copy.copy(op).rules == op.rules       # a copy is there to be changed
    nameless = mg.op(lambda x, /: x, vjp=lambda g, y, x: g, name="nameless")
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(nameless)


def trained(optimizer):
    mg.seed(0)
    layers = mg.keras.layers
    model = mg.keras.Sequential([layers.Dense(4, activation="relu"), layers.BatchNormalization(), layers.Dropout(0.2),
                                 layers.Dense(3, activation="softmax")])
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 5)).astype(np.float32), rng.integers(0, 3, 40)
    model.fit(x, y, epochs=1, verbose=0)
    return model, x, y


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop"])
@pytest.mark.parametrize("through", [lambda t: pickle.loads(pickle.dumps(t)), copy.deepcopy])
def test_a_model_and_its_optimizer_travel(through, optimizer):
    model, x, y = trained(optimizer)
    other = through(model)
    assert_array_equal(other.predict(x, verbose=0), model.predict(x, verbose=0))
    for m in (model, other):
        mg.seed(1)
        m.fit(x, y, epochs=2, verbose=0)    # the optimizer's memory came along, and steps what came along
    assert_array_equal(other.predict(x, verbose=0), model.predict(x, verbose=0))
    assert not np.shares_memory(model.weights[0].data, other.weights[0].data)


# -- trees -----------------------------------------------------------------------------------------------------------
def test_none_is_no_leaf():
    weights = {"w": np.array([1.0, 2]), "bias": None, "more": [None, np.array(3.0)]}

    def f(p):
        return (p["w"] ** 2).sum() * p["more"][1]
    g = mg.grad(f)(weights)
    assert g["bias"] is None and g["more"][0] is None and g["more"][1] == 5
    assert_array_equal(g["w"], [6, 12])
    assert mg.jacobian(f)(weights)["bias"] is None and mg.grad(lambda p, n: f(p))(weights, None)["bias"] is None
    h = mg.hvp(f, weights, {"w": np.ones(2), "bias": None, "more": [None, np.array(0.0)]})
    assert h["bias"] is None
    assert_array_equal(h["w"], [6, 6])
