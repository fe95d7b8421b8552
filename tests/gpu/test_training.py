"""Whole trainings on the strict stand-in for CuPy: nothing is refused, no step waits, and few kernels are launched."""
import numpy as np
import pytest
from numpy.testing import assert_allclose

import minigrad as mg
from minigrad import datasets
from minigrad.data.loading import one_hot

from . import standin

# Kernel launches in one training step, counted on the stand-in (one per function called; CuPy may split some in two).
BUDGET = {"seed network": 40, "GPT": 580}


@pytest.fixture
def gpu():
    with standin.installed() as module:
        mg.set_device("gpu")
        mg.seed(0)
        yield module


def seed_network(optimizer="adam"):
    layers = mg.keras.layers
    model = mg.keras.Sequential([layers.Dense(64, activation="relu"), layers.Dense(64, activation="relu"),
                                 layers.Dense(10)])
    model.compile(optimizer, mg.keras.losses.CategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model


def digits(n=320):
    data = datasets.load_digits()
    return data.x[:n], one_hot(data.y[:n], 10)


def count_step(gpu, step):
    """Counts of a step after two to warm up: buffers are made in the first."""
    step()
    step()
    gpu.counts.clear()
    step()
    return dict(gpu.counts)


def test_a_step_of_the_seed_network_never_waits_and_is_within_budget(gpu):
    from minigrad.engine.backend import asarray
    model = seed_network()
    x, y = digits(32)
    x, y = mg.tensor(asarray(x)), mg.tensor(asarray(y))
    counts = count_step(gpu, lambda: model.train_step(x, y))
    assert counts.get("sync", 0) == counts.get("d2h", 0) == counts.get("h2d", 0) == 0, counts
    assert counts["launch"] <= BUDGET["seed network"], counts


def test_a_step_of_the_gpt_never_waits_and_is_within_budget(gpu):
    """Four blocks, as benchmarked: 16 texts of 64 characters."""
    from minigrad.engine.backend import asarray
    from minigrad.zoo.gpt import GPT
    model = GPT([chr(32 + k) for k in range(65)], context=64, depth=4, heads=4, width=32)
    model.compile("adamw", mg.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    tokens = mg.tensor(asarray(np.random.default_rng(0).integers(0, 65, (16, 64))))
    counts = count_step(gpu, lambda: model.train_step(tokens, tokens))
    assert counts.get("sync", 0) == counts.get("d2h", 0) == counts.get("h2d", 0) == 0, counts
    assert counts["launch"] <= BUDGET["GPT"], counts


def test_adam_is_one_kernel(gpu):
    w = mg.tensor(np.ones(100, np.float32), requires_grad=True)
    optimizer = mg.keras.optimizers.Adam(0.1)
    g = mg.tensor(np.ones(100, np.float32))
    counts = count_step(gpu, lambda: optimizer.apply_gradients([(g, w)]))
    assert sum(n for name, n in counts.items() if name.startswith("mg_adam")) == 1
    assert counts["launch"] <= 3 and counts.get("sync", 0) == 0, counts


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adagrad", "adam", "adamw", "lion"])
def test_fit_evaluate_and_predict_work_and_learn(gpu, optimizer):
    model = seed_network(optimizer)
    x, y = digits()
    history = model.fit(x, y, epochs=2, batch_size=32, validation_split=0.1, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    assert all(w.device == "gpu" and w.dtype == np.float32 for w in model.weights)
    loss, accuracy = model.evaluate(x, y, verbose=0)
    assert model.predict(x, verbose=0).shape == (320, 10) and 0 <= accuracy <= 1


def test_fit_waits_only_where_an_epoch_ends(gpu):
    model = seed_network()
    x, y = digits()
    model.fit(x, y, epochs=1, batch_size=32, verbose=0)
    gpu.counts.clear()
    model.fit(x, y, epochs=1, batch_size=32, verbose=0)
    few = dict(gpu.counts)
    gpu.counts.clear()
    model.fit(x, y, epochs=1, batch_size=8, verbose=0)        # four times as many steps
    assert gpu.counts["sync"] == few["sync"] <= 8, (few, dict(gpu.counts))


def test_inputs_are_uploaded_once(gpu):
    """Per step only row numbers and labels go to the device."""
    model = seed_network()
    x, y = digits()
    gpu.counts.clear()
    model.fit(x, y, epochs=3, batch_size=32, verbose=0)
    assert gpu.counts["h2d_bytes"] <= x.nbytes + 3 * (y.nbytes + 8 * len(x)) + 60_000, dict(gpu.counts)


def test_the_same_result_as_on_the_cpu():
    """Weights drawn on the host and moved: the random numbers of the two devices differ."""
    x, y = digits(64)
    results = {}
    mg.seed(1)
    reference = seed_network("sgd")
    reference.fit(x[:1], y[:1], epochs=1, batch_size=1, verbose=0)
    weights = reference.get_weights()
    for device in ("cpu", "gpu"):
        with standin.installed():
            mg.set_device(device)
            model = seed_network("sgd")
            model.train_on_batch(x[:1], y[:1])
            model.set_weights(weights)
            for start in range(0, 64, 16):
                model.train_on_batch(x[start:start + 16], y[start:start + 16])
            results[device] = model.get_weights()
    for a, b in zip(results["cpu"], results["gpu"]):
        assert_allclose(a, b, rtol=1e-4, atol=1e-5)


LAYERS = {
    "convolution": lambda k: [k.Reshape((8, 8, 1)), k.Conv2D(4, 3, activation="relu"), k.MaxPooling2D(2), k.Flatten(),
                              k.Dense(10)],
    "normalisation": lambda k: [k.Dense(16), k.BatchNormalization(), k.Activation("gelu"), k.LayerNormalization(),
                                k.Dropout(0.2), k.Dense(10)],
    "recurrent": lambda k: [k.Reshape((8, 8)), k.LSTM(8), k.Dense(10)],
    "gated": lambda k: [k.Reshape((8, 8)), k.GRU(8), k.Dense(10)],
    "pooling": lambda k: [k.Reshape((8, 8, 1)), k.Conv2D(3, 3, padding="same"), k.AveragePooling2D(2),
                          k.GlobalAveragePooling2D(), k.Dense(10)],
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_train_without_waiting(gpu, name):
    from minigrad.engine.backend import asarray
    model = mg.keras.Sequential(LAYERS[name](mg.keras.layers))
    model.compile("adam", mg.keras.losses.CategoricalCrossentropy(from_logits=True))
    x, y = digits(16)
    x, y = mg.tensor(asarray(x)), mg.tensor(asarray(y))
    counts = count_step(gpu, lambda: model.train_step(x, y))
    assert counts.get("sync", 0) == counts.get("d2h", 0) == 0, counts


def test_model_to_and_back(gpu):
    mg.set_device("cpu")
    model = seed_network()
    x, y = digits(32)
    model.train_on_batch(x, y)
    before = model.get_weights()
    model.to("gpu")
    assert {w.device for w in model.weights} == {"gpu"}
    model.to("cpu")
    for a, b in zip(before, model.get_weights()):
        assert np.array_equal(a, b)
