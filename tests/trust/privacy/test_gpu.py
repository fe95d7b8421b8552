"""DP-SGD on the strict stand-in for a GPU: the same numbers, nothing refused."""
import numpy as np

import minigrad as mg
from minigrad import layers, losses, optimizers
from minigrad.engine.backend import to_numpy
from minigrad.keras.models import Sequential
from minigrad.trust.privacy import DPOptimizer, PerExample, fit_private

from ...gpu import standin
from ...keras.networks import classes, network

SPARSE = losses.SparseCategoricalCrossentropy(from_logits=True, reduction=None)
PARTS = [lambda: layers.Dense(4, activation="relu"), layers.LayerNormalization, lambda: layers.Dense(3)]


def noisy_gradients(device, seed=0):
    """What DP-SGD makes of the same weights and batch, and the norms."""
    x, y = classes(20)
    mg.seed(0)
    model = Sequential([part() for part in PARTS])
    model.build((None, 2))
    rng = np.random.default_rng(0)
    model.set_weights([rng.standard_normal(w.shape).astype(np.float32) for w in model.weights])
    optimizer = DPOptimizer(optimizers.SGD(0.1), 0.5, 1.0, 0.5, 40, seed)
    assert model.device == device
    loss = SPARSE(y, model(x))
    gradients = [to_numpy(g) for g in optimizer.privatize(loss, model.trainable_weights)]
    whole = [to_numpy(g) for g in PerExample(SPARSE(y, model(x)), model.trainable_weights).gradients()]
    return [*gradients, *whole, to_numpy(optimizer.norms)]


def test_the_same_gradients_as_on_the_cpu():
    expected = noisy_gradients("cpu")
    with standin.installed():
        mg.set_device("gpu")
        got = noisy_gradients("gpu")
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_it_trains():
    x, y = classes(100)
    with standin.installed():
        mg.set_device("gpu")
        model = network(4, 3)
        fit_private(model, SPARSE, x, y, optimizers.Adam(0.05), noise=1.0, batch_size=40, epochs=4, seed=0)
        assert np.isfinite(model.predict(x, verbose=0)).all()
