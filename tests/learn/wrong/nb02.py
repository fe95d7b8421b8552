"""Plausible wrong answers to notebook 02, and a word that the reply must contain."""
import numpy as np


def first_axes_only(g, shape):
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    return g


def without_keepdims(g, shape):
    g = first_axes_only(g, shape)
    for axis in reversed(range(len(shape))):
        if shape[axis] == 1:
            g = g.sum(axis=axis)
    return g


def mean(g, shape):
    while g.ndim > len(shape):
        g = g.mean(axis=0)
    for axis, length in enumerate(shape):
        if length == 1:
            g = g.mean(axis=axis, keepdims=True)
    return g


def last_axes(g, shape):
    while g.ndim > len(shape):
        g = g.sum(axis=-1)
    return g


def detached(*rules):
    """Rules that turn tensors into arrays: right once, but not to be differentiated."""
    return tuple(lambda g, y, x, w, b, r=r: r(np.asarray(g), y, np.asarray(x), np.asarray(w), b) for r in rules)


WRONG = {
    "02.x_tanh_vjp": [
        (lambda g, x: np.tanh(x) + x * (1 - np.tanh(x) ** 2), "Where is g"),
        (lambda g, x: g * x * (1 - np.tanh(x) ** 2), "expected"),
        (lambda g, x: -g * (np.tanh(x) + x * (1 - np.tanh(x) ** 2)), "sign"),
    ],
    "02.unbroadcast": [(first_axes_only, "shape"), (without_keepdims, "shape"), (mean, "sum, not mean"),
                       (last_axes, "expected"), (lambda g, shape: g, "shape of g")],
    "02.matmul_vjp": [
        (lambda g, a, b: (a.T @ g, g @ b.T), "exchanged"),
        (lambda g, a, b: (g @ b.T, g.T @ a), "expected"),
        (lambda g, a, b: (g @ b, a @ g), "ValueError"),
        (lambda g, a, b: g @ b.T, "two things"),
    ],
    "02.dense": [
        ((lambda g, y, x, w, b: g @ w.T, lambda g, y, x, w, b: x.T @ g), "three functions"),
        ((lambda g, y, x, w, b: g @ w.T, lambda g, y, x, w, b: -x.T @ g, lambda g, y, x, w, b: g), "sign"),
        ((lambda g, y, x, w, b: g @ w.T, lambda g, y, x, w, b: x.T @ g, lambda g, y, x, w, b: g.mean(axis=0)),
         "mean over the batch"),
        (detached(lambda g, y, x, w, b: g @ w.T, lambda g, y, x, w, b: x.T @ g, lambda g, y, x, w, b: g),
         "second gradient"),
    ],
}
WRONG["02.dense"] = [((rules,), words) for rules, words in WRONG["02.dense"]]
