"""Integers and booleans, narrow ones too: nothing wraps around without a word.

That every op keeps to it is one of the properties of `minigrad check`.
"""
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import minigrad as mg
from minigrad.testing.ops.whole import WHOLE

NARROW = [d for d in WHOLE if d is not np.bool_]


@pytest.mark.parametrize("dtype", NARROW)
def test_rows_of_a_long_table(dtype):
    ids = np.array([65, 3, 3]).astype(dtype)
    right = np.zeros((66, 128))
    right[65], right[3] = 1, 2
    for look_up in (mg.embedding, lambda t, i: t[i], lambda t, i: mg.take(t, i, axis=0), lambda t, i: t[mg.tensor(i)]):
        table = mg.tensor(np.zeros((66, 128)), requires_grad=True)
        look_up(table, ids).sum().backward()
        assert_array_equal(table.grad, right)
    assert_array_equal(mg.ops.REGISTRY["scatter_add"](np.ones((3, 128)), index=ids, shape=(66, 128)), right)


@pytest.mark.parametrize("dtype", NARROW)
def test_layer_of_embeddings(dtype):
    layer = mg.layers.Embedding(66, 128)
    layer(np.array([[65, 3]]).astype(dtype)).sum().backward()
    assert_array_equal(np.flatnonzero(layer.weights[0].grad.numpy().sum(1)), [3, 65])


def test_examples():
    assert_allclose(mg.norm(np.array([200, 100], np.uint8)), np.hypot(200, 100))
    assert_allclose(mg.exp(mg.tensor(np.array([12], np.int8))), np.exp([12.0]))
    small = np.array([200, 100, 7], np.uint8)
    for f in (mg.softmax, mg.logsumexp, mg.log_softmax, mg.standardize, mg.std, mg.softplus, mg.selu):
        assert_allclose(f(small), f(small.astype(float)), err_msg=f.name)
        assert f(mg.tensor(small)).dtype == np.float64
    loss = mg.softmax_cross_entropy(small, np.array([0, 0, 1], np.uint8))
    assert_allclose(loss, 193, rtol=1e-12)
