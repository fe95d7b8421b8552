"""What the docstring of check_op says that it can't see, each tried: when one of them is seen, the docstring is old."""
import numpy as np
import pytest

from minigrad.engine.op import Op
from minigrad.testing import check_op
from minigrad.testing.ops.runner import run


def bump(x):
    """A bump of height 1e-4 around 1/3 that is 1e-8 wide."""
    return 1e-4 * np.maximum(0, 1 - ((x - 1 / 3) / 1e-8) ** 2) ** 3


def array(x):
    return getattr(x, "_data", x)


def half(x, /):
    return x / 2


BLIND = {
    "inputs that no case has": Op(lambda x, /: x * x, lambda g, y, x: np.where(x > 1e4, 0 * g, 2 * g * x), name="far"),
    "smaller than rtol": Op(lambda x, /: x * x, lambda g, y, x: (2 + 1e-11) * g * x, name="slightly"),
    "narrow features": Op(lambda x, /: x + bump(x), lambda g, y, x: g, name="narrow"),
    "a slope between those of both sides": Op(
        lambda x, /: abs(x), lambda g, y, x: g * np.where(x == 0, 0.3, np.sign(x)), name="kinked"),
    "both are not what was meant": Op(half, lambda g, y, x: g / 2, name="double"),
    "float16 alone": Op(lambda x, /: 2 * x, lambda g, y, x: (3 if g.dtype == np.float16 else 2) * g, name="coarse"),
}


@pytest.mark.parametrize("spot", BLIND)
def test_it_is_not_seen(spot):
    assert run(BLIND[spot], examples=25, shrink=False).passed


def test_params_that_can_not_be_guessed_are_named():
    op = Op(lambda x, /, mode="plain": x * x, lambda g, y, x, mode="plain": 2 * g * x * (mode == "plain"), name="moded")
    found = run(op, examples=15)
    assert found.passed and any("mode: only the default was tried" in remark for remark in found.remarks)


def test_inputs_without_a_rule_are_named():
    op = Op(lambda a, b, /: a * b, (lambda g, y, a, b: g * b, None), name="half_done")
    found = run(op, examples=5)
    assert found.passed and found.remarks == ["b: no rule, though the result depends on it: it gets no gradient"]
    assert not run(Op(lambda a, b, /: a + 0 * b, (lambda g, y, a, b: g, None), name="constant"), examples=5).remarks


def test_order_and_tolerance_can_be_declared():
    once = Op(lambda x, /: x**3, lambda g, y, x: g * (3 * array(x)**2), name="once")
    coarse = Op(lambda x, /: x**3, lambda g, y, x: g * 3.000001 * x * x, name="coarse")
    for op, facts in ((once, {"order": 1}), (coarse, {"rtol": 1e-5})):
        assert not run(op, examples=5, shrink=False).passed
        assert run(op.describe(**facts), examples=5).passed


def test_the_docstring_names_each():
    text = " ".join(check_op.__doc__.split())
    for words in ("inputs that no case has", "smaller than rtol", "narrower than 1e-5", "at a kink, any slope between",
                  "both not what you meant", "params whose values can't be guessed",
                  "inputs that have no rule", "float16"):
        assert words in text, words
