"""Networks that read digits: the seed network, the same through fit, a wider one, and LeNet.  Adam, cross-entropy.

One call of a contender is one pass over the batches; its result is the losses of the first steps.
"""
import functools
import importlib
import math
from types import SimpleNamespace

import numpy as np

from .. import floor, peers
from ..workload import Workload


# -- the problems ----------------------------------------------------------------------------------------------------
def dense_problem(dataset, hidden, batch, lr, batches=None, toy_width=8):
    """Real images, and first weights: problem.batches [(x, labels, one-hot), ...], problem.weights [W, b, W, ...]."""
    def setup(toy):
        from minigrad import data, datasets
        images = getattr(datasets, dataset)()
        x, labels = np.ascontiguousarray(images.x), images.y
        count = 3 if toy else batches or len(x) // batch
        cuts = [slice(i * batch, (i + 1) * batch) for i in range(count)]
        rng, sizes = np.random.default_rng(0), (x.shape[1], *(min(n, toy_width) if toy else n for n in hidden), 10)
        weights = []
        for n, m in zip(sizes, sizes[1:]):      # Glorot & Bengio 2010
            limit = math.sqrt(6 / (n + m))
            weights += [rng.uniform(-limit, limit, (n, m)).astype(np.float32), np.zeros(m, np.float32)]
        one_hot = data.one_hot(labels, 10).astype(np.float32)
        return SimpleNamespace(x=x[:count * batch], t=one_hot[:count * batch], batch=batch, lr=lr, weights=weights,
                               batches=[(x[c], labels[c], one_hot[c]) for c in cuts], count=count)
    return setup


def lenet_problem(toy):
    """The same with LeNet's first weights, and images with their rows and columns."""
    p = dense_problem("load_mnist5k", (120, 84), batch=64, lr=0.001, batches=4, toy_width=120)(toy)
    rng, weights = np.random.default_rng(1), []
    for channels, filters in ((1, 6), (6, 16)):
        limit = math.sqrt(6 / (25 * (channels + filters)))
        kernel = rng.uniform(-limit, limit, (5, 5, channels, filters))
        weights += [kernel.astype(np.float32), np.zeros(filters, np.float32)]
    first = rng.uniform(-0.1, 0.1, (400, p.weights[0].shape[1])).astype(np.float32)
    p.weights = [*weights, first, *p.weights[1:]]
    p.batches = [(x.reshape(-1, 28, 28, 1), labels, t) for x, labels, t in p.batches]
    return p


# -- minigrad --------------------------------------------------------------------------------------------------------
def dense_layers(keras, p):
    """The network in Keras' words: minigrad's or Keras' own."""
    return [keras.layers.Dense(b.size, activation="relu") for b in p.weights[1:-2:2]] + [keras.layers.Dense(10)]


def dense_network(p):
    from minigrad import keras
    return keras.Sequential(dense_layers(keras, p))


def lenet_network(p):
    from minigrad.zoo.lenet import LeNet
    return LeNet()


def minigrad(p, network=dense_network, unrolled=False):
    import minigrad as mg
    from minigrad.keras.optimizers import Adam
    model = network(p)
    batches = [(mg.tensor(x), mg.tensor(t)) for x, _, t in p.batches]
    model(batches[0][0])
    model.set_weights(p.weights)
    optimizer, weights = Adam(p.lr, epsilon=floor.EPSILON), model.trainable_weights

    def step(x, t):
        loss = mg.softmax_cross_entropy(model(x), t).mean()
        loss.backward()
        optimizer.step(weights)
        return loss
    return floor.pass_over(mg.unroll(step) if unrolled else step, batches)


def fit(namespace):
    """model.fit for an epoch with metrics, by minigrad and by Keras: the same lines."""
    def make(p):
        keras = importlib.import_module(namespace)
        model = keras.Sequential(dense_layers(keras, p))
        model.compile(optimizer=keras.optimizers.Adam(p.lr),
                      loss=keras.losses.CategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
        model.build((None, p.x.shape[1]))
        model.set_weights(p.weights)

        def step():
            history = model.fit(p.x, p.t, epochs=1, batch_size=p.batch, shuffle=False, verbose=0).history
            return history["loss"], history["accuracy"]
        return step
    return make


# -- the workloads ---------------------------------------------------------------------------------------------------
TORCH = {"torch": peers.torch_adam(), "torch foreach": peers.torch_adam(foreach=True),
         "torch fused": peers.torch_adam(fused=True)}
seed = dense_problem("load_digits", (64, 64), batch=32, lr=0.01)
mlp = dense_problem("load_mnist5k", (512, 512), batch=128, lr=0.001, batches=8)
WORKLOADS = [
    Workload("seed", "a step of the seed network: 64-64-64-10 on digits, batch 32, Adam", seed,
             {"minigrad": minigrad, "numpy": floor.dense, **TORCH, "jax": peers.jax_dense,
              "autograd": peers.autograd_dense, "mygrad": peers.mygrad_dense, "dezero": peers.dezero_dense,
              "tinygrad": peers.tinygrad_dense},
             targets={1: {"numpy": 1.25, "torch": 0.33, "jax": 1.0}}, unit="step"),
    Workload("seed-unrolled", "the same step by mg.unroll", seed,
             {"minigrad": functools.partial(minigrad, unrolled=True), "numpy": floor.dense, "jax": peers.jax_dense},
             targets={1: {"numpy": 0.95, "jax": 1.0}}, unit="step"),
    *(Workload(name, f"a step of the same network in model.fit with accuracy; Keras with {backend}", seed,
               {"minigrad": fit("minigrad.keras"), "keras": fit("keras")}, targets={1: target}, unit="step",
               environment={"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "2"})
      for name, backend, target in (("fit", "tensorflow", {"keras": 0.15}), ("fit-jax", "jax", {}))),
    Workload("mlp", "a step of 784-512-512-10 on MNIST, batch 128, Adam",
             mlp,
             {"minigrad": minigrad, "numpy": floor.dense, **TORCH, "jax": peers.jax_dense},
             targets={1: {"torch fused": 0.9}, 2: {"torch fused": 1.0}}, unit="step"),
    Workload("lenet", "a step of LeNet on MNIST, batch 64, Adam", lenet_problem,
             {"minigrad": functools.partial(minigrad, network=lenet_network), "numpy": floor.lenet,
              "torch": peers.torch_adam(peers.torch_lenet),
              "torch fused": peers.torch_adam(peers.torch_lenet, fused=True)},
             targets={1: {"torch fused": 1.2}, 2: {"torch fused": 1.2}}, unit="step"),
    *(Workload(f"{name}-unrolled", f"the same step of {word} by mg.unroll", problem,
               {"minigrad": functools.partial(minigrad, network=network, unrolled=True), "numpy": by_hand,
                "torch fused": torch}, targets={1: {"torch fused": 0.95}, 2: {"torch fused": 1.0}}, unit="step")
      for name, word, problem, network, by_hand, torch in (
          ("mlp", "784-512-512-10", mlp, dense_network, floor.dense, peers.torch_adam(fused=True)),
          ("lenet", "LeNet", lenet_problem, lenet_network, floor.lenet,
           peers.torch_adam(peers.torch_lenet, fused=True)))),
]
