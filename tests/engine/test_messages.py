"""What is refused says in one clear line why, and what to do."""
import asyncio

import numpy as np
import pytest

import minigrad as mg


def leaf(v):
    return mg.tensor(v, dtype=float, requires_grad=True)


two = mg.op(lambda a, b, /: a * b, vjp=lambda g, y, a, b: (g * b,), name="too_few_cotangents")
flat = mg.op(lambda x, /: np.sum(x), vjp=lambda g, y, x: 2.0, name="flat_e")

LINES = {
    "complex data": (lambda: mg.tensor([1 + 2j]), "complex numbers have no gradients"),
    "complex operand": (lambda: (leaf([1.0]) * np.array([1j])).backward(np.ones(1)), "multiply came out complex128"),
    "objects": (lambda: (leaf([1.0]) * np.array([2], object)).backward(np.ones(1)), "multiply came out object"),
    "a masked array": (lambda: leaf([1.0, 2.0]) * np.ma.array([1.0, 2.0], mask=[0, 1]), "mask would be lost"),
    "labels as a column": (lambda: mg.sparse_softmax_cross_entropy(leaf([[1.0, 2.0]]), np.array([[1]])), "each row"),
    "None": (lambda: mg.tensor(None), "None or other objects"),
    "index of a list": (lambda: [1, 2][mg.tensor(1.0)], "must be a whole number"),
    "constant of a pad": (lambda: mg.pad(leaf([1.0]), 1, constant_values=leaf(1.0)), "^pad: .*constant_values.*lost"),
    "lists of different lengths": (lambda: mg.tensor([[1.0, 2.0], [3.0]]), "one length"),
    "a number for an array": (lambda: flat(leaf([1.0, 2.0])).backward(), "flat_e: its vjp gave shape .. for an input"),
    "bits of real numbers": (lambda: leaf([1.0]) << 1, "^left_shift: "),
    "too few cotangents": (lambda: two(leaf(1.0), leaf(2.0)).backward(), "1 cotangents for 2 inputs"),
}


@pytest.mark.parametrize("name", LINES)
def test_one_clear_line(name):
    f, words = LINES[name]
    with pytest.raises((TypeError, ValueError), match=words) as found:
        f()
    assert "\n" not in str(found.value)


def test_where_of_a_condition_alone_is_nonzero():
    t = mg.tensor([1.0, -1.0, 2.0])
    assert np.where(t > 0)[0].tolist() == [0, 2]


def test_a_param_that_the_rule_does_not_take_is_refused_at_declaration():
    with pytest.raises(TypeError, match="scaled_e: its vjp takes no k, which its forward takes"):
        mg.op(lambda a, /, k=1: a * k, vjp=lambda g, y, a: g, name="scaled_e")
    mg.op(lambda a, /, k=1: a * k, vjp=lambda g, y, a, **params: g * params.get("k", 1), name="scaled_any_e")


def test_no_grad_does_not_decorate_what_runs_later():
    def numbers():
        yield leaf(1.0) * 2

    async def later():
        await asyncio.sleep(0)

    async def many():
        yield 1
    for f in (numbers, later, many):
        with pytest.raises(TypeError, match="with mg.no_grad"):
            mg.no_grad()(f)
    assert not mg.no_grad()(lambda: leaf(1.0) * 2)().requires_grad


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("share", [3.0, 3, [3.0], np.float64(3)])
def test_a_rule_may_return_python_numbers(share, create_graph):
    f = mg.op(lambda x, /: 3 * x, vjp=lambda g, y, x: share, name="thrice_e")
    x = leaf([1.0] if isinstance(share, list) else 1.0)
    f(x).backward(np.ones(x.shape), create_graph=create_graph)
    assert x.grad.shape == x.shape and x.grad.item() == 3 and x.grad.dtype == float


def test_numpys_other_names_of_limits():
    x = leaf([-1.0, 0.5, 2.0])
    since_2_1 = [np.clip(x, min=0, max=1)] if np.lib.NumpyVersion(np.__version__) >= "2.1.0" else []
    for y in (np.clip(x, a_min=0, a_max=1), np.clip(x, 0, a_max=1), *since_2_1):
        assert y.tolist() == [0, 0.5, 1]
        y.sum().backward()
        assert x.grad.tolist() == [0, 1, 0]
