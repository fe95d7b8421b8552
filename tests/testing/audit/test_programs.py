"""Whole random programs: their gradients are right by measurement, and the same as PyTorch's."""
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from numpy.testing import assert_allclose

import minigrad as mg
from minigrad.engine.ops import REGISTRY
from minigrad.testing import check_gradients
from minigrad.testing.audit.programs import Program, Step
from minigrad.testing.strategies import programs

PATIENT = settings(suppress_health_check=list(HealthCheck))


@settings(PATIENT, max_examples=100)
@given(programs())
def test_the_gradients_of_a_program_are_its_slopes(program):
    with np.errstate(all="ignore"):
        check_gradients(program, *program.inputs)


@settings(PATIENT, max_examples=30)
@given(st.data())
def test_only_the_operations_asked_for_are_drawn(data):
    """And tanh, add, multiply, reshape, getitem, which fit one step's result to the next."""
    program = data.draw(programs(ops=["sin", "matmul"]))
    assert set(program.names) <= {"sin", "matmul", "tanh", "add", "multiply", "reshape", "getitem"}


def test_a_program_reads_as_python():
    program = Program([np.array([1.0, 2.0])], [Step("square", (0,)), Step("sum", (1,), {"axis": 0})])
    assert program(*program.inputs) == 5
    values = {"op": REGISTRY, "array": np.array, "float64": np.float64}
    exec(repr(program), values)
    assert values["v2"] == 5


@pytest.mark.parametrize("wrong", ["sin", "softmax", "matmul"])
def test_a_program_with_a_wrong_rule_is_noticed(wrong, monkeypatch):
    rules = tuple(r and (lambda *args, r=r, **params: 1.001 * r(*args, **params)) for r in REGISTRY[wrong].rules)
    monkeypatch.setattr(REGISTRY[wrong], "rules", rules)

    @settings(PATIENT, max_examples=300, database=None)
    @given(programs(ops=[wrong, "exp", "multiply"]))
    def check(program):
        check_gradients(program, *program.inputs)
    with pytest.raises(mg.testing.GradientError):
        check()


@pytest.mark.peers
def test_as_pytorch():
    """Values and gradients of 1,000 programs of all operations that PyTorch has too."""
    torch = pytest.importorskip("torch")
    from . import in_torch
    drawn = set()

    @settings(PATIENT, max_examples=1000, print_blob=True)
    @given(programs(ops=sorted(in_torch.FUNCTIONS)))
    def same(program):
        drawn.update(program.names)
        real = [x.dtype.kind == "f" for x in program.inputs]
        here = [mg.tensor(x, requires_grad=r) for x, r in zip(program.inputs, real)]
        there = [torch.tensor(np.array(x, order="C"), requires_grad=r) for x, r in zip(program.inputs, real)]
        with np.errstate(all="ignore"):
            y = program(*here)
        z = program(*there, functions=in_torch.FUNCTIONS)
        assert_allclose(y.numpy(), z.detach().numpy(), rtol=1e-9, atol=1e-9)
        g = np.random.default_rng(0).standard_normal(y.shape)
        y.backward(g)
        z.backward(torch.from_numpy(np.array(g)))
        for a, b in zip(here, there):
            if a.requires_grad and b.grad is not None:
                assert_allclose(0 if a.grad is None else a.grad.numpy(), b.grad.numpy(), rtol=1e-8, atol=1e-8)
    same()
    assert not set(in_torch.FUNCTIONS) - drawn
