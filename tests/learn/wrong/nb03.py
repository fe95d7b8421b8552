"""Plausible wrong answers to notebook 03, and a word that the reply must contain."""
import numpy as np

from minigrad.engine.op import Op


def overwriting(g, table, indices):
    total = np.zeros_like(table)
    total[indices] = g
    return total


def half_adding(g, table, indices):
    total = np.zeros_like(table)
    total[indices] += g
    return total


def softsign(x, /):
    return x / (1 + np.abs(x))


WRONG = {
    "03.hypot1": [
        (lambda g, y, x: g / (2 * y), "expected"),
        (lambda g, y, x: g * 2 * x / y, "2 times"),
        (lambda g, y, x: g * y / x, "expected"),
        (lambda g, y, x: x / y, "expected"),
    ],
    "03.softsign": [
        (softsign, "made with mg.op"),
        (Op(softsign), "no vjp"),
        (Op(softsign, vjp=lambda g, y, x: g / (1 + np.abs(x))), "derivative"),
        (Op(softsign, vjp=lambda g, y, x: -g / (1 + np.abs(x)) ** 2), "sign"),
        (Op(softsign, vjp=lambda g, y, x: g / (1 + np.abs(np.asarray(x))) ** 2), "second derivative"),
    ],
    "03.lookup_vjp": [
        (overwriting, "must be added"),
        (half_adding, "must be added"),
        (lambda g, table, indices: g, "shape"),
        (lambda g, table, indices: g[indices], "shape"),
    ],
    "03.softmax_vjp": [
        (lambda g, y, x: g * y * (1 - y), "sigmoid"),
        (lambda g, y, x: y * (g - (g * y).sum()), "whole batch"),
        (lambda g, y, x: y * (g - (g * y).sum(axis=-1)), "expected"),
        (lambda g, y, x: y * (g - g.sum(axis=-1, keepdims=True)), "expected"),
    ],
}
