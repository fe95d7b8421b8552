"""Plausible wrong answers to notebook 09, and a word that the reply must contain."""
import numpy as np

WRONG = {
    "09.flops": [((2 * 32 * 64 * 128,), "forward pass alone"), ((3 * 32 * 64 * 128,), "additions"),
                 ((2 * 2 * 32 * 64 * 128,), "two products"), ((5,), "is not 5")],
    "09.intensity": [
        (lambda m, k, n: m * k * n / (4 * (m * k + k * n + m * n)), "two operations"),
        (lambda m, k, n: 2 * m * k * n / (m * k + k * n + m * n), "4 bytes"),
        (lambda m, k, n: 2 * m * k * n / (4 * (m * k + k * n)), "expected"),
    ],
    "09.distances": [
        (lambda a, b: (a ** 2).sum(axis=1)[:, None] - a @ b.T + (b ** 2).sum(axis=1), "expected"),
        (lambda a, b: (a ** 2).sum(axis=1)[:, None] + 2 * a @ b.T + (b ** 2).sum(axis=1), "expected"),
        (lambda a, b: np.sqrt(((a[:, None] - b) ** 2).sum(axis=-1)), "no root"),
        (lambda a, b: np.array([[((p - q) ** 2).sum() for q in b] for p in a]), "one matrix product"),
    ],
    "09.rules": [
        (lambda g, x, w, y: (g @ w.T, x.T @ g, g.sum(axis=0)), "rule of relu is missing"),
        (lambda g, x, w, y: ((g * (y > 0)) @ w.T, x.T @ g, g.sum(axis=0)), "neither the weights nor the bias"),
        (lambda g, x, w, y: ((g * (y > 0)) @ w.T, x.T @ (g * (y > 0)), (g * (y > 0)).mean(axis=0)), "not their mean"),
        (lambda g, x, w, y: ((g * (y > 0)) @ w.T, x.T @ (g * (y > 0)), g.sum(axis=0)), "The bias, too"),
        (lambda g, x, w, y: ((g * (y > 0)) @ w.T, (g * (y > 0)).T @ x, (g * (y > 0)).sum(axis=0)), "gradient of w"),
    ],
}
