"""NumPy's further keywords of reductions, by other entries of the table: dtype=, initial=, where=, correction=.

    sum(x, where=m)         sum(where(m, x, 0)): what is left out becomes what changes nothing
    prod(x, initial=2)      prod(x) * 2
    mean(x, dtype=float)    mean(x.astype(float))
"""
import numpy as np

from ..backend import narrow, wide
from .arithmetic import add, logical_and, logical_or, maximum, minimum, multiply, sqrt, where as choose
from .reductions import all, any, axes_of, count, cumsum, max, mean, min, prod, std, sum, var
from .scans import _highest, _lowest, cumprod
from .shapes import astype, squeeze

NEUTRAL = {"sum": lambda x: 0, "prod": lambda x: 1, "max": _lowest, "min": _highest, "any": lambda x: False,
           "all": lambda x: True}
JOINED = {"sum": add, "prod": multiply, "max": maximum, "min": minimum, "any": logical_or, "all": logical_and}


def reduced(op, x, *, dtype=None, initial=None, where=True, out=None, correction=None, **params):
    """op(x, **params) with NumPy's keywords."""
    if out is not None:
        raise TypeError(f"{op.name}: writing into an array, out=, isn't recorded and would lose the gradient")
    if initial is not None and np.ndim(initial):
        raise ValueError(f"{op.name}: initial must be one number, not of shape {np.shape(initial)}")
    if correction is not None:
        params["ddof"] = correction
    x = x if dtype is None else astype(x, dtype=np.dtype(dtype))
    if where is True:
        y = _of_all(op, x, initial, params)
    elif op.name in ("mean", "var", "std"):
        y = _of_some(op, x, where, **params)
    elif op.name in ("max", "min") and initial is None:
        raise ValueError(f"{op.name}: of an empty choice there is none, so where= needs initial=, as in NumPy")
    else:
        y = _of_all(op, choose(where, x, np.asarray(NEUTRAL[op.name](x)).astype(x.dtype)[()]), initial, params)
    return y if initial is None else JOINED[op.name](y, initial)


def _of_all(op, x, initial, params):
    """op of x; where x is empty and initial says what then comes out, what changes nothing."""
    if op.name in ("max", "min") and initial is not None and not count(x, params.get("axis")):
        return sum(x, axis=params.get("axis"), keepdims=params.get("keepdims", False)) + NEUTRAL[op.name](x)
    return op(x, **params)


def _of_some(op, x, where, axis=None, keepdims=False, ddof=0):
    """Mean, variance or standard deviation of what a mask chooses, as if the rest were not there; of nothing, nan."""
    given, x = x, wide(x)
    chosen = np.broadcast_to(getattr(where, "_data", where), x.shape)
    n = chosen.sum(axis=axis, keepdims=True)
    n = n.astype(x.dtype if x.dtype.kind == "f" else float)
    with np.errstate(divide="ignore", invalid="ignore"):
        y = sum(choose(chosen, x, 0), axis=axis, keepdims=True) / n
        if op.name != "mean":
            spread = choose(chosen, x - y, 0)
            y = sum(spread * spread, axis=axis, keepdims=True) / np.maximum(n - ddof, 0)
        if op.name == "std":                # of equal numbers it is 0, and so is the slope
            y = choose(y == 0, 0, sqrt(choose(y == 0, 1, y)))
        y = narrow(y, given)
    return y if keepdims else squeeze(y, axis=axes_of(x, axis))


NAMES = {sum: "dtype initial where out", prod: "dtype initial where out", max: "initial where out",
         min: "initial where out", any: "where out", all: "where out", mean: "dtype where out",
         var: "dtype where out correction", std: "dtype where out correction",
         cumsum: "dtype out", cumprod: "dtype out"}


def give():
    """Let the reductions take these keywords."""
    for entry, names in NAMES.items():
        entry.further, entry.with_further = frozenset(names.split()), reduced
