"""Plausible wrong answers to notebook 00, and a word that the reply must contain."""
import numpy as np

WRONG = {
    "00.cube": [
        (lambda x: 2 * x ** 2, "0.6667 times"),
        (lambda x: x ** 3, "expected"),
        (lambda x: 3 * x, "expected"),
        (lambda x: -3 * x ** 2, "sign"),
    ],
    "00.central_difference": [
        (lambda f, x, h=1e-5: (f(x + h) - f(x)) / h, "one side"),
        (lambda f, x, h=1e-5: (f(x + h) - f(x - h)) / h, "2h apart"),
        (lambda f, x, h=1e-5: (f(x - h) - f(x + h)) / (2 * h), "sign"),
        (lambda f, x, h=1e-5: f(x + h) - f(x - h), "expected"),
    ],
    "00.logistic": [
        (lambda x: -np.exp(-x) / (1 + np.exp(-x)) ** 2, "sign"),
        (lambda x: 1 / (1 + np.exp(-x)), "expected"),
        (lambda x: 1 / (1 + np.exp(-x)) ** 2, "expected"),
        (lambda x: np.exps(-x), "AttributeError"),
    ],
}
