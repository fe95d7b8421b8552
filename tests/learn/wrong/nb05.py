"""Plausible wrong answers to notebook 05, and a word that the reply must contain."""
import numpy as np


def normal(spread):
    return lambda fan_in, fan_out, rng: rng.normal(size=(fan_in, fan_out)) * spread(fan_in, fan_out)


WRONG = {
    "05.sigmoid_slope": [((0.5,), "That is σ"), ((1.0,), "tanh"), ((4,), "the largest value")],
    "05.he_normal": [
        (normal(lambda i, o: np.sqrt(1 / i)), "LeCun"),
        (normal(lambda i, o: np.sqrt(2 / o)), "fan_in"),
        (normal(lambda i, o: 2 / i), "root"),
        (lambda i, o, rng: rng.normal(size=(o, i)) * np.sqrt(2 / i), "shape"),
    ],
    "05.dead_neurons": [
        (lambda x, w, b: (x @ w + b <= 0).any(axis=0), "on all of them"),
        (lambda x, w, b: (x @ w <= 0).all(axis=0), "bias"),
        (lambda x, w, b: (x @ w + b > 0).any(axis=0), "live"),
        (lambda x, w, b: (x @ w + b < 0).all(axis=0), "exactly 0"),
        (lambda x, w, b: (x @ w + b <= 0).all(axis=1), "one value for each"),
    ],
    "05.leaky_relu_vjp": [
        (lambda g, y, x, slope=0.2: np.where(x > 0, g, 0), "expected"),
        (lambda g, y, x, slope=0.2: np.where(x > 0, 1, slope), "expected"),
        (lambda g, y, x, slope=0.2: np.where(x > 0, g, 0.2 * g), "expected"),
        (lambda g, y, x, slope=0.2: np.where(x > 0, g * x, slope * g * x), "expected"),
    ],
}
