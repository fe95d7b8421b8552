"""Of many cases by chance, those that add most: another rank, length, sign, kind of param."""
import itertools

import numpy as np

from .cases import case
from .draw import Chance

CANDIDATES = 120            # how many are drawn, of which the most varied are kept


def varied(op, count, rng):
    """`count` cases of an op's own `cases`, each as new as can be beside those before it; an ordinary one first."""
    pool = [case(op, Chance(rng)) for _ in range(max(CANDIDATES, count))]
    features, chosen, seen = [traits(c) for c in pool], [], set()
    left = sorted(range(len(pool)), key=lambda i: oddness(pool[i]))
    while left and len(chosen) < count:
        best = max(left, key=lambda i: len(features[i] - seen)) if chosen else left[0]
        if not features[best] - seen:
            seen = set()                    # all has been seen: once more
        left.remove(best)
        seen |= features[best]
        chosen.append(pool[best])
    return chosen


def traits(case):
    """What can be said of a case, to compare it with others: ranks, lengths, dtypes, and each param's kind of value."""
    inputs, params = case
    found = set()
    for i, x in enumerate(inputs):
        found |= {(i, "rank", x.ndim), (i, x.dtype.char), (i, "large", x.size > 64), (i, "order", x.flags.c_contiguous)}
        found |= {(i, "side", n if n < 3 else 3 + n % 2) for n in x.shape}
        if x.dtype.kind == "f" and x.size:
            found |= {(i, "far", x.ndim, bool(x.max() > 50), bool(x.min() < -50), bool(np.abs(x).max() < 0.05))}
        found |= {("same", i, j, x.shape == y.shape) for j, y in enumerate(inputs[:i])}
    found |= {("count", len(inputs)), ("ranks", *(x.ndim for x in inputs))}
    for name, value in params.items():
        found |= {(name, kind(value)), (name, kind(value), inputs[0].ndim if inputs else 0)}
    found |= {(a, kind(v), b, kind(w)) for (a, v), (b, w) in itertools.combinations(params.items(), 2)}
    return found | {(name, "given") for name in params}


def kind(value):
    """A value of a param, or of an array, slice or tuple what is special about it."""
    if isinstance(value, np.ndarray):
        negative = value.dtype.kind != "b" and bool((value < 0).any())
        return value.dtype.char, value.ndim, bool(value.size), negative
    if isinstance(value, slice):
        return "slice", np.sign(value.step or 1), value.start is None, value.stop is None
    if isinstance(value, (tuple, list)):
        return len(value), tuple(kind(v) for v in value[:2])
    return value if isinstance(value, (int, str, bool, type(None))) else type(value)


def oddness(case):
    """How far a case is from an ordinary one: 2-D, a few elements, different lengths, no zeros."""
    inputs = [x for x in case[0] if x.dtype.kind == "f"]
    total = sum(x.size for x in inputs)
    return (abs(total - 8) + 100 * (total > 40 or total < 2) + 8 * any(x.ndim != 2 for x in inputs)
            + 8 * any(1 in x.shape or len(set(x.shape)) < x.ndim for x in inputs)
            + 30 * any(not x.all() or np.abs(x).max(initial=0) > 50 for x in inputs))
