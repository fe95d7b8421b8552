"""What large arrays go another way for: gelu some rows at a time, to the bits of all at once."""
import numpy as np
import pytest

import minigrad as mg
from minigrad.engine.op import REGISTRY
from minigrad.engine.ops import nonlinear

RNG = np.random.default_rng(0)
ARRAYS = {
    "rows": RNG.normal(size=(50, 4)), "one axis": RNG.normal(size=130), "three axes": RNG.normal(size=(7, 3, 8)),
    "one row": RNG.normal(size=(1, 200)), "turned": RNG.normal(size=(8, 30)).T,
    "every other": RNG.normal(size=(90, 8))[::2],
    "backwards": RNG.normal(size=(40, 6))[::-1], "small": RNG.normal(size=(2, 3)), "empty": np.zeros((0, 4)),
    "extreme": np.resize([np.inf, -np.inf, np.nan, 0.0, -0.0, 1e30, -1e30, 40, -40], (12, 9)),
}


def results(x, g, approximate):
    t = mg.tensor(x, requires_grad=True)
    y = mg.gelu(t, approximate=approximate)
    y.backward(g)
    return y.numpy(), t.grad.numpy()


@pytest.mark.parametrize("approximate", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
@pytest.mark.parametrize("name", ARRAYS)
def test_the_same_bits(name, dtype, approximate, monkeypatch):
    with np.errstate(all="ignore"):
        x = ARRAYS[name].astype(dtype)
        g = np.cos(np.arange(x.size)).reshape(x.shape).astype(dtype)
        whole = results(x, g, approximate)
        monkeypatch.setattr(nonlinear, "BLOCK", 16)
        for a, b in zip(results(x, g, approximate), whole):
            assert (a.shape, a.dtype) == (b.shape, b.dtype) and np.array_equal(a, b, equal_nan=True)


def test_another_type_of_cotangent_and_second_derivatives(monkeypatch):
    monkeypatch.setattr(nonlinear, "BLOCK", 4)
    x = RNG.normal(size=(30, 3))
    second = mg.grad(lambda x: (mg.grad(lambda x: (mg.gelu(x) ** 2).sum())(x) ** 2).sum())
    blocked = second(x)
    monkeypatch.setattr(nonlinear, "BLOCK", 2**16)
    assert np.allclose(blocked, second(x), rtol=1e-12)
    y = nonlinear._gelu_vjp(np.ones((30, 3)), None, x.astype(np.float32))
    assert y.dtype == np.float64


UNARY = [op for op in REGISTRY.values() if op.native and op.elementwise and op.arity == 1]


@pytest.mark.parametrize("op", UNARY, ids=lambda op: op.name)
def test_many_numbers_have_the_values_and_the_type_of_few(op):
    """Whatever an op does otherwise with large arrays: 300,000 numbers of each kind."""
    few = np.array([0, 1, 3, 2, 1, 5])
    for dtype in (bool, np.uint8, np.int32, np.int64, np.float16, np.float32, np.float64):
        with np.errstate(all="ignore"):
            try:
                expected = np.asarray(op(few.astype(dtype)))
            except (TypeError, ValueError):  # the op wants other numbers
                continue
            y = np.asarray(op(np.tile(few.astype(dtype), (50_000, 1))))
        assert y.dtype == expected.dtype and np.array_equal(y, np.tile(expected, (50_000, 1)), equal_nan=True), dtype
