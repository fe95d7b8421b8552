"""Every public layer on the strict stand-in for CuPy: the numbers that it gives on the CPU, and no step that waits."""
import numpy as np
import pytest
from numpy.testing import assert_allclose

import minigrad as mg
from minigrad.engine.tensor import backpropagate
from minigrad.engine.trees import tree_map
from tests.keras.layers.cases import CASES
from tests.keras.layers.test_all import case, data

from . import standin


@pytest.mark.parametrize("name", CASES)
def test_as_on_the_cpu_and_never_waiting(name):
    make, shape = case(name)
    x = data(shape)
    reference = make(mg.keras)
    expected = reference(x).numpy()
    with standin.installed() as gpu:
        mg.set_device("gpu")
        layer = make(mg.keras)
        tensors = tree_map(lambda a: mg.tensor(mg.backend.asarray(a)), x)
        layer(tensors)
        layer.set_weights(reference.get_weights())
        y = layer(tensors)
        assert y.device == "gpu" and all(w.device == "gpu" for w in layer.weights)
        assert_allclose(y.numpy(), expected, rtol=1e-4, atol=1e-5)

        def step():
            y = layer(tensors, training=True)
            if y.requires_grad:
                backpropagate((y * y).sum(), wrt=set(layer.trainable_weights))
        step()
        gpu.counts.clear()
        step()
        counts = dict(gpu.counts)
    assert counts.get("sync", 0) == counts.get("d2h", 0) == 0, (name, counts)
    assert np.isfinite(expected).all()
