"""Plausible wrong answers to notebook 01, and a word that the reply must contain."""
import math

import numpy as np


class Value:
    """As in the notebook."""

    def __init__(self, number, parents=(), slopes=()):
        self.number, self.parents, self.slopes = number, parents, slopes
        self.grad = 0.0

    def __add__(self, other):
        return Value(self.number + other.number, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        return Value(self.number * other.number, (self, other), (other.number, self.number))


def order(result):
    done, listed = set(), []

    def visit(value):
        if value not in done:
            done.add(value)
            for parent in value.parents:
                visit(parent)
            listed.append(value)
    visit(result)
    return listed


def walk(values_of, share, result):
    values = order(result)
    for value in values:
        value.grad = 0.0
    result.grad = 1.0
    for value in values_of(values):
        for parent, local in zip(value.parents, value.slopes):
            share(parent, value.grad * local)
    return values


def add(parent, amount):
    parent.grad += amount


def overwrite(parent, amount):
    parent.grad = amount


def step(w, b, x, t, rate, factor=2.0, f=lambda y: 1 - y ** 2, sign=-1):
    y = np.tanh(w @ x + b)
    dz = factor * (y - t) * f(y)
    return w + sign * rate * dz * x, b + sign * rate * dz


def tanh_of(slope, parents=lambda v: (v,)):
    def tanh(value):
        y = math.tanh(value.number)
        return Value(y, parents(value), (slope(y),))
    return tanh


WRONG = {
    "01.tanh": [
        ((tanh_of(lambda y: y), Value), "local slope"),
        ((tanh_of(lambda y: 1 - y), Value), "local slope"),
        ((tanh_of(lambda y: y ** 2 - 1), Value), "sign"),
        ((tanh_of(lambda y: 1 - y ** 2, lambda v: ()), Value), "parents"),
    ],
    "01.backward": [
        ((lambda r: walk(reversed, overwrite, r), Value), "added"),
        ((lambda r: walk(list, add, r), Value), "expected"),
        ((lambda r: walk(lambda values: values[::-1] + values[::-1], add, r), Value), "more than once"),
    ],
    "01.learn_once": [
        ((lambda *a: step(*a, sign=1),), "sign"),
        ((lambda *a: step(*a, factor=1.0),), "half of what"),
        ((lambda *a: step(*a, f=lambda y: 1.0),), "slope of tanh"),
        ((lambda w, b, x, t, rate: (step(w, b, x, t, rate)[0], b),), "bias learns"),
    ],
    "01.visits": [((2 ** 30,), "paths"), ((30,), "first value"), ((60,), "number of values")],
}
