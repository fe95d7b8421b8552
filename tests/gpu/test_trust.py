"""Explanations and attacks on the strict stand-in for CuPy: the same answers as on the CPU."""
import numpy as np
import pytest
from numpy.testing import assert_allclose

import minigrad as mg
from minigrad import interpretability as why, security
from minigrad.engine.backend import to_numpy
from minigrad.keras.layers import Conv2D, Dense, Flatten
from minigrad.keras.models import Sequential

from . import standin

X = np.random.default_rng(0).random((6, 8, 8, 1)).astype(np.float32)
Y = np.array([0, 1, 2, 0, 1, 2])


def model():
    net = Sequential([Conv2D(3, 3, activation="relu"), Flatten(), Dense(3)])
    net.build((None, 8, 8, 1))
    rng = np.random.default_rng(1)
    net.set_weights([0.5 * rng.standard_normal(w.shape).astype(np.float32) for w in net.weights])
    return net


CASES = {
    "saliency": lambda m: why.saliency(m, X),
    "integrated gradients": lambda m: why.integrated_gradients(m, X, 1, steps=5),
    "smooth grad": lambda m: why.smooth_grad(m, X, samples=3),
    "guided backpropagation": lambda m: why.guided_backpropagation(m, X),
    "grad-cam": lambda m: why.grad_cam(m, X, m.layers[0]),
    "activations": lambda m: why.activations(m, X, m.layers[0], batch_size=4),
    "randomisation": lambda m: list(why.randomisation_test(m, X, why.saliency).values()),
    "fgsm": lambda m: security.fgsm(m, X, Y, 0.1),
    "pgd": lambda m: security.pgd(m, X, Y, 0.1, steps=3, restarts=0),
    "pgd in l2": lambda m: security.pgd(m, X, Y, 0.3, norm=2, steps=3, restarts=0),
    "robust accuracy": lambda m: security.robust_accuracy(m, X, Y, [0, 0.1], security.fgsm),
    "success rate": lambda m: security.success_rate(m, X, Y, 1, np.ones((8, 8, 1)), np.eye(8)[..., None]),
    "trigger": lambda m: security.find_trigger(m, X, 1, steps=5)[0],
}


@pytest.mark.parametrize("name", CASES)
def test_the_same_as_on_the_cpu(name):
    expected = CASES[name](model())
    with standin.installed():
        mg.set_device("gpu")
        got = CASES[name](model())
        got = to_numpy(got)
    assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


def test_adversarial_training_goes_on():
    with standin.installed():
        mg.set_device("gpu")
        mg.seed(0)
        robust = security.AdversarialTraining(model(), lambda m, x, y: security.pgd(m, x, y, 0.1, steps=2))
        robust.compile("adam", mg.losses.SparseCategoricalCrossentropy(from_logits=True))
        losses = robust.fit(X, Y, epochs=20, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
