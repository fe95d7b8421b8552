"""Precision: float16 numbers are added up in float32, as PyTorch does on a CPU; and where a fast formula will do.

A float16 ends at 65504, and above 2048 adding 1 to it changes nothing: the sum of 70,000 ones would be 2048, or ∞.
"""
import numpy as np

HALF, SINGLE = np.dtype(np.float16), np.dtype(np.float32)


def wide(x):
    """x, in float32 if it is in float16."""
    return x.astype(SINGLE) if getattr(x, "dtype", None) == HALF else x


def narrow(y, x):
    """y as computed from wide(x), back in float16 if x is."""
    return y.astype(HALF) if getattr(x, "dtype", None) == HALF else y


def all_below(x, limit):
    """Whether x is an array on the CPU of numbers below a limit: one look at it.  A GPU would have to be waited for."""
    return isinstance(x, np.ndarray) and bool(x.max(initial=-np.inf) < limit)
