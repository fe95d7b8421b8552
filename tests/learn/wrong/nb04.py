"""Plausible wrong answers to notebook 04, and a word that the reply must contain."""
import numpy as np

from minigrad.engine.op import Op


def error_with(f, rule, x, rng, h=1e-5, ones=False, mean=False, first=False):
    g = np.ones(f(x).shape) if ones else rng.normal(size=f(x).shape)
    measured = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[i] = h
        measured[i] = ((f(x + step) - f(x - step)) * g).sum() / (2 * h)
    off = np.abs(rule(g, x) - measured)
    return off.flat[0] if first else off.mean() * 100 if mean else off.max()


def sigmoid(x, /):
    return 1 / (1 + np.exp(-x))


WRONG = {
    "04.largest_error": [
        (lambda *a: error_with(*a, ones=True), "cotangent random"),
        (lambda *a: error_with(*a, first=True), "the largest error"),
        (lambda f, rule, x, rng, h=1e-5: np.abs(rule(np.ones(f(x).shape), x)).max(), "should be tiny"),
    ],
    "04.extrapolated": [
        (lambda f, x, h=0.1: (f(x + h) - f(x - h)) / (2 * h), "plain central difference"),
        (lambda f, x, h=0.1: (f(x + h / 2) - f(x - h / 2)) / h, "got"),
        (lambda f, x, h=0.1: (2 * (f(x + h / 2) - f(x - h / 2)) / h - (f(x + h) - f(x - h)) / (2 * h)), "got"),
    ],
    "04.sigmoid": [
        (sigmoid, "made with mg.op"),
        (Op(sigmoid, vjp=lambda g, y, x: g * (1 - y)), "wrong"),
        (Op(sigmoid, vjp=lambda g, y, x: y * (1 - y)), "cotangent"),
        (Op(lambda x, /: np.exp(-x), vjp=lambda g, y, x: -g * y, name="other"), "value"),
    ],
    "04.sneaky": [
        (lambda g, y, x: 3 * g * x ** 2, "right everywhere"),
        (lambda g, y, x: g * x, "notices"),
        (lambda g, y, x: 2 * g * x ** 2, "notices"),
    ],
}
