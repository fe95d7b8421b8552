"""Derivatives by measurement: how much does f change when its input moves a little?

    central difference      (φ(h) - φ(-h)) / 2h  =  φ'(0) + c h² + d h⁴ + ...
    Ridders' method         halve h again and again and extrapolate to h = 0, which removes h², then h⁴, ...; keep the
                            estimate that changes least from step to step, and what it changes by as its uncertainty
    a second look           what large steps say must agree with the difference over a far smaller one; where it does
                            not, φ has a feature between the two, and the search begins again with smaller steps
    complex step            Im φ(ih) / h with h = 1e-100: nothing is subtracted, so every digit is right; where φ is
                            analytic and written so that complex numbers pass through

Too large a step measures curvature, too small a one rounding; extrapolating finds the best by itself.

C. J. F. Ridders, "Accurate computation of F'(x) and F'(x) F''(x)", Advances in Engineering Software 4 (1982);
W. Squire and G. Trapp, "Using complex variables to estimate derivatives of real functions", SIAM Review 40 (1998);
the noise of a function from its differences: J. J. Moré and S. M. Wild, "Estimating computational noise", SIAM Journal
on Scientific Computing 33 (2011).
"""
import warnings

import numpy as np

FIRST_STEPS = 2.0 ** -3, 2.0 ** -8, 2.0 ** -13      # where the search for the best step begins, and begins again
SMALLEST = 2.0 ** -25
FAR = 2.0 ** -18                                    # the step of the second look: narrower features are not seen
EPS = np.finfo(float).eps


def derivative(phi, side=0, enough=1e-10, noise=0.0, lost=0.0):
    """(φ'(0), its uncertainty), element by element, of a function φ of a number that returns a float64 array.

    side    0: the slope; 1 or -1: the slope on the right or on the left alone
    enough  the relative uncertainty at which to stop
    noise   how far the values of φ may be off, where that is more than their last digit
    lost    how far they may be off for what cancels inside φ: the second look is not to be misled by that
    Where no estimate can be had (φ is nan on either side, say) the slope is nan and the uncertainty infinite.
    A step that leaves the domain, so that φ raises ValueError, is too large: it counts as nan.
    """
    here = phi(0.0)
    slope, doubt, trusted = np.full(here.shape, np.nan), np.full(here.shape, np.inf), np.zeros(here.shape, bool)
    near, rounding = _difference(phi, here, FAR, side, noise)
    if side:                                        # without its first-order error, as the central one is
        twice, more = _difference(phi, here, 2 * FAR, side, noise)
        near, rounding = 2 * near - twice, 2 * rounding + more
    for first in FIRST_STEPS:
        found, unsure, curved = _extrapolated(phi, here, first, side, enough, noise)
        apart = np.abs(found - near)
        agree = apart <= 1e-3 * np.abs(found) + 4 * rounding + 4 * lost / FAR + 2 * curved * FAR ** 2 + 10 * unsure
        agree |= ~np.isfinite(near) & np.isfinite(unsure)
        better = ~trusted & (agree | (np.maximum(unsure, apart) < doubt))
        slope = np.where(better, found, slope)
        doubt = np.where(better, np.where(agree, unsure, np.maximum(unsure, apart)), doubt)
        trusted |= agree
        if trusted.all():
            break
    return slope, doubt


def displaced(x, step):
    """x + step; but where that is 0, x as it is: -0.0 + 0.0 is 0.0, which may lie on the other side of a cut."""
    return np.where(step == 0, x, x + step)


def _extrapolated(phi, here, h, side, enough, noise):
    """(φ'(0), its uncertainty, by how much h² bends the difference) by Ridders' method from a first step."""
    best, doubt, curved = np.full(here.shape, np.nan), np.full(here.shape, np.inf), np.zeros(here.shape)
    older, before = [], best
    while h >= SMALLEST:
        now, rounding = _difference(phi, here, h, side, noise)
        row, change = [now], np.full(here.shape, np.inf)
        for k, estimate in enumerate(older):
            better = row[k] + (row[k] - estimate) / (2 ** (k + 1 if side else 2 * k + 2) - 1)
            apart = np.maximum(np.abs(better - row[k]), np.abs(better - estimate)) + rounding
            now, change = np.where(apart < change, better, now), np.fmin(change, apart)
            row.append(better)
        # Estimates may agree once by chance, or twice where f is odd or periodic; so the first two are not trusted.
        change = np.maximum(change, np.abs(now - before) if len(older) > 1 else np.inf)
        closer = change < doubt
        best, curved = np.where(closer, now, best), np.where(closer, np.abs(row[0] - now) / h ** 2, curved)
        doubt = np.fmin(doubt, change)
        if np.all(doubt <= enough * np.abs(best) + 8 * rounding):       # smaller steps would only round more
            break
        older, before, h = row, now, h / 2
    return best, doubt, curved


def _difference(phi, here, h, side, noise):
    """(the slope over a step h, how far rounding may put it off)."""
    up, down = _value(phi, side * h or h, here), here if side else _value(phi, -h, here)
    width = side * h or 2 * h
    return (up - down) / width, np.maximum(EPS * (np.abs(up) + np.abs(down)), 2 * noise) / h


def _value(phi, h, here):
    try:
        return phi(h)
    except (ValueError, ArithmeticError):           # a matrix no longer positive definite, say
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


def confirmed(phi, slope, negligible=0.0):
    """Do differences over two widely different steps say the same as a complex step, as precisely as they can?

    Where φ is not analytic (|x|, a part taken by .real, a comparison) the complex step may give a wrong number.
    """
    here = phi(0.0)
    (wide, _), (near, rounding) = (_difference(phi, here, h, 0, 0.0) for h in (2.0 ** -9, FAR))
    allowed = 1e-5 * np.abs(slope) + 4 * rounding + np.abs(wide - slope) * (FAR * 2.0 ** 9) ** 2 + negligible
    return bool(np.all(np.abs(near - slope) <= allowed) and np.all(rounding <= 1e-3 * np.abs(slope) + negligible))


def noise(phi):
    """How far the values of φ near 0 are off a smooth curve, for rounding inside it.

    From fourth differences over steps so small that nothing smooth is left in them, on each side by itself, since a
    step or kink at 0 is no noise.
    """
    here = phi(0.0)
    found = np.zeros(here.shape)
    for h in (2.0 ** -42, 2.0 ** -32, 2.0 ** -22):
        left, right = (np.abs(np.diff([_value(phi, side * k * h, here) for k in range(1, 8)], 4, axis=0)).max(axis=0)
                       for side in (-1, 1))
        found = np.fmax(found, np.fmin(left, right) / np.sqrt(70))
    return found


def jumps(phi):
    """How far the values of φ jump in the neighbourhood; 0 where φ is as smooth as it seems.

    Sixth differences of a smooth function over steps eight times as small are 8⁶ times as small; jumps stay.  More than
    a thousandth of the values is no jump of a loop that stops early, but a pole or a step.
    """
    here = phi(0.0)
    values = np.array([_value(phi, k * 2.0 ** -11, here) for k in range(-768, 769)])
    wide, narrow = (np.nanmax(np.abs(np.diff(values[::stride], 6, axis=0)), axis=0) for stride in (8, 1))
    size = np.nanmax(np.abs(values), axis=0)
    return np.where((narrow > wide / 64) & (narrow > 1e3 * EPS * size) & (narrow < 0.01 * size), narrow / 10, 0.0)


def steps(phi):
    """Is φ not continuous at 0?  Over 1e-12 it changes by about as much as over 1e-6."""
    here = phi(0.0)
    near, far = (np.abs([_value(phi, side * h, here) - here for side in (-1, 1)]) for h in (1e-12, 1e-6))
    return bool(np.any((near > far / 2) & (near > 1e-6 * (1 + np.abs(here)))))


def sides(phi):
    """(slope on the left, on the right, their uncertainty, where they differ) of φ at 0.

    A slope is infinite at a step, nan where φ has no value on that side.  Where a side scatters, so that nothing can be
    said of its slope, they do not count as different, and the uncertainty is infinite.
    """
    (left, left_doubt), (right, right_doubt) = _one_side(phi, -1), _one_side(phi, 1)
    doubt = left_doubt + right_doubt
    same = np.abs(right - left) <= 1e-4 * (np.abs(left) + np.abs(right)) + 10 * doubt
    return left, right, doubt, ~same | np.isinf(left) | np.isinf(right)


@np.errstate(all="ignore")
def _one_side(phi, side):
    """(the slope on one side, its uncertainty): infinite where nothing can be said."""
    slope, doubt = derivative(phi, side)
    changes = [_value(phi, side * h, phi(0.0)) - phi(0.0) for h in (2.0 ** -16, 2.0 ** -18, 2.0 ** -20)]
    first, second = changes[1] / changes[0], changes[2] / changes[1]        # 1/4 if smooth, 1/2 for a root, 1 at a step
    unclear = doubt > 1e-5 * np.abs(slope) + 1e-7 * (1 + np.abs(phi(0.0)))
    steep = unclear & (np.abs(first - second) < 0.05) & (second > 0.3)
    absent = np.isnan(changes[2])
    slope = np.where(absent, np.nan, np.where(steep, side * np.sign(changes[2]) * np.inf, slope))
    return slope, np.where(absent | steep, 0.0, np.where(unclear, np.inf, doubt))


def scales(x):
    """How far each element may move: as it is large; or as the array is, if that is lost in rounding; or by 1."""
    magnitude = np.abs(x)
    overall = float(np.sqrt(np.mean(magnitude ** 2))) or 1.0
    return np.where(magnitude > 0, magnitude, overall), np.maximum(magnitude, overall), np.ones(x.shape)


def between(got, left, right, slack):
    """May a rule say this at a kink?  Whatever lies between the slopes, or anything where one side has none."""
    return not np.isfinite([left, right]).all() or \
        np.minimum(left, right).sum() - slack <= got <= np.maximum(left, right).sum() + slack
