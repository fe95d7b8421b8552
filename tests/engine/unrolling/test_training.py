"""Whole training steps, unrolled: the weights are those of eager training, to the bit, whatever changes on the way."""
import numpy as np
import pytest

import minigrad as mg
from minigrad.keras import layers, optimizers
from minigrad.keras.optimizers import schedules

from .same import assert_same

L = layers
NETWORKS = {
    "dense": (lambda: [L.Dense(8, activation="relu"), L.Dense(8, activation="gelu"), L.Dense(3)], (6,)),
    "activations": (lambda: [L.Dense(5, activation=a) for a in ("tanh", "sigmoid", "elu", "selu", "silu", "softplus",
                                                                "leaky_relu", "softmax")] + [L.Dense(3)], (6,)),
    "normalization": (lambda: [L.Dense(8), L.BatchNormalization(), L.LayerNormalization(), L.Dense(3)], (6,)),
    "dropout": (lambda: [L.Dense(8), L.Dropout(0.5), L.Dense(3)], (6,)),
    "convolution": (lambda: [L.Conv2D(4, 3, padding="same", activation="relu"), L.MaxPooling2D(), L.Conv2D(3, 2),
                             L.AveragePooling2D(), L.Flatten(), L.Dense(3)], (8, 8, 2)),
    "lstm": (lambda: [L.LSTM(4, return_sequences=True), L.GRU(4), L.Dense(3)], (5, 2)),
    "rnn": (lambda: [L.SimpleRNN(4), L.Dense(3)], (5, 2)),
    "embedding": (lambda: [L.Embedding(7, 4), L.Flatten(), L.Dense(3)], (4,)),
    "shapes": (lambda: [L.Rescaling(0.5, 1.0), L.Reshape((3, 2)), L.Flatten(), L.Activation("tanh"), L.Dense(3)], (6,)),
}
OPTIMIZERS = {
    "sgd": lambda: optimizers.SGD(0.1), "momentum": lambda: optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    "adam": lambda: optimizers.Adam(0.01), "adamw": lambda: optimizers.AdamW(0.01, exclude="vectors"),
    "rmsprop": lambda: optimizers.RMSprop(0.01, momentum=0.5, centered=True), "lion": lambda: optimizers.Lion(0.01),
    "adagrad": lambda: optimizers.Adagrad(0.1), "clipvalue": lambda: optimizers.Adam(0.01, clipvalue=0.01),
    "clipnorm": lambda: optimizers.Adam(0.01, clipnorm=0.1), "global": lambda: optimizers.SGD(0.1, global_clipnorm=0.1),
    "ema": lambda: optimizers.Adam(0.01, use_ema=True, ema_momentum=0.5),
    "schedule": lambda: optimizers.Adam(schedules.CosineDecay(0.0, 20, warmup_target=0.05, warmup_steps=5)),
}


def made(network, optimizer, unrolled):
    mg.seed(7)
    make, shape = NETWORKS[network]
    model, optimizer = mg.keras.Sequential(make()), OPTIMIZERS[optimizer]()
    model.build((None, *shape))

    def step(x, t):
        loss = mg.softmax_cross_entropy(model(x, training=True), t).mean()
        loss.backward()
        optimizer.step(model.trainable_weights)
        return loss.detach()
    return model, optimizer, mg.unroll(step) if unrolled else step


def batch(network, i, n=8):
    rng, shape = np.random.default_rng(i), NETWORKS[network][1]
    x = rng.integers(0, 7, (n, *shape)) if network == "embedding" else rng.normal(size=(n, *shape)).astype(np.float32)
    return mg.tensor(x), mg.tensor(np.eye(3, dtype=np.float32)[rng.integers(0, 3, n)])


def train(network, optimizer, unrolled, meanwhile=lambda i, model, optimizer: None, steps=12, lengths=(8,)):
    model, optimizer, step = made(network, optimizer, unrolled)
    trace = []
    for i in range(steps):
        meanwhile(i, model, optimizer)
        loss = step(*batch(network, i, lengths[i % len(lengths)]))
        trace += [loss.numpy(), *(w.numpy() for w in model.weights)]
    return trace, step


def compare(*args, **kwargs):
    expected, _ = train(*args, False, **kwargs)
    mine, step = train(*args, True, **kwargs)
    assert_same(mine, expected)
    return step


@pytest.mark.filterwarnings("ignore:unroll")
@pytest.mark.parametrize("network", NETWORKS)
def test_every_layer(network):
    step = compare(network, "adam")
    assert step.reason is None and step.program is not None, (step.reason, step.recordings)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer(optimizer):
    step = compare("dense", optimizer)
    assert step.reason is None and step.program is not None, (step.reason, step.recordings)


def test_a_shorter_batch_now_and_then():
    compare("normalization", "adam", lengths=(8, 8, 8, 5), steps=24)


def freeze(i, model, optimizer):
    if i in (6, 12):
        model.layers[0].trainable = i == 12


def replace(i, model, optimizer):
    if i == 6:
        for w in model.weights:
            w.data = w.numpy() * 0.5
    if i == 10:
        model.set_weights([w * 0.9 for w in model.get_weights()])


def slower(i, model, optimizer):
    if i >= 5:
        optimizer.learning_rate = 0.01 / i


def less_dropout(i, model, optimizer):
    if i == 6:
        model.layers[1].rate = 0.1
    if i == 10:
        mg.seed(3)
    if i == 13:
        mg.backend.random((2, 3))


def go_back(i, model, optimizer):
    if i == 6:
        go_back.state = optimizer.state()
    if i == 9:
        optimizer.load_state(go_back.state)


def other_decay(i, model, optimizer):
    if i == 6:
        optimizer.beta_1 = 0.5
        optimizer.weight_decay = 0.1


@pytest.mark.parametrize("network, optimizer, meanwhile", [
    ("dense", "adam", freeze), ("normalization", "sgd", freeze), ("dense", "adam", replace), ("dense", "sgd", slower),
    ("dropout", "adam", less_dropout), ("dense", "momentum", go_back), ("dense", "adamw", other_decay)])
def test_what_changes_on_the_way(network, optimizer, meanwhile):
    step = compare(network, optimizer, meanwhile=meanwhile, steps=20)
    assert step.reason is None and step.program is not None, (step.reason, step.recordings)
