"""Plausible wrong answers to notebook 06, and a word that the reply must contain."""
import numpy as np


def softmax(z, axis=1):
    p = np.exp(z - z.max(axis=axis, keepdims=True))
    return p / p.sum(axis=axis, keepdims=True)


def sigmoid(z):
    return 0.5 * (1 + np.tanh(z / 2))


def onehot(labels):
    return np.eye(3)[labels]


WRONG = {
    "06.mse_slope": [
        (lambda y, t: 2 * (y - t), "divides by n"),
        (lambda y, t: 2 * (t - y) / len(y), "sign"),
        (lambda y, t: (y - t) / len(y), "with a 2"),
        (lambda y, t: ((y - t) ** 2).mean(), "shape"),
    ],
    "06.cross_entropy_slope": [
        (lambda z, labels: softmax(z) - onehot(labels), "divides by n"),
        (lambda z, labels: (onehot(labels) - softmax(z)) / len(z), "sign"),
        (lambda z, labels: (np.exp(z) / np.exp(z).sum() - onehot(labels)) / len(z), "own sum"),
        (lambda z, labels: softmax(z) / len(z), "what came is missing"),
    ],
    "06.logsumexp": [
        (lambda z: np.log(np.exp(z).sum()), "overflow"),
        (lambda z: np.log(np.exp(z - z.max()).sum()), "expected"),
        (lambda z: z.max(), "expected"),
        (lambda z: z.min() + np.log(np.exp(z - z.min()).sum()), "overflow"),
    ],
    "06.binary_slope": [
        (lambda z, t: t - sigmoid(z), "sign"),
        (lambda z, t: sigmoid(z) * (1 - sigmoid(z)), "slope of σ itself"),
        (lambda z, t: (sigmoid(z) - t) * sigmoid(z) * (1 - sigmoid(z)), "cancels"),
        (lambda z, t: np.exp(z) / (1 + np.exp(z)) - t, "overflowed"),
    ],
}
