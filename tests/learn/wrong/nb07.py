"""Plausible wrong answers to notebook 07, and a word that the reply must contain."""
import numpy as np


def rmsprop(g, s, rate=0.05, rho=0.9, epsilon=1e-7, sign=-1, squared=True, use_old=False):
    new = rho * s + (1 - rho) * (g ** 2 if squared else g)
    return sign * rate * g / (np.sqrt(s if use_old else new) + epsilon), new


def adam(g, m, v, t, rate=0.05, b1=0.9, b2=0.999, epsilon=1e-7, correct=True, keep=True, sign=-1, root=np.sqrt):
    m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g ** 2
    mh, vh = (m / (1 - b1 ** t), v / (1 - b2 ** t)) if correct else (m, v)
    return sign * rate * mh / (root(vh) + epsilon), m if keep else mh, v if keep else vh


WRONG = {
    "07.after": [
        (lambda x0, c, r, n: x0 * (1 - r * c) * n, "expected"),
        (lambda x0, c, r, n: x0 - r * c * x0 * n, "expected"),
        (lambda x0, c, r, n: x0 * (1 + r * c) ** n, "expected"),
    ],
    "07.rmsprop": [
        (lambda *a: rmsprop(*a, sign=1), "sign"),
        (lambda *a: rmsprop(*a, squared=False), "squares"),
        (lambda *a: rmsprop(*a, use_old=True), "the move"),
        (lambda *a: rmsprop(*a)[0], "two things"),
    ],
    "07.adam": [
        (lambda *a: adam(*a, correct=False), "too small"),
        (lambda *a: adam(*a, keep=False), "plain average"),
        (lambda *a: adam(*a, sign=1), "sign"),
        (lambda *a: adam(*a, root=lambda v: v), "the move"),
    ],
    "07.warmup_cosine": [
        (lambda t, peak, warmup, total: peak * 0.5 * (1 + np.cos(np.pi * t / total)), "no influence"),
        (lambda t, peak, warmup, total: peak * min(t / warmup, 1), "no influence"),
        (lambda t, peak, warmup, total: t / warmup if t < warmup else
            0.5 * (1 + np.cos(np.pi * (t - warmup) / (total - warmup))), "no influence"),
    ],
}
