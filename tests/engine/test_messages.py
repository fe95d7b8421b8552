"""What is refused says in one clear line why, and what to do."""
import asyncio

import numpy as np
import pytest

import minigrad as mg


def leaf(v):
    return mg.tensor(v, dtype=float, requires_grad=True)


two = mg.op(lambda a, b, /: a * b, vjp=lambda g, y, a, b: (g * b,), name="too_few_cotangents")

LINES = {
    "complex data": (lambda: mg.tensor([1 + 2j]), "complex numbers have no gradients"),
    "complex operand": (lambda: (leaf([1.0]) * np.array([1j])).backward(np.ones(1)), "multiply came out complex"),
    "None": (lambda: mg.tensor(None), "None or other objects"),
    "index of a list": (lambda: [1, 2][mg.tensor(1.0)], "must be a whole number"),
    "constant of a pad": (lambda: mg.pad(leaf([1.0]), 1, constant_values=leaf(1.0)), "^pad: .*gradients.*lost"),
    "too few cotangents": (lambda: two(leaf(1.0), leaf(2.0)).backward(), "1 cotangents for 2 inputs"),
}


@pytest.mark.parametrize("name", LINES)
def test_one_clear_line(name):
    f, words = LINES[name]
    with pytest.raises(TypeError, match=words) as found:
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
