"""Losses, metrics, initializers and optimizers on a GPU, here the stand-in: the same figures, and no waiting."""
import numpy as np
import pytest
from numpy.testing import assert_allclose

import minigrad as mg
from minigrad import initializers, losses, metrics
from minigrad.keras.optimizers import SGD, Adam, AdamW, RMSprop

from ..keras.optimizers.cases import VARIANTS, fresh
from . import standin

SHAPES = [(6, 4), (4,), (), (4, 3)]
CLIPPED = [SGD(0.1, clipvalue=0.1), SGD(0.1, clipnorm=0.1), Adam(0.1, global_clipnorm=0.1),
           AdamW(0.1, exclude="vectors"), RMSprop(0.1, centered=True, momentum=0.9, global_clipnorm=1.0)]


@pytest.fixture
def gpu():
    with standin.installed() as device:
        mg.set_device("gpu")
        try:
            yield device
        finally:
            mg.set_device("cpu")


def on(device, array, **kwargs):
    return mg.tensor(array, dtype="float32", device=device, **kwargs)


@pytest.mark.parametrize("optimizer", VARIANTS + CLIPPED, ids=repr)
def test_optimizer(gpu, optimizer):
    """As on the CPU; a step never waits, and costs as many launches for four variables as for one."""
    rng = np.random.default_rng(0)
    starts = [rng.standard_normal(shape) for shape in SHAPES]
    there, here = ([on(d, x, requires_grad=True) for x in starts] for d in ("gpu", "cpu"))
    a, b, alone, launches = fresh(optimizer), fresh(optimizer), fresh(optimizer), []
    for _ in range(4):
        gs = [rng.standard_normal(shape) for shape in SHAPES]
        on_gpu = [on("gpu", g) for g in gs]
        gpu.counts.clear()
        a.apply_gradients(zip(on_gpu, there))
        assert gpu.counts["sync"] == gpu.counts["h2d"] == gpu.counts["d2h"] == 0
        launches.append(gpu.counts["launch"])
        b.apply_gradients([(on("cpu", g), v) for g, v in zip(gs, here)])
    for v, w in zip(there, here):
        assert v.device == "gpu" and v.dtype == np.float32
        assert_allclose(v.numpy(), w.numpy(), rtol=1e-4, atol=1e-6)
    if optimizer.clipnorm is None and optimizer.exclude is None:
        one = on("gpu", starts[0], requires_grad=True)
        for _ in range(2):
            gpu.counts.clear()
            alone.apply_gradients([(on_gpu[0], one)])
        assert launches[-1] == gpu.counts["launch"] <= 9


def test_optimizer_follows_its_variables_to_another_device(gpu):
    v, w = (on(d, [1.0, 2.0], requires_grad=True) for d in ("gpu", "cpu"))
    a, b = Adam(0.1), Adam(0.1)
    for device in ("gpu", "cpu", "gpu"):
        v._data = v.to(device)._data
        a.apply_gradients([(on(device, [1.0, -3.0]), v)])
        b.apply_gradients([(on("cpu", [1.0, -3.0]), w)])
        assert v.device == device
        assert_allclose(v.numpy(), w.numpy(), rtol=1e-6)


SAMPLE = np.random.default_rng(1)
LABELS, SCORES = SAMPLE.integers(0, 4, 8), SAMPLE.uniform(0.1, 1, (8, 4))


def truth(name, device):
    numbers = "sparse" in name or "generalized" in name
    return mg.tensor(LABELS, device=device) if numbers else on(device, np.eye(4)[LABELS])


@pytest.mark.parametrize("name", losses.LOSSES)
def test_loss(gpu, name):
    loss, results = losses.get(name), {}
    for device in ("gpu", "cpu"):
        mg.set_device(device)
        t, p, w = truth(name, device), on(device, SCORES, requires_grad=True), on(device, np.arange(8))
        gpu.counts.clear()
        y = loss(t, p) if name in ("dice", "tversky") else loss(t, p, w)
        y.backward()
        assert gpu.counts["sync"] == gpu.counts["h2d"] == 0
        assert y.device == p.grad.device == device and y.dtype == np.float32
        results[device] = y.item(), p.grad.numpy()
    assert results["gpu"][0] == pytest.approx(results["cpu"][0], rel=1e-5)
    assert_allclose(results["gpu"][1], results["cpu"][1], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", metrics.METRICS)
def test_metric(gpu, name):
    there, here = metrics.get(name), metrics.get(name)
    for weights in (None, np.arange(8)):
        t, p = truth(name, "gpu"), on("gpu", SCORES)
        w = None if weights is None else on("gpu", weights)
        gpu.counts.clear()
        there.update_state(t, p, w)
        assert gpu.counts["sync"] == gpu.counts["h2d"] == gpu.counts["d2h"] == 0
        here.update_state(truth(name, "cpu"), on("cpu", SCORES), None if weights is None else on("cpu", weights))
    assert_allclose(there.result(), here.result(), rtol=1e-5)
    again = metrics.get(name)
    again.load_state(there.state())
    assert_allclose(again.result(), there.result(), rtol=1e-12)


@pytest.mark.parametrize("name", initializers.INITIALIZERS)
def test_initializer(gpu, name):
    w = initializers.get(name)((6, 4), "float32")
    assert isinstance(w, standin.ndarray) and w.dtype == np.float32 and w.shape == (6, 4)
