"""Masks: a query that may look nowhere, and masks that are no booleans."""
import numpy as np
import pytest
from hypothesis import given, strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import minigrad as mg


@given(st.integers(0, 2**32 - 1), st.booleans(), st.sampled_from([1.0, 1e3]), st.sampled_from([np.float32, np.float64]))
def test_a_query_that_may_look_nowhere_gets_0_and_gives_nothing(seed, causal, size, dtype):
    rng = np.random.default_rng(seed)
    t = [mg.tensor(size * rng.standard_normal((2, n, 3)), dtype=dtype, requires_grad=True) for n in (4, 5, 5)]
    mask = rng.random((2, 4, 5)) < 0.3
    mask[0, 1] = False
    y = mg.attention(*t, causal=causal, mask=mask)
    y.backward(rng.standard_normal(y.shape))
    allowed = mask & np.tri(4, 5, 1, dtype=bool) if causal else mask
    blind = ~allowed.any(axis=-1)
    assert_array_equal(y.numpy()[blind], 0)
    assert all(np.isfinite(x.grad.numpy()).all() for x in t)
    assert_array_equal(t[0].grad.numpy()[blind], 0)
    rest = [np.flatnonzero(~b) for b in blind]              # the others are as they would be without it
    for b, see in enumerate(rest):
        alone = mg.attention(t[0].numpy()[b, see], t[1].numpy()[b], t[2].numpy()[b], mask=allowed[b, see])
        assert_allclose(y.numpy()[b, see], alone, rtol=1e-4, atol=1e-4 * size)


def test_second_derivatives_where_a_query_may_look_nowhere():
    mask = np.array([[True, False], [False, False]])
    hessian = mg.hessian(lambda q: (mg.attention(q, q, q, mask=mask) ** 2).sum())(np.ones((2, 2)))
    assert np.isfinite(hessian).all()


@pytest.mark.parametrize("additive", [np.array([[0, -1e9], [0, 0]]), np.array([[0, -np.inf], [0, 0]], np.float32),
                                      np.array([[0, -10000], [0, 0]]), np.zeros((2, 2)), [[0.0, -1e9], [0.0, 0.0]]])
def test_a_mask_that_would_be_added_is_refused(additive):
    x = np.ones((2, 2))
    for f in (lambda: mg.attention(x, x, x, mask=additive), lambda: mg.attention(x, x, x, mask=mg.tensor(additive)),
              lambda: mg.layers.MultiHeadAttention(1, 2)(x[None], x[None], attention_mask=additive)):
        with pytest.raises(TypeError, match="mask must be boolean, True where a query may look.*mask == 0"):
            f()


def test_ones_and_zeros_are_a_mask():
    x = np.random.default_rng(0).standard_normal((3, 2))
    mask = np.tri(3, dtype=int)
    assert_array_equal(mg.attention(x, x, x, mask=mask), mg.attention(x, x, x, mask=mask.astype(bool)))
    assert_array_equal(mg.attention(x, x, x, mask=mask.tolist()), mg.attention(x, x, x, causal=True))
