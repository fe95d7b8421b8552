"""Derivatives by measurement: how much does f change when its input moves a little?

    central difference      (φ(h) - φ(-h)) / 2h  =  φ'(0) + c h² + d h⁴ + ...
    Ridders' method         halve h again and again and extrapolate to h = 0, which removes h², then h⁴, ...; keep the
                            estimate that changes least from step to step, and what it changes by as its uncertainty
    complex step            Im φ(ih) / h with h = 1e-100: nothing is subtracted, so every digit is right; where φ is
                            analytic and written so that complex numbers pass through

Too large a step measures curvature, too small a one rounding; extrapolating finds the best by itself.

C. J. F. Ridders, "Accurate computation of F'(x) and F'(x) F''(x)", Advances in Engineering Software 4 (1982);
W. Squire and G. Trapp, "Using complex variables to estimate derivatives of real functions", SIAM Review 40 (1998).
"""
import warnings

import numpy as np

FIRST, LEVELS = 1 / 8, 22               # the first step, and how often it is halved at most


def derivative(phi, side=0, enough=1e-10):
    """(φ'(0), its uncertainty), element by element, of a function φ of a number that returns a float64 array.

    side    0: the slope; 1 or -1: the slope on the right or on the left alone
    enough  the relative uncertainty at which to stop
    Where no estimate can be had (φ is nan on either side, say) the slope is nan and the uncertainty infinite.
    A step that leaves the domain, so that φ raises ValueError, is too large: it counts as nan.
    """
    here = phi(0.0)
    best, doubt = np.full(here.shape, np.nan), np.full(here.shape, np.inf)
    older, before, h = [], best, FIRST
    for _ in range(LEVELS):
        up, down = _value(phi, side * h or h, here), here if side else _value(phi, -h, here)
        row = [side * (up - down) / h if side else (up - down) / (2 * h)]
        rounding = np.finfo(float).eps * (np.abs(up) + np.abs(down)) / h
        now, change = row[0], np.full(here.shape, np.inf)
        for k, estimate in enumerate(older):
            better = row[k] + (row[k] - estimate) / (2 ** (k + 1 if side else 2 * k + 2) - 1)
            apart = np.maximum(np.abs(better - row[k]), np.abs(better - estimate)) + rounding
            now, change = np.where(apart < change, better, now), np.fmin(change, apart)
            row.append(better)
        # Estimates may agree once by chance, or twice where f is odd or periodic; so the first two are not trusted.
        change = np.maximum(change, np.abs(now - before) if len(older) > 1 else np.inf)
        best, doubt = np.where(change < doubt, now, best), np.fmin(doubt, change)
        if np.all(doubt <= enough * np.abs(best) + 8 * rounding):       # smaller steps would only round more
            break
        older, before, h = row, now, h / 2
    return best, doubt


def _value(phi, h, here):
    try:
        return phi(h)
    except ValueError:                      # a matrix no longer positive definite, say
        return np.full(here.shape, np.nan)


def complex_step(phi, h=1e-100):
    """φ'(0) to the last digit, or None where complex numbers don't pass through φ."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")                          # an imaginary part thrown away
            value = np.asarray(phi(1j * h))
    except Exception:
        return None
    return value.imag / h if value.dtype.kind == "c" and np.isfinite(value).all() else None


def kink(phi):
    """(slope on the left, on the right, where they differ) of φ at 0.

    A slope is infinite at a step, nan where φ has no value on that side.  Where a side scatters, so that nothing can be
    said of its slope, they do not count as different.
    """
    (left, left_doubt), (right, right_doubt) = _one_side(phi, -1), _one_side(phi, 1)
    same = np.abs(right - left) <= 1e-4 * (np.abs(left) + np.abs(right)) + 10 * (left_doubt + right_doubt)
    return left, right, ~same | np.isinf(left) | np.isinf(right)


@np.errstate(all="ignore")
def _one_side(phi, side):
    """(the slope on one side, its uncertainty): infinite where nothing can be said."""
    slope, doubt = derivative(phi, side)
    changes = [phi(side * h) - phi(0.0) for h in (2.0 ** -16, 2.0 ** -18, 2.0 ** -20)]
    first, second = changes[1] / changes[0], changes[2] / changes[1]        # 1/4 if smooth, 1/2 for a root, 1 at a step
    unclear = doubt > 1e-5 * np.abs(slope) + 1e-7 * (1 + np.abs(phi(0.0)))
    steep = unclear & (np.abs(first - second) < 0.05) & (second > 0.3)
    absent = np.isnan(changes[2])
    slope = np.where(absent, np.nan, np.where(steep, side * np.sign(changes[2]) * np.inf, slope))
    return slope, np.where(absent | steep, 0.0, np.where(unclear, np.inf, doubt))
