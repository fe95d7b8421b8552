"""Attention a tile at a time: what the formula says, for all shapes and masks, in memory that grows with T alone."""
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import minigrad as mg
from minigrad.engine.ops import attending as module, in_small_steps as simple


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch):
    """Sequences of a test's length in several tiles, their heads in several pieces."""
    monkeypatch.setattr(module, "FEW", 0)
    monkeypatch.setattr(module, "ROWS", {"cpu": 4, "gpu": 4})
    monkeypatch.setattr(module, "ROOM", {"cpu": 8, "gpu": 8})


LEADS = [((), (), ()), ((3,), (3,), (3,)), ((2, 3), (2, 1), (2, 1)), ((3,), (), (1,)), ((1, 2), (3, 2), (2,)),
         ((0,), (0,), (0,)), ((2, 2, 2), (2, 2, 2), (2, 2, 2))]


@st.composite
def problems(draw):
    """([q, k, v, g], params), float64, of moderate or of huge scores, with masks of all kinds."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    leads, (t, s), (d, e) = draw(st.sampled_from(LEADS)), draw(st.tuples(*[st.integers(0, 9)] * 2)), draw(
        st.sampled_from([(3, 2), (3, 2), (1, 1), (3, 0)]))
    size = draw(st.sampled_from([1.0, 1.0, 30.0]))
    q, k, v = (size * rng.standard_normal((*lead, n, w)) for lead, n, w in zip(leads, (t, s, s), (d, d, e)))
    lead = np.broadcast_shapes(*leads)
    mask = draw(st.sampled_from([None, (t, s), (*lead, t, s), (*[1] * len(lead), 1, s), (s,), (t, 1)]))
    params = {"causal": draw(st.booleans()), "mask": None if mask is None else rng.random(mask) < 0.7}
    params |= {"scale": 0.3} if draw(st.booleans()) else {}
    return [q, k, v / size, rng.standard_normal((*lead, t, e))], params


def pulled(f, q, k, v, g, **params):
    """[y, dq, dk, dv]"""
    t = [mg.tensor(x, requires_grad=True) for x in (q, k, v)]
    y = f(*t, **params)
    y.backward(g.astype(y.dtype))
    return [y.numpy(), *(x.grad.numpy() for x in t)]


def by_formula(q, k, v, g, **params):
    return pulled(lambda q, k, v, **more: module.attention_weights(q, k, **more) @ v, q, k, v, g, **params)


@pytest.mark.filterwarnings("ignore:divide by zero")        # in the formula, where there are no keys
@given(problems(), st.sampled_from([np.float16, np.float32, np.float64]))
def test_tiles_give_what_the_formula_gives(problem, dtype):
    arrays, params = problem
    arrays = [x.astype(dtype) for x in arrays]
    expected = by_formula(*(x.astype(float) for x in arrays), **params)
    tolerance = {np.float16: 4e-3, np.float32: 2e-5, np.float64: 1e-12}[dtype] * max(
        1, *(np.abs(x).max(initial=0).astype(float) ** 2 for x in arrays))
    for found, wanted in zip(pulled(mg.attention, *arrays, **params), expected):
        assert found.dtype == dtype
        assert_allclose(found, wanted, rtol=0, atol=tolerance)


@pytest.mark.filterwarnings("ignore:divide by zero")
@given(problems())
def test_the_formula_is_the_one_written_in_small_steps(problem):
    (*qkv, _), params = problem
    if np.abs(qkv[0]).max(initial=0) < 10:
        assert_allclose(mg.attention(*qkv, **params), simple.attention(*qkv, **params), rtol=1e-9, atol=1e-9)


def test_all_that_is_checked_of_an_op_holds_for_tiles():
    # Not that in float16, scores being in the thousands, dS is exactly 0: y · g is ΣP dP but for rounding in float32.
    mg.testing.check_op(mg.ops.REGISTRY["attention"], examples=5, skip=["half_precision"])


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("scale", [1.0, 40.0])
def test_second_derivatives(causal, scale):
    rng = np.random.default_rng(0)
    mask = rng.random((5, 6)) < 0.8
    mg.testing.check_gradients(lambda *x: mg.attention(*x, causal=causal, mask=mask, scale=scale),
                               *(rng.standard_normal((2, n, 2)) for n in (5, 6, 6)), order=2)


def test_a_query_that_may_look_nowhere_beside_scores_of_all_sizes():
    mask = np.ones((5, 9), bool)
    mask[3] = False
    for size in (1e-3, 1.0, 1e4, 1e9):
        q, k = (size * np.random.default_rng(n).standard_normal((n, 3)).astype(np.float32) for n in (5, 9))
        y, *slopes = pulled(mg.attention, q, k, np.ones((9, 2), np.float32), 1e6 * np.ones((5, 2)), mask=mask)
        assert_allclose(y, [[1, 1]] * 3 + [[0, 0], [1, 1]], atol=1e-6, err_msg=f"scores of {size}²")
        assert all(np.isfinite(x).all() for x in slopes) and not slopes[0][3].any()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("q, v", [(1e25, 1.0), (4.0, 1e30)])
def test_numbers_whose_squares_overflow(q, v):
    arrays = [size * np.ones((9, 3), np.float32) for size in (q, 4.0, v)]
    y, *slopes = pulled(mg.attention, *arrays, np.ones((9, 3)))
    assert_allclose(y, arrays[2], rtol=1e-5)
    assert all(np.isfinite(x).all() for x in slopes)


@pytest.mark.parametrize("size", [1.0, 100.0])
@pytest.mark.parametrize("masked", [False, True])
def test_unrolled_it_has_the_same_bits(size, masked):
    rng = np.random.default_rng(0)
    q, k, v = (size * rng.standard_normal((2, 9, 4)).astype(np.float32) for _ in range(3))
    mask = rng.random((2, 1, 9)) < 0.8 if masked else None
    step = mg.value_and_grad(lambda q, k, v: (mg.attention(q, k, v, causal=True, mask=mask) ** 2).sum(), (0, 1, 2))
    unrolled = mg.unroll(step)
    for shrink in (1, 1, 1, 0.5, 1e-3, 2):          # small enough, it takes the other branch
        (a, grads), (b, expected) = unrolled(shrink * q, k, v), step(shrink * q, k, v)
        assert_array_equal(a, b)
        for x, y in zip(grads, expected):
            assert_array_equal(x, y)
    assert unrolled.reason is None and "maximum" in unrolled.source


def test_unknown_shapes_are_refused():
    q, k = np.ones((4, 3)), np.ones((6, 3))
    for v, mask, message in ((np.ones((7, 2)), None, "attention: input shapes.*6 keys for 7 values"),
                             (np.ones((6, 2)), np.ones((4, 5), bool), "attention: input shapes")):
        with pytest.raises(ValueError, match=message):
            mg.attention(q, k, v, mask=mask)
    with pytest.raises(ValueError, match="attention: input shapes"):
        mg.attention(q, np.ones((6, 2)), np.ones((6, 2)))


def test_types_that_differ():
    rng = np.random.default_rng(0)
    q, k, v = rng.standard_normal((6, 3)).astype(np.float32), rng.integers(-3, 4, (7, 3)), rng.standard_normal((7, 2))
    for a, b, c in ((q, k, v), (k, k, k), (q, q, v[:6]), (v[:, :1], q[:, :1].astype(float), v[:6].astype(np.float32))):
        t = [mg.tensor(x, requires_grad=x.dtype.kind == "f") for x in (a, b, c)]
        for factor in (1, 20):
            y = mg.attention(factor * t[0], *t[1:])
            assert_allclose(y.numpy(), simple.attention(factor * a, b, c), rtol=1e-4, atol=1e-5)
            if y.requires_grad:
                y.sum().backward()
                assert all(x.grad.dtype == x.dtype for x in t if x.requires_grad)


def test_a_scale_that_is_a_tensor_has_its_gradient():
    x, scale = np.random.default_rng(0).standard_normal((6, 3)), mg.tensor(0.5, requires_grad=True)
    (mg.attention(x, x, x, scale=scale) ** 2).sum().backward()
    slope = mg.grad(lambda s: ((module.attention_weights(x, x, scale=s) @ x) ** 2).sum())(0.5)
    assert_allclose(scale.grad.numpy(), slope)


def test_memory_grows_with_the_length_not_with_its_square(monkeypatch):
    monkeypatch.undo()
    peaks = {}
    for t in (512, 1024):
        q, k, v, g = (np.ones((4, t, 8), np.float32) for _ in range(4))
        tracemalloc.start()
        pulled(mg.attention, q, k, v, g, causal=True)
        peaks[t] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peaks[1024] < 2**23 and peaks[1024] < 2.2 * peaks[512], peaks          # all scores: 16 MB, twice in backward
