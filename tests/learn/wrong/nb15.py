"""Plausible wrong answers to notebook 15, and a word that the reply must contain."""
import numpy as np


def pairs(sick, healthy):
    return sick[:, None] - healthy[None, :]


def draws(statistic, values, count, rng, size=None, percentiles=(2.5, 97.5)):
    n = len(values)
    return np.percentile([statistic(values[rng.integers(n, size=size or n)]) for _ in range(count)], percentiles)


WRONG = {
    "15.area": [
        (lambda s, h: np.mean(pairs(s, h) > 0), "count half."),
        (lambda s, h: np.mean(pairs(s, h) >= 0), "not whole"),
        (lambda s, h: 1 - np.mean((pairs(s, h) > 0) + 0.5 * (pairs(s, h) == 0)), "should be the higher"),
        (lambda s, h: np.sum((pairs(s, h) > 0) + 0.5 * (pairs(s, h) == 0)), "divide by"),
        (lambda s, h: s.mean() - h.mean(), "expected"),
    ],
    "15.precision_in": [
        (lambda q, r, f: r / (r + f), "forgets how many"),
        (lambda q, r, f: q * r / (q * r + f), "Only the healthy"),
        (lambda q, r, f: q * r, "called sick"),
        (lambda q, r, f: q * r + (1 - q) * f, "share of all who are called sick"),
        (lambda q, r, f: r, "expected"),
    ],
    "15.bootstrap": [
        (lambda f, v, n, rng: np.percentile(v, [2.5, 97.5]), "too wide"),
        (lambda f, v, n, rng: np.percentile([f(rng.permutation(v)) for _ in range(n)], [2.5, 97.5]),
         "with replacement"),
        (lambda f, v, n, rng: draws(f, v, n, rng, percentiles=(5, 95)), "90 %"),
        (lambda f, v, n, rng: draws(f, v, n, rng, size=len(v) // 2), "1.96 standard errors"),
        (lambda f, v, n, rng: draws(f, v, n, rng)[::-1], "low comes before high"),
        (lambda f, v, n, rng: draws(np.mean, v, n, rng), "is `statistic` used?"),
        (lambda f, v, n, rng: f(v), "low and high"),
    ],
    "15.threshold": [
        (lambda miss, alarm: miss / (miss + alarm), "lower"),
        (lambda miss, alarm: alarm / miss, "only if the patient is healthy"),
        (lambda miss, alarm: 0.5, "depends on the prices"),
        (lambda miss, alarm: 1 / (1 + miss), "divide by it"),
    ],
}
