"""The engine against the scalar reference; and the machine against engines that are wrong."""
import importlib
import math
from unittest import mock

import numpy as np
import pytest

from minigrad.engine.ops import REGISTRY
from minigrad.testing.audit import machine, scalars

engine = importlib.import_module("minigrad.engine.tensor")


def test_the_engine_does_what_the_reference_does():
    machine.run(examples=100, steps=25)


@pytest.mark.deep
def test_for_long():
    machine.run(examples=5000, steps=60)


WRONG = {
    "edits are not refused": mock.patch.object(engine, "refuse_edit", lambda x, node: None),
    "a wrong rule": mock.patch.object(REGISTRY["multiply"], "rules", (lambda g, y, a, b: g * b,) * 2),
    "a rule without its second order": mock.patch.object(REGISTRY["multiply"], "rules", (
        lambda g, y, a, b: g * getattr(b, "_data", b), lambda g, y, a, b: g * getattr(a, "_data", a))),
    "detach that does not detach": mock.patch.object(engine.Tensor, "detach", lambda self: self),
    "no_grad that records": mock.patch.object(machine, "no_grad", lambda: engine.grad_mode(True)),
    "a released tape goes unnoticed": mock.patch.object(engine, "RELEASED", None),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_engine_is_noticed(name):
    with WRONG[name], pytest.raises((AssertionError, RuntimeError, IndexError)):
        machine.run(examples=2000, steps=25, shrink=False)


def test_second_derivatives_of_scalars():
    x = scalars.Scalar(0.7)
    y = (x * x).exp() / x.sin() - x.tanh() * 3
    first = scalars.derivative(y, x)
    h = 1e-5

    def at(v):
        return math.exp(v * v) / math.sin(v) - 3 * math.tanh(v)
    left, here, right = at(0.7 - h), at(0.7), at(0.7 + h)
    assert first.value == pytest.approx((right - left) / (2 * h), rel=1e-8)
    assert scalars.derivative(first, x).value == pytest.approx((right - 2 * here + left) / h**2, rel=1e-4)


def test_equals_share_and_repeats_add_up():
    x, y = scalars.lift(np.array([2.0, 3.0])), scalars.lift(np.array([2.0, 1.0]))
    total = scalars.maximum(x, y)[np.array([0, 0, 1])].sum()
    assert [scalars.derivative(total, s).value for s in (*x, *y)] == [1, 1, 1, 0]
