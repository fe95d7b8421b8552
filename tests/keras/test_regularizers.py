"""Penalties on weights."""
import numpy as np
import pytest

import minigrad as mg
from minigrad import regularizers

W = np.array([[1.0, -2.0], [0.0, 3.0]])


@pytest.mark.parametrize("penalty, value, gradient", [
    (regularizers.L1(0.1), 0.6, 0.1 * np.sign(W)),
    (regularizers.L2(0.1), 1.4, 0.2 * W),
    (regularizers.L1L2(0.1, 0.01), 0.6 + 0.14, 0.1 * np.sign(W) + 0.02 * W),
    (regularizers.get("l2"), 0.14, 0.02 * W)], ids=repr)
def test_value_and_gradient(penalty, value, gradient):
    w = mg.tensor(W, dtype="float32", requires_grad=True)
    y = penalty(w)
    y.backward()
    assert y.dtype == w.grad.dtype == np.float32
    assert y.item() == pytest.approx(value) and np.allclose(w.grad.numpy(), gradient)


def test_get_and_config():
    assert regularizers.get(None) is None and regularizers.get(abs) is abs
    assert regularizers.L1L2(0, 0)(mg.tensor(W)) == 0
    one = regularizers.L1L2(0.1, 0.2)
    assert repr(regularizers.L1L2.from_config(one.get_config())) == repr(one) == "L1L2(l1=0.1, l2=0.2)"
    with pytest.raises(ValueError, match="l2 must be a number of at least 0"):
        regularizers.L2(-1)
    with pytest.raises(ValueError, match="unknown regularizer 'l3'"):
        regularizers.get("l3")
