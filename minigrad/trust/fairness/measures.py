"""Is it fair?  Measures of how a classifier treats groups, each with how sure one can be of it.

d is the decision (0 or 1), y the truth (0 or 1), s the score (an estimate of P(y = 1)), g the group.
Three ideas of fairness, which exclude each other (see impossible.py):

    demographic parity      P(d = 1 | g) is the same for all g                  (Calders, Kamiran and Pechenizkiy 2009)
    equalized odds          P(d = 1 | y, g) is, for y = 0 and for y = 1         (Hardt, Price and Srebro 2016)
    calibration             P(y = 1 | s, g) = s for all g                       (Kleinberg et al. 2016)
"""
from dataclasses import dataclass

import numpy as np

from ...support.intervals import wilson
from ...support.meanings import checked


@dataclass(frozen=True)
class Rate:
    """k of n, as a share with an interval; shares of nobody are nan, from 0 to 1."""
    value: float
    low: float
    high: float
    n: int

    def __str__(self):
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def _rate(chosen, among):
    """The share of those among whom it is asked that are chosen."""
    k, n = int(np.count_nonzero(chosen & among)), int(np.count_nonzero(among))
    low, high = wilson(k, n)
    return Rate(k / n if n else float("nan"), float(low), float(high), n)


def _checked(name, group, **columns):
    """The columns as boolean arrays, of the length of group; ValueError for others."""
    group = np.asarray(group)
    if not group.size:
        raise ValueError(f"{name}: there is nobody in these data, group has shape {group.shape}")
    nameless = np.isnan(group) if group.dtype.kind == "f" else np.equal(group, None) if group.dtype == object else False
    if np.any(nameless):
        raise ValueError(f"{name}: group is {group[nameless][0]} for {nameless.sum()} of {group.size}: "
                         "name their group, or leave them out")
    for column, values in columns.items():
        values = np.asarray(values)
        if values.shape != group.shape or group.ndim != 1:
            raise ValueError(f"{name}: {column} has shape {values.shape} and group {group.shape}; both must be (n,)")
        if not np.isin(values, (0, 1)).all():
            raise ValueError(f"{name}: {column} must hold 0 and 1 only; a score becomes a decision by s > threshold")
    return group, *(np.asarray(values).astype(bool) for values in columns.values())


@checked
def rates(y, d, group):
    """{group: {name of the rate: Rate}}, with 95 % intervals (Wilson):

        base        P(y = 1)            selection   P(d = 1)            accuracy    P(d = y)
        tpr         P(d = 1 | y = 1)    fpr         P(d = 1 | y = 0)    ppv         P(y = 1 | d = 1)

    y, d, group     (n,): truth and decision, 0 or 1, and the name or number of each one's group
    """
    group, y, d = _checked("rates", group, y=y, d=d)
    return {g: {"base": _rate(y, member), "selection": _rate(d, member), "accuracy": _rate(d == y, member),
                "tpr": _rate(d, member & y), "fpr": _rate(d, member & ~y), "ppv": _rate(y, member & d)}
            for g in np.unique(group).tolist() for member in [group == g]}


@checked
def demographic_parity_difference(d, group):
    """max over g of P(d = 1 | g) - min over g: 0 if all groups are selected equally often, at most 1."""
    group, d = _checked("demographic_parity_difference", group, d=d)
    return _spread(d, group)


@checked
def equalized_odds_difference(y, d, group):
    """The larger of the gaps in P(d = 1 | y = 1, g) and in P(d = 1 | y = 0, g): 0 if errors are shared equally.

    nan if a group has nobody with y = 0, or with y = 1.
    """
    group, y, d = _checked("equalized_odds_difference", group, y=y, d=d)
    if any(len(np.unique(group[y == truth])) < len(np.unique(group)) for truth in (False, True)):
        return float("nan")
    return max(_spread(d[y], group[y]), _spread(d[~y], group[~y]))


def _spread(d, group):
    _, number = np.unique(group, return_inverse=True)
    shares = np.bincount(number, d) / np.bincount(number)
    return float(shares.max() - shares.min())


@dataclass(frozen=True)
class Calibration:
    """For each bin of scores: their mean, the share of y = 1 with its interval, and how many there are."""
    score: np.ndarray
    share: np.ndarray
    low: np.ndarray
    high: np.ndarray
    n: np.ndarray

    @property
    def error(self):
        """Σ n |share - score| / Σ n, the expected calibration error.  (Naeini, Cooper and Hauskrecht 2015)"""
        return float(np.sum(self.n * np.abs(self.share - self.score)) / self.n.sum())


@checked
def calibration(y, s, group, bins=10):
    """{group: Calibration}: among people with a score of about s, is the share with y = 1 about s, in each group?

    s (n,) from 0 to 1; bins of equal width, empty ones left out.  Intervals of 95 % (Wilson).
    """
    group, y = _checked("calibration", group, y=y)
    s = np.asarray(s, float)
    if s.shape != y.shape or not ((s >= 0) & (s <= 1)).all():
        raise ValueError(f"calibration: s must be probabilities of shape {y.shape}, got shape {s.shape}")
    number, found = np.minimum((s * bins).astype(int), bins - 1), {}
    for g in np.unique(group).tolist():
        n, k, total = (np.bincount(number[group == g], weights, bins)
                       for weights in (None, y[group == g], s[group == g]))
        some = n > 0
        n, k = n[some], k[some]
        found[g] = Calibration(total[some] / n, k / n, *wilson(k, n), n)
    return found
