"""What large arrays go another way for: some rows at a time gelu gives the bits of all at once, and softmax and norms,
but for the order in which products with ones add up, the same numbers."""
import numpy as np
import pytest

import minigrad as mg
from minigrad.engine import backend, blocks
from minigrad.engine.op import REGISTRY
from minigrad.engine.ops import nonlinear

from ..unrolling.same import assert_same

RNG = np.random.default_rng(0)
ARRAYS = {
    "rows": RNG.normal(size=(50, 4)), "one axis": RNG.normal(size=130), "three axes": RNG.normal(size=(7, 3, 8)),
    "one row": RNG.normal(size=(1, 200)), "turned": RNG.normal(size=(8, 30)).T,
    "every other": RNG.normal(size=(90, 8))[::2],
    "backwards": RNG.normal(size=(40, 6))[::-1], "small": RNG.normal(size=(2, 3)), "empty": np.zeros((0, 4)),
    "extreme": np.resize([np.inf, -np.inf, np.nan, 0.0, -0.0, 1e30, -1e30, 40, -40], (12, 9)),
}
OPS = {
    "gelu": mg.gelu, "exact gelu": lambda x: mg.gelu(x, approximate=False), "softmax": mg.softmax,
    "softmax of columns": lambda x: mg.softmax(x, axis=0), "log_softmax": mg.log_softmax,
    "standardize": mg.standardize, "standardize columns": lambda x: mg.standardize(x, axis=0),
    "layer_norm": lambda x: mg.layer_norm(x, *vectors(x)), "batch_norm": lambda x: mg.batch_norm(x, *vectors(x)),
}


def vectors(x):
    n = x.shape[-1]
    return [f(np.arange(n)).astype(x.dtype) for f in (np.cos, np.sin)]


def results(op, x, g):
    t = mg.tensor(x, requires_grad=True)
    y = op(t)
    y.backward(g)
    return y.numpy(), t.grad.numpy()


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("op", OPS)
def test_the_same_numbers(op, name, dtype, monkeypatch):
    with np.errstate(all="ignore"):
        x = ARRAYS[name].astype(dtype)
        g = np.cos(np.arange(x.size)).reshape(x.shape).astype(dtype)
        whole = results(OPS[op], x, g)
        monkeypatch.setattr(blocks, "BLOCK", 16)
        for a, b in zip(results(OPS[op], x, g), whole):
            assert (a.shape, a.dtype) == (b.shape, b.dtype)
            few = 0 if "gelu" in op else 8 * float(np.finfo(dtype).eps)
            np.testing.assert_allclose(a, b, rtol=few, atol=few)


@pytest.mark.parametrize("op", OPS)
def test_the_same_bits_unrolled(op, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 16)
    x = ARRAYS["rows"].astype(np.float32)
    f = mg.value_and_grad(lambda x: (OPS[op](x) * x).sum())
    g = mg.unroll(f)
    for _ in range(3):
        g(x)
    assert g.program is not None, g.reason
    assert_same(g(2 * x), f(2 * x))


def test_another_type_of_cotangent_and_second_derivatives(monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 4)
    x = RNG.normal(size=(30, 3))
    for op in OPS.values():
        second = mg.grad(lambda x, op=op: (mg.grad(lambda x: (op(x) ** 2 * x).sum())(x) ** 2).sum())
        blocked = second(x)
        with monkeypatch.context() as patch:
            patch.setattr(blocks, "BLOCK", 2**16)
            assert np.allclose(blocked, second(x), rtol=1e-9, atol=1e-12)
    y = nonlinear._gelu_vjp(np.ones((30, 3)), None, x.astype(np.float32))
    assert y.dtype == np.float64


def test_vectors_of_a_type_more_precise_than_the_rows(monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 4)
    x, (gamma, beta) = RNG.normal(size=(30, 3)).astype(np.float32), vectors(np.zeros((1, 3)))
    for op in (mg.layer_norm, mg.batch_norm):
        assert op(x, gamma, beta).dtype == np.float64


@pytest.mark.parametrize("shape", [(4096, 3), (5000, 2), (3, 1700, 2), (40, 3), (0, 3), (5000, 0)])
def test_row_dot_and_row_sum(shape):
    x, y = RNG.normal(size=(2, *shape))
    for dtype, rtol in ((np.float32, 1e-5), (np.float64, 1e-12)):
        a, b, axes = x.astype(dtype), y.astype(dtype), tuple(range(x.ndim - 1))
        for found, expected in ((backend.row_dot(a, b), x * y), (backend.row_sum(a), x)):
            assert found.dtype == dtype and np.allclose(found, expected.sum(axis=axes), rtol=rtol, atol=rtol * 100)


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
