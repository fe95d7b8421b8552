"""LeNet: two convolutions, each with pooling, and three dense layers.  (LeCun et al. 1998, with relu and max-pooling)

    28 x 28 x 1 -> 5x5 conv, border -> 28 x 28 x 6 -> pool -> 14 x 14 x 6 -> 5x5 conv -> 10 x 10 x 16 -> pool -> 400
    -> 120 -> 84 -> 10
"""
import functools
import math

import numpy as np

from .dense import FlatAdam, backward, cross_entropy, forward, minigrad, network_problem, pairs, pass_over, torch_adam
from .harness import Workload

dense_part = network_problem("load_mnist5k", (120, 84), batch=64, lr=0.001, batches=4)


def problem(toy):
    p = dense_part(toy)
    rng, weights = np.random.default_rng(1), []
    for channels, filters in ((1, 6), (6, 16)):
        limit = math.sqrt(6 / (25 * (channels + filters)))
        kernel = rng.uniform(-limit, limit, (5, 5, channels, filters))
        weights += [kernel.astype(np.float32), np.zeros(filters, np.float32)]
    first = rng.uniform(-0.1, 0.1, (400, p.weights[0].shape[1])).astype(np.float32)
    p.weights = [*weights, first, *p.weights[1:]]
    p.batches = [(x.reshape(-1, 28, 28, 1), labels, t) for x, labels, t in p.batches]
    return p


def lenet_layers(keras, p):
    layers = keras.layers
    return [layers.Conv2D(6, 5, padding="same", activation="relu"), layers.MaxPooling2D(),
            layers.Conv2D(16, 5, activation="relu"), layers.MaxPooling2D(), layers.Flatten(),
            *(layers.Dense(b.size, activation="relu") for b in p.weights[5:-2:2]), layers.Dense(10)]


def windows(x):
    """Every 5 x 5 window of x (N, H, W, C) as a row of a matrix."""
    view = np.lib.stride_tricks.sliding_window_view(x, (5, 5), axis=(1, 2))             # (N, H', W', C, 5, 5)
    return view.transpose(0, 1, 2, 4, 5, 3).reshape(-1, 25 * x.shape[3])


def unwindows(rows, shape):
    """The adjoint: rows are added up where their windows were."""
    n, h, w, c = shape
    rows, x = rows.reshape(n, h - 4, w - 4, 5, 5, c), np.zeros(shape, np.float32)
    for i in range(5):
        for j in range(5):
            x[:, i:i + h - 4, j:j + w - 4] += rows[:, :, :, i, j]
    return x


def pool(x):
    """The largest of each 2 x 2 pixels of relu(x), and where they were: 1 shared among equals, 0 elsewhere."""
    n, h, w, c = x.shape
    x = np.maximum(x, 0, out=x).reshape(n, h // 2, 2, w // 2, 2, c)
    y = x.max(axis=(2, 4), keepdims=True)
    chosen = (x == y).astype(np.float32)
    chosen /= chosen.sum(axis=(2, 4), keepdims=True)
    chosen *= y > 0
    return y.reshape(n, h // 2, w // 2, c), chosen


def unpool(g, chosen):
    n, h, _, w, _, c = chosen.shape
    return (chosen * g.reshape(n, h, 1, w, 1, c)).reshape(-1, c)


def numpy(p):
    adam = FlatAdam(p.weights, p.lr)
    ((w1, b1), (w2, b2), *weights), ((dw1, db1), (dw2, db2), *gradients) = pairs(adam.weights), pairs(adam.gradients)

    def step(x, labels, t):
        n = len(x)
        x1 = windows(np.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0))))
        h1, chosen1 = pool((x1 @ w1.reshape(25, -1) + b1).reshape(n, 28, 28, -1))
        x2 = windows(h1)
        h2, chosen2 = pool((x2 @ w2.reshape(150, -1) + b2).reshape(n, 10, 10, -1))
        z, inputs = forward(h2.reshape(n, -1), weights)
        loss, g = cross_entropy(z, t)
        g = backward(g, weights, gradients, inputs) @ weights[0][0].T
        g = unpool(g, chosen2)
        np.matmul(x2.T, g, out=dw2.reshape(150, -1))
        g.sum(axis=0, out=db2)
        g = unpool(unwindows(g @ w2.reshape(150, -1).T, h1.shape), chosen1)
        np.matmul(x1.T, g, out=dw1.reshape(25, -1))
        g.sum(axis=0, out=db1)
        adam.step()
        return loss
    return pass_over(step, p.batches)


def torch_lenet(p):
    """The same weights in PyTorch's order: channels first."""
    import torch
    (w1, b1), (w2, b2), (w3, b3), *rest = pairs(p.weights)
    w3 = w3.reshape(5, 5, 16, -1).transpose(2, 0, 1, 3).reshape(400, -1)
    layers = [torch.nn.Conv2d(1, 6, 5, padding=2), torch.nn.ReLU(), torch.nn.MaxPool2d(2), torch.nn.Conv2d(6, 16, 5),
              torch.nn.ReLU(), torch.nn.MaxPool2d(2), torch.nn.Flatten(1)]
    for w, b in ((w3, b3), *rest):
        layers += [torch.nn.Linear(*w.shape), torch.nn.ReLU()]
    weights = [w1.transpose(3, 2, 0, 1), b1, w2.transpose(3, 2, 0, 1), b2, w3.T, b3, *(a.T for p in rest for a in p)]
    with torch.no_grad():
        for parameter, array in zip(torch.nn.Sequential(*layers).parameters(), weights, strict=True):
            parameter.copy_(torch.from_numpy(array.copy()))
    return [torch.nn.Flatten(1), torch.nn.Unflatten(1, (1, 28, 28)), *layers[:-1]]


WORKLOADS = [
    Workload("lenet", "a step of LeNet on MNIST, batch 64, Adam", problem,
             {"minigrad": functools.partial(minigrad, layers=lenet_layers), "numpy": numpy,
              "torch": torch_adam(torch_lenet), "torch fused": torch_adam(torch_lenet, fused=True)},
             targets={1: {"torch fused": 1.2}, 2: {"torch fused": 1.2}}, unit="step"),
]
