"""An unrolled function gives the bits of the function: all ops, random programs, first and second order."""
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import minigrad as mg
from minigrad.engine.op import REGISTRY
from minigrad.engine.unroll import unroll
from minigrad.testing.ops.cases import cases
from minigrad.testing.strategies import programs

from ..ops.cases import ALL
from ..ops.gradients import inputs_of
from .same import assert_same

NATIVE = sorted(name for name, op in REGISTRY.items() if op.native)


def one_truth(params):
    """Is the index one truth (0-d)?  NumPy asks for its value itself."""
    index = params.get("index")
    return isinstance(index, np.ndarray) and index.dtype.kind == "b" and not index.ndim


quick = settings(max_examples=4, suppress_health_check=list(HealthCheck))


def scaled(xs):
    """Other values, of the same signs and structures."""
    return [x * np.asarray(0.75, x.dtype) if x.dtype.kind == "f" else x for x in xs]


def gradient_of(call, count, order):
    """The value and the gradients of Σ (call + 0.5)² with respect to `count` inputs; order 2: of their sum, too."""
    def loss(*xs):
        y = call(*xs)
        return ((y + 0.5) * (y + 0.5)).sum() * 1.0

    def slope(*xs):
        gradients = mg.grad(loss, argnums=tuple(range(count)))(*xs)
        return sum((g * g).sum() for g in gradients)
    return mg.value_and_grad(slope if order == 2 else loss, argnums=tuple(range(count)))


def compare(f, first, others, followed=True):
    """f and its unrolled twin on the same inputs: run, recorded twice, replayed; then on other values."""
    g = unroll(f)
    with np.errstate(all="ignore"):
        for xs in (first, first, first, first, *others, first):
            assert_same(g(*xs), f(*xs), g.source)
    assert not followed or g.reason is None, g.reason
    return g


@pytest.mark.filterwarnings("ignore:unroll")
@pytest.mark.parametrize("name", NATIVE)
@given(data=st.data())
@quick
def test_every_op(name, data):
    """Forward of all, the gradients of those that have one."""
    op = REGISTRY[name]
    inputs, params = data.draw(cases(op))
    dtype = data.draw(st.sampled_from([np.float64, np.float32]))
    inputs = [x.astype(dtype) if x.dtype.kind == "f" else x for x in inputs]
    floats = [i for i, x in enumerate(inputs) if x.dtype.kind == "f"]

    def call(*xs):
        return op(*xs, **params)
    compare(call, inputs, [scaled(inputs)], not one_truth(params))
    if op.vjp is not None and floats and np.asarray(call(*inputs)).dtype.kind == "f":
        order = data.draw(st.sampled_from([1, 2]))

        def with_rest(*xs):
            new = list(inputs)
            for i, x in zip(floats, xs):
                new[i] = x
            return op(*new, **params)
        chosen = [inputs[i] for i in floats]
        compare(gradient_of(with_rest, len(floats), order), chosen, [scaled(chosen)], not one_truth(params))


EMPTY = [(op, case) for op, case in ALL if not op.elementwise and any(
    0 in (x if isinstance(x, tuple) else x.shape) for x in case.inputs)]


@pytest.mark.filterwarnings("ignore:unroll")
@pytest.mark.parametrize("op, case", EMPTY, ids=[f"{op.name}: {case}" for op, case in EMPTY])
def test_empty_arrays(op, case):
    """An address says nothing of what an empty array is a view of."""
    inputs = inputs_of(op, case)
    floats = [i for i, x in enumerate(inputs) if x.dtype.kind == "f"]

    def call(*xs):
        return op(*[xs[floats.index(i)] if i in floats else x for i, x in enumerate(inputs)], **case.params)
    chosen = [inputs[i] for i in floats]
    compare(call, chosen, [])
    if op.vjp is not None and floats and np.asarray(call(*chosen)).dtype.kind == "f":
        compare(gradient_of(call, len(floats), 1), chosen, [])


@pytest.mark.filterwarnings("ignore:unroll")
@given(programs(), st.sampled_from([1, 2]), st.sampled_from([np.float64, np.float32]))
@settings(max_examples=30, suppress_health_check=list(HealthCheck))
def test_whole_programs(program, order, dtype):
    """Chains of ops, with the gradients of all inputs that have one."""
    inputs = [x.astype(dtype) if x.dtype.kind == "f" else x for x in program.inputs]
    floats = [i for i, x in enumerate(inputs) if x.dtype.kind == "f"]

    def call(*xs):
        new = list(inputs)
        for i, x in zip(floats, xs):
            new[i] = x
        return program(*new)
    chosen = [inputs[i] for i in floats]
    compare(gradient_of(call, len(floats), order), chosen, [scaled(chosen)])
