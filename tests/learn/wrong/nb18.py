"""Plausible wrong answers to notebook 18, and a word that the reply must contain."""
import numpy as np


def integrated(slope, x, baseline, steps, shift=0.5, factor=None, mean=True):
    total = sum(slope(baseline + (k + shift) / steps * (x - baseline)) for k in range(steps))
    return (x - baseline if factor is None else factor(x)) * (total / steps if mean else total)


def importance(score, X, y, column, rng, sign=1, copy=True, take=lambda a, column, rng: rng.permutation(a[:, column])):
    shuffled = X.copy() if copy else X
    shuffled[:, column] = take(X, column, rng)
    return sign * (score(X, y) - score(shuffled, y))


def all_columns(score, X, y, column, rng):
    return score(X, y) - score(rng.permutation(X), y)


def rollout(maps, stay=0.5, attend=0.5, back=False):
    R = np.eye(maps[0].shape[-1])
    for A in maps:
        mixed = attend * A.mean(axis=0) + stay * np.eye(len(R))
        R = R @ mixed if back else mixed @ R
    return R


def ranks(a):
    return a.ravel().argsort().argsort()


WRONG = {
    "18.integrated": [
        (lambda s, x, b, n: (x - b) * s(x), "slope at x alone"),
        (lambda s, x, b, n: integrated(s, x, b, n, factor=lambda x: 1), "Multiply the mean slope"),
        (lambda s, x, b, n: integrated(s, x, b, n, factor=lambda x: x), "not by x"),
        (lambda s, x, b, n: integrated(s, x, b, n, mean=False), "not the sum"),
        (lambda s, x, b, n: integrated(s, x, b, n, shift=0), "beginnings"),
        (lambda s, x, b, n: integrated(s, x, b, n, shift=1), "ends of the pieces"),
        (lambda s, x, b, n: float(integrated(s, x, b, n).sum()), "shape (1,)"),
    ],
    "18.rank": [
        (lambda a, b: np.corrcoef(a.ravel(), b.ravel())[0, 1], "correlation of the values"),
        (lambda a, b: np.corrcoef(a.ravel().argsort(), b.ravel().argsort())[0, 1], "argsort alone"),
        (lambda a, b: abs(np.corrcoef(ranks(a), ranks(b))[0, 1]), "opposite order"),
        (lambda a, b: ranks(a) @ ranks(b) / np.sqrt((ranks(a) ** 2).sum() * (ranks(b) ** 2).sum()), "their mean"),
        (lambda a, b: np.corrcoef(ranks(a), ranks(b)), "expected one number"),
        (lambda a, b: (ranks(a) == ranks(b)).mean(), "Nearly equal"),
        (lambda a, b: np.cov(ranks(a), ranks(b), bias=True)[0, 1], "equal orders give 1"),
    ],
    "18.importance": [
        (lambda *a: importance(*a, sign=-1), "sign"),
        (lambda *a: importance(*a, copy=False), "copy"),
        (lambda *a: importance(*a, take=lambda X, column, rng: 0), "keep its values"),
        (all_columns, "only column"),
        (lambda score, X, y, column, rng: score(X, y), "as it is"),
    ],
    "18.rollout": [
        (lambda maps: rollout(maps, back=True), "reversed"),
        (lambda maps: rollout(maps, stay=0, attend=1), "identity"),
        (lambda maps: rollout(maps, stay=1, attend=1), "add up to 1"),
        (lambda maps: rollout(maps[-1:]), "last block alone"),
        (lambda maps: maps[-1], "shape"),
    ],
}
