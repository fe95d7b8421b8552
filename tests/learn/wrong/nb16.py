"""Plausible wrong answers to notebook 16, and a word that the reply must contain."""
import numpy as np


def starts(days, first, every):
    return range(first, days, every)


def mean(squared, decay, start):
    for s in squared:
        start = decay * start + (1 - decay) * s
    return start


def paid(position, returns, changes, basis_points):
    return np.sum(position * returns) - np.sum(changes) * basis_points / 100


def changes(position):
    return np.abs(np.diff(position, prepend=0))


WRONG = {
    "16.blocks": [
        (lambda n, first, every: [(np.arange(s + every), np.arange(s, min(s + every, n)))
                                  for s in starts(n, first, every)], "look-ahead"),
        (lambda n, first, every: [(np.setdiff1d(np.arange(n), np.arange(s, min(s + every, n))),
                                   np.arange(s, min(s + every, n))) for s in starts(n, first, every)], "comes later"),
        (lambda n, first, every: [(np.arange(s), np.arange(s, s + every)) for s in starts(n, first, every)],
         "doesn't exist"),
        (lambda n, first, every: [(np.arange(s), np.arange(s, s + every)) for s in range(first, n - every + 1, every)],
         "never tested"),
        (lambda n, first, every: [(np.arange(max(0, s - first), s), np.arange(s, min(s + every, n)))
                                  for s in starts(n, first, every)], "all"),
        (lambda n, first, every: [(np.arange(first), np.arange(first, n))], "block 0"),
    ],
    "16.ewma": [
        (lambda s, decay: mean(s[1:], 1 - decay, s[0]), "goes with the old"),
        (lambda s, decay: mean(s[-2::-1], decay, s[-1]), "Oldest first"),
        (lambda s, decay: mean(s[1:-1], decay, s[0]), "last day is missing"),
        (lambda s, decay: mean(s, decay, 0.0), "not with 0"),
        (lambda s, decay: np.mean(s), "plain mean"),
    ],
    "16.dm": [
        (lambda a, b: (a - b).mean() / (a - b).std(), "divided by √n"),
        (lambda a, b: (a.mean() - b.mean()) / np.sqrt((a.var() + b.var()) / len(a)), "day by day"),
        (lambda a, b: (b - a).mean() / (b - a).std() * np.sqrt(len(a)), "sign"),
        (lambda a, b: (a - b).mean(), "how large is its error"),
    ],
    "16.earned": [
        (lambda p, r, c: np.sum(p * r), "costs are missing"),
        (lambda p, r, c: paid(p, r, np.abs(np.diff(p)), c), "Getting in costs"),
        (lambda p, r, c: paid(p, r, np.diff(p, prepend=0), c), "Selling costs"),
        (lambda p, r, c: paid(p, r, changes(p) > 0, c), "costs twice"),
        (lambda p, r, c: paid(p, r, 100 * changes(p), c), "hundredth of a percent"),
        (lambda p, r, c: paid(p[:-1], r[1:], 0, c) - np.sum(changes(p)) * c / 100, "moved by a day"),
    ],
}
