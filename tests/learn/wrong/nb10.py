"""Plausible wrong answers to notebook 10, and a word that the reply must contain."""
import numpy as np

import minigrad as mg

WRONG = {
    "10.tanh_second": [
        (lambda x: 2 * np.tanh(x) * (1 - np.tanh(x) ** 2), "sign"),
        (lambda x: -2 * np.tanh(x), "expected"),
        (lambda x: 1 - np.tanh(x) ** 2, "expected"),
        (lambda x: -np.tanh(x) * (1 - np.tanh(x) ** 2), "0.5 times"),
    ],
    "10.newton_step": [
        (lambda x, g, H: x + np.linalg.solve(H, g), "uphill"),
        (lambda x, g, H: x - H @ g, "multiplied by H"),
        (lambda x, g, H: x - g / np.diag(H), "bottom"),
        (lambda x, g, H: -np.linalg.solve(H, g), "bottom"),
    ],
    "10.hvp": [
        (lambda f, x, v: mg.grad(f)(x) * v, "take its gradient"),
        (lambda f, x, v: (mg.grad(f)(x) * v).sum(), "shape"),
        (lambda f, x, v: mg.grad(lambda z: mg.grad(f)(z).sum())(x) * v, "expected"),
        (lambda f, x, v: mg.hessian(f)(x) * v, "shape"),
    ],
    "10.stable_rate": [
        (lambda c: 1 / c, "larger rate"), (lambda c: 4 / c, "diverges"), (lambda c: c / 2, "multiplies the distance"),
        (lambda c: -2 / c, "diverges"),
    ],
}
