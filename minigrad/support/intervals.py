"""How sure a figure is: intervals for a share, and for any statistic of a sample."""
import numpy as np

from .meanings import checked


@checked
def wilson(k, n, z=1.96):
    """(low, high): Wilson's interval for the probability behind k successes of n; z = 1.96 covers 95 %.

        (p + z²/2n ± z √(p (1 - p)/n + z²/4n²)) / (1 + z²/n),   p = k/n

    It is the set of probabilities that k doesn't contradict, and unlike p ± z √(p (1 - p)/n) it never leaves [0, 1] and
    isn't empty at k = 0.  k and n may be arrays; n = 0 gives (0, 1).  (Wilson 1927)
    """
    k, n = np.asarray(k, float), np.asarray(n, float)
    if (k < 0).any() or (k > n).any():
        raise ValueError(f"wilson: k must be from 0 to n, got k = {k} of n = {n}")
    some = np.maximum(n, 1)
    p, z2 = k / some, z * z / some
    middle, half = p + z2 / 2, z * np.sqrt(p * (1 - p) / some + z2 / (4 * some))
    low, high = (middle - half) / (1 + z2), (middle + half) / (1 + z2)
    return np.where(n > 0, np.clip(low, 0, p), 0.0)[()], np.where(n > 0, np.clip(high, p, 1), 1.0)[()]


@checked
def bootstrap(statistic, *arrays, samples=500, confidence=0.95, seed=0, usable=None):
    """(low, high) for statistic(*arrays): the middle `confidence` of its values on rows drawn anew, with replacement.

    The percentile bootstrap (Efron 1979).  Rows that belong together stay together; samples on which the statistic is
    nan don't count.  A difference that can't be negative, such as a gap between groups, is biased upward by it.

    usable      a function of the drawn arrays: where it is false the statistic has no meaning, and others are drawn
    """
    n = len(arrays[0])
    if not n or any(len(a) != n for a in arrays):
        raise ValueError(f"bootstrap: arrays need rows, the same number of them, got {[len(a) for a in arrays]}")
    rng, arrays = np.random.default_rng(seed), [np.asarray(a) for a in arrays]
    values = []
    while len(values) < samples:
        rows = rng.integers(0, n, n)
        drawn = [a[rows] for a in arrays]
        if usable is None or usable(*drawn):
            values.append(statistic(*drawn))
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(values, [tail, 1 - tail])
    return float(low), float(high)
