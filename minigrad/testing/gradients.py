"""Is a gradient right?  Compare it with slopes measured by extrapolated differences, in double precision.

A gradient of an array-valued f is checked through L(x) = Σ u f(x) with a *random* cotangent u: with ones, a rule that
hands slopes to the wrong places can still give the right sum.  The second order is the same check, applied to the vjp.
"""
from dataclasses import dataclass, field

import numpy as np

from ..tensor import Tensor, backpropagate, grad_mode
from .diagnosis import diagnose

EVERY = 64          # inputs of up to this many elements are checked element by element; of larger ones, as many are drawn


class GradientError(AssertionError):
    """A gradient is wrong; the message says of what, where, by how much, and which mistake would explain it."""


@dataclass
class Report:
    """What a check found: the largest relative error, how many slopes were measured, and kinks, where f has no slope."""
    worst: float = 0.0
    slopes: int = 0
    kinks: list = field(default_factory=list)

    def __add__(self, other):
        return Report(max(self.worst, other.worst), self.slopes + other.slopes, self.kinks + other.kinks)


def check_gradients(f, *inputs, order=2, rtol=1e-6, seed=0, name=None):
    """Check the gradients of f at the inputs, up to an order; a Report, or GradientError.

    f           a function of arrays or tensors, built of minigrad's operations, which returns one tensor of any shape
    inputs      floating-point ones are differentiated, in float64 whatever they were; others (indices, masks) stay fixed
    order       1: gradients; 2: also the gradients of the gradients, in the inputs and in the cotangent
    rtol        relative to the size of the gradient; what the differences themselves are unsure of is added to it
    seed        of the cotangents and directions; it is part of the message of a failure

        mg.testing.check_gradients(lambda a, b: mg.tanh(a @ b), np.ones((2, 3)), np.ones((3, 4)))
    """
    name = name or getattr(f, "__name__", "f")
    arrays = [np.array(x.numpy() if isinstance(x, Tensor) else x) for x in inputs]
    arrays = [a.astype(np.float64) if a.dtype.kind == "f" else a for a in arrays]
    if not any(a.dtype.kind == "f" for a in arrays):
        raise TypeError("check_gradients: no input is floating-point: there is nothing to differentiate")
    return _check(_Function(f, name, [a.dtype.kind == "f" for a in arrays]), arrays, order, rtol, np.random.default_rng(seed), seed)


class _Function:
    """f as a function of arrays, and its vjp as a function of arrays: what measuring and checking need."""

    def __init__(self, f, name, real):
        self.f, self.name, self.real = f, name, real

    def tensor(self, xs, recording=False):
        leaves = [Tensor(x, requires_grad=recording) if r else x for x, r in zip(xs, self.real)]
        with grad_mode(recording):
            y = self.f(*leaves)
        if not isinstance(y, Tensor):
            raise TypeError(f"{self.name}: it must return a tensor made of minigrad's operations, not {type(y).__name__}")
        return y, leaves

    def __call__(self, *xs):
        return np.asarray(self.tensor(xs)[0].numpy(), np.float64)

    def vjp(self, xs, u):
        """The cotangents of the real inputs; zeros where none arrived."""
        y, leaves = self.tensor(xs, recording=True)
        found = backpropagate(y, u) if y.requires_grad else {}
        return [found.get(x, np.zeros(x.shape)) if r else None for x, r in zip(leaves, self.real)]

    def slope_along(self, directions):
        """The function (inputs, u) -> Σ directions · vjp(u): a scalar, differentiable, for the second order."""
        def slope(*xs):
            *xs, u = xs
            with grad_mode(True):           # fresh names for the inputs, so that u is the only other thing that matters
                inner = [x * 1.0 if isinstance(x, Tensor) and x.requires_grad else Tensor(x._data, True)
                         if isinstance(x, Tensor) else x for x in xs]
                targets = [x for x in inner if isinstance(x, Tensor)]
                y = self.f(*inner)
                found = backpropagate(y, u, wrt=set(targets), create_graph=True) if y.requires_grad else {}
                return sum(((found[x] * v).sum() for x, v in zip(targets, directions) if x in found), start=u.sum() * 0.0)
        return _Function(slope, f"the gradient of {self.name}", self.real + [True])


def _check(f, xs, order, rtol, rng, seed):
    y = f(*xs)
    if not np.isfinite(y).all():
        raise GradientError(f"{f.name}: its value is not finite here ({np.count_nonzero(~np.isfinite(y))} of {y.size} elements): "
                            "choose inputs inside its domain")
    u = rng.standard_normal(y.shape)
    got = f.vjp(xs, u)
    report = Report()
    for k, (x, real) in enumerate(zip(xs, f.real)):
        if real:
            report += _check_input(f, xs, k, u, got, rtol, rng, seed)
    if order > 1:
        directions = [rng.standard_normal(x.shape) for x, r in zip(xs, f.real) if r]
        report += _check(f.slope_along(directions), [*xs, u], order - 1, rtol, rng, seed)
    return report


def _check_input(f, xs, k, u, got, rtol, rng, seed):
    """Compare the gradient of one input with measured slopes, element by element."""
    x, g = xs[k], np.asarray(got[k])
    if g.shape != x.shape:
        raise GradientError(f"{f.name}: the gradient of argument {k} has shape {g.shape}, the argument {x.shape}")
    chosen = np.arange(x.size) if x.size <= EVERY else np.sort(rng.choice(x.size, EVERY, replace=False))
    places = [np.unravel_index(i, x.shape) for i in chosen]
    jacobian, unsure = [], []
    for place in places:
        row, error = slopes(f, xs, k, place)
        jacobian.append(row)
        unsure.append(np.abs(u).ravel() @ error.ravel())
    jacobian = np.array(jacobian).reshape(len(places), u.size)             # d y / d x[place], one row for each place
    expected = jacobian @ u.ravel()
    values = np.array([g[p] for p in places], float)
    scale = max(np.abs(expected).max(initial=0), np.abs(values).max(initial=0) if np.isfinite(values).all() else 0, 1e-3)
    wrong = ~(np.abs(values - expected) <= rtol * scale + 20 * np.array(unsure))
    report = Report(slopes=len(places))
    smooth = np.ones(len(places), bool)
    for j in np.flatnonzero(wrong):
        kink = one_sided(f, xs, k, places[j], u)
        if kink is not None:                # at a kink, right is whatever lies between the slopes on either side
            wrong[j], smooth[j] = not min(kink) - 1e-3 * scale <= values[j] <= max(kink) + 1e-3 * scale, False
            report.kinks.append(f"{f.name}, argument {k} at {tuple(map(int, places[j]))}: slopes {kink[0]:.4g} on the left and "
                                f"{kink[1]:.4g} on the right; the gradient says {values[j]:.4g}")
    if not wrong.any():
        report.worst = float((np.abs(values - expected)[smooth] / scale).max(initial=0))
        return report
    badness = np.where(wrong, np.where(np.isfinite(values), np.abs(values - expected), np.inf), -1)
    j = int(badness.argmax())
    words = diagnose(f, xs, k, places, values, expected, jacobian, u) if len(places) == x.size else []
    ratio = f", ratio {values[j] / expected[j]:.4g}" if expected[j] and np.isfinite(values[j]) else ""
    where = f" at {tuple(map(int, places[j]))}" if places[j] else ""
    raise GradientError(
        f"{f.name}: the gradient of argument {k}, shape {x.shape}, is wrong in {int(wrong.sum())} of {len(places)} elements.\n"
        f"  worst{where}: got {values[j]:.8g}, expected {expected[j]:.8g}{ratio}\n"
        + "".join(f"  likely: {w}\n" for w in words) + f"  (cotangents drawn with seed={seed})")


def _moving(f, xs, k, place):
    """f as a function of an offset of one element."""
    def at(offset):
        moved = xs[k].copy()
        moved[place] += offset
        with np.errstate(all="ignore"):
            return f(*xs[:k], moved, *xs[k + 1:])
    return at, max(abs(float(xs[k][place])), 1e-2)


def slopes(f, xs, k, place):
    """(dy/dx[place], its uncertainty), by Richardson's extrapolation.

    Central differences at h, h/2 and h/4 are combined so that their errors of order h² and h⁴ cancel; what the last step
    changed is taken as the uncertainty.  While that is large, a smaller h is tried.
    """
    at, size = _moving(f, xs, k, place)
    best = None
    for h in size * np.array([1e-1, 1e-2, 1e-3, 1e-4, 1e-5]):
        h = float((xs[k][place] + h) - xs[k][place])                       # a step that the floating-point grid can take
        central = [(at(h / s) - at(-h / s)) / (2 * h / s) for s in (1, 2, 4)]
        if not all(np.isfinite(c).all() for c in central):
            continue
        first = [(4 * b - a) / 3 for a, b in zip(central, central[1:])]
        second = (16 * first[1] - first[0]) / 15
        error = np.abs(second - first[1]) + 1e-14 * np.abs(second)
        if best is None or error.max(initial=0) < best[1].max(initial=0):
            best = second, error
        if error.max(initial=0) <= 1e-9 * max(np.abs(second).max(initial=0), 1e-6):
            break
    if best is None:
        raise GradientError(f"{f.name}: not finite on either side of argument {k} at {place}: choose inputs inside its domain")
    return best


def one_sided(f, xs, k, place, u):
    """The slopes of Σ u f to the left and to the right, if they differ however near one looks: a kink.  Else None."""
    at, size = _moving(f, xs, k, place)
    here, pairs = at(0.0), []
    for h in (size * 1e-5, size * 1e-6):
        pairs.append([float((u * s).sum()) for s in ((here - at(-h)) / h, (at(h) - here) / h)])
    jumps, scale = [abs(right - left) for left, right in pairs], max(map(abs, pairs[1])) + 1e-9
    return pairs[1] if jumps[1] > 1e-3 * scale and jumps[1] > 0.5 * jumps[0] else None
