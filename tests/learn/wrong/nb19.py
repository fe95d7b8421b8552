"""Plausible wrong answers to notebook 19, and a word that the reply must contain."""
import numpy as np


def shares(d, group):
    return np.array([d[group == g].mean() for g in np.unique(group)])


def counts(d, group):
    return np.array([d[group == g].sum() for g in np.unique(group)])


def each(f):
    """Weights by a formula of (P(y), P(g), P(g, y))."""
    def weights(y, group):
        return np.array([f(np.mean(y == a), np.mean(group == g), np.mean((y == a) & (group == g)))
                         for a, g in zip(y, group)])
    return weights


def undivided(k, n, z):
    p, half = k / n, z * np.sqrt(k / n * (1 - k / n) / n + z * z / (4 * n * n))
    return np.array([p + z * z / (2 * n) - half, p + z * z / (2 * n) + half])


WRONG = {
    "19.parity": [
        (lambda d, group: shares(d, group).min() - shares(d, group).max(), "largest less the smallest"),
        (lambda d, group: counts(d, group).max() - counts(d, group).min(), "numbers of people"),
        (lambda d, group: np.ptp(counts(d, group) / len(d)), "its own group"),
        (lambda d, group: abs(shares(d, group)[0] - shares(d, group)[-1]), "more than two groups"),
    ],
    "19.wilson": [
        (lambda k, n, z: (k / n - z * np.sqrt(k / n * (1 - k / n) / n), k / n + z * np.sqrt(k / n * (1 - k / n) / n)),
         "certain at k = 0"),
        (lambda k, n, z: undivided(k, n, z), "division by 1 + z²/n"),
        (lambda k, n, z: undivided(k, n, z)[::-1] / (1 + z * z / n), "lower end comes first"),
    ],
    "19.implied_fpr": [
        (lambda p, ppv, tpr: (1 - ppv) / ppv * tpr, "How common"),
        (lambda p, ppv, tpr: p / (1 - p) * (1 - ppv) * tpr, "divide by it"),
        (lambda p, ppv, tpr: 1 - tpr, "missed"),
        (lambda p, ppv, tpr: p * (1 - ppv) / ppv * tpr, "How common"),
        (lambda p, ppv, tpr: (1 - p) / p * (1 - ppv) / ppv * tpr, "upside down"),
        (lambda p, ppv, tpr: p / (1 - p) * tpr / ppv, "which of them wrongly"),
    ],
    "19.reweigh": [
        (each(lambda py, pg, both: both / (py * pg)), "upside down"),
        (each(lambda py, pg, both: 1 / both), "equally common"),
        (each(lambda py, pg, both: 1 / pg), "label must matter"),
        (each(lambda py, pg, both: pg / both), "P(y) is missing"),
        (lambda y, group: 1.0, "shape"),
    ],
    "19.reverse": [
        (lambda g, y, x, strength: g, "turn it round"),
        (lambda g, y, x, strength: strength * g, "sign"),
        (lambda g, y, x, strength: -g, "strength is missing"),
        (lambda g, y, x, strength: -strength, "expected"),
        (lambda g, y, x, strength: -strength * x, "what comes back is g"),
    ],
}
