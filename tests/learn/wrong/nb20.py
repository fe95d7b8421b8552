"""Plausible wrong answers to notebook 20, and a word that the reply must contain."""
import numpy as np


def norms(g):
    return np.maximum(np.sqrt((g ** 2).sum(axis=1, keepdims=True)), 1e-12)


def clipped(g, C):
    return g * np.minimum(1, C / norms(g))


def noise(g, rng):
    return rng.standard_normal(g.shape[1])


def clip_the_sum(g, C, sigma, L, rng):
    total = g.sum(axis=0)
    return (total * min(1, C / max(np.linalg.norm(total), 1e-12)) + sigma * C * noise(g, rng)) / L


WRONG = {
    "20.advantage": [
        (lambda m, o, tau: np.sum(m <= tau) - np.sum(o <= tau), "numbers of people"),
        (lambda m, o, tau: np.mean(m >= tau) - np.mean(o >= tau), "*small*"),
        (lambda m, o, tau: np.mean(m < tau) - np.mean(o < tau), "at most"),
        (lambda m, o, tau: np.mean(m <= tau), "count against it"),
    ],
    "20.response": [
        (lambda p: p / (1 - p), "That is the ratio"),
        (lambda p: np.log(p), "from the other"),
        (lambda p: -np.log(1 - p), "not 1"),
        (lambda p: np.log2(p / (1 - p)), "natural logarithm"),
        (lambda p: np.log((1 - p) / p), "sign"),
    ],
    "20.per_example": [
        (lambda x, g: x.T @ g, "sum over the batch"),
        (lambda x, g: g[:, :, None] * x[:, None, :], "Each is transposed"),
        (lambda x, g: x[:, :, None] * g[:, None, :] / len(x), "no mean"),
        (lambda x, g: x @ g, "shape"),
    ],
    "20.privatize": [
        (clip_the_sum, "clip each person's"),
        (lambda g, C, sigma, L, rng: (np.clip(g, -C, C).sum(axis=0) + sigma * C * noise(g, rng)) / L,
         "clipped each number"),
        (lambda g, C, sigma, L, rng: ((g / norms(g) * C).sum(axis=0) + sigma * C * noise(g, rng)) / L,
         "shorter than C"),
        (lambda g, C, sigma, L, rng: clipped(g, C).mean(axis=0) + sigma * C * noise(g, rng) / L, "expected number"),
        (lambda g, C, sigma, L, rng: (clipped(g, C).sum(axis=0) + sigma * noise(g, rng)) / L, "grow with C"),
        (lambda g, C, sigma, L, rng: clipped(g, C).sum(axis=0) / L + sigma * C * noise(g, rng), "divided by L, too"),
        (lambda g, C, sigma, L, rng: clipped(g, C).sum(axis=0) / L, "noise is missing"),
        (lambda g, C, sigma, L, rng: (clipped(g, C) + sigma * C * rng.standard_normal(g.shape)).sum(axis=0) / L,
         "comes once"),
    ],
    "20.epsilon": [
        (lambda orders, r, delta: np.max(r + np.log(1 / delta) / (orders - 1)), "smallest may be used"),
        (lambda orders, r, delta: np.min(r + np.log(delta) / (orders - 1)), "it is added"),
        (lambda orders, r, delta: np.min(r), "Where is δ"),
        (lambda orders, r, delta: r + np.log(1 / delta) / (orders - 1), "One number"),
        (lambda orders, r, delta: r[0] + np.log(1 / delta) / (orders[0] - 1), "not always at an end"),
    ],
}
