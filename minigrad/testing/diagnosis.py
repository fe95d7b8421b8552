"""What mistake would explain a wrong gradient?  Each classic is a hypothesis: "then the result would be what we got"."""
import itertools

import numpy as np


def diagnose(f, xs, k, places, got, expected, jacobian, u):
    """Words for the mistakes that reproduce `got` exactly; most specific first.

    got, expected   the gradient of argument k, element by element, flat
    jacobian        dy/dx: a row for each element of the argument, a column for each of the result
    """
    shape, flat_u = xs[k].shape, u.ravel()
    close = _closeness(expected)
    if not np.isfinite(got).all():
        return ["nan or infinity: a pole of the rule (0/0, or 0 times infinity) or of a branch that was not taken"]
    if close(got, np.zeros_like(got)):
        return ["detached: no gradient arrives at this argument (np.asarray, .numpy() or .data in the computation, "
                "or a rule that returns zeros)"]
    words = []
    if close(got, -expected):
        words.append("the sign is wrong")
    words += _factor(got, expected, shape, u.shape, close)
    if len(shape) >= 2:
        words += _moved(got.reshape(shape), expected.reshape(shape), close)
    words += _cotangent(got, jacobian, flat_u, u, close)
    words += _repeated(got, jacobian, flat_u, close)
    for j, x in enumerate(xs):
        if j != k and f.real[j] and x.shape == shape and close(got, _gradient(f, xs, j, u)):
            words.append(f"this is the gradient of argument {j}, not of argument {k}")
    if not words:
        words += _masked(got, expected, close)
    if not words and got.size > 1 and close(np.sort(got), np.sort(expected)):
        words.append("the right numbers in the wrong places (a reshape where a transpose belongs?)")
    return words


def _closeness(expected):
    scale = np.abs(expected).max(initial=0) + 1e-12
    return lambda a, b: a.shape == b.shape and np.allclose(a, b, rtol=1e-5, atol=1e-5 * scale)


def _factor(got, expected, shape, result_shape, close):
    nonzero = np.abs(expected) > 1e-9 * np.abs(expected).max(initial=0)
    if not nonzero.any():
        return []
    ratio = float(np.median(got[nonzero] / expected[nonzero]))
    if not np.isfinite(ratio) or ratio in (0, 1, -1) or not close(got, ratio * expected) or abs(abs(ratio) - 1) < 1e-4:
        return []
    sizes = {n: f"the length of axis {axis} of the argument" for axis, n in enumerate(shape) if n > 1}
    sizes |= {int(np.prod(shape)): "the number of its elements"} if np.prod(shape) > 1 else {}
    for n, what in sizes.items():
        if np.isclose(abs(ratio), 1 / n):
            return [f"a factor 1/{n} too much ({what}): a mean where a sum belongs?"]
        if np.isclose(abs(ratio), n):
            return [f"the factor 1/{n} is missing ({what}): a sum where a mean belongs?"]
    missing = 1 / ratio
    text = f"{missing:.4g}" if abs(missing) >= 1 or abs(missing - 1 / round(ratio)) > 1e-6 else f"1/{round(ratio)}"
    return [f"the factor {text} is missing (got {ratio:.4g} times what is expected)"]


def _moved(got, expected, close):
    """The right gradient with its axes exchanged, reshaped or reversed."""
    axes = range(got.ndim)
    for order in itertools.permutations(axes):
        moved = expected.transpose(order)
        if order == tuple(axes):
            continue
        if moved.shape == got.shape and close(got, moved):
            return ["transposed" if got.ndim == 2 else f"transposed: the axes are in the order {order}"]
        if close(got, moved.reshape(got.shape)):
            return ["reshape where a transpose belongs: the right numbers, laid out in the wrong order"]
    for axis in axes:
        if got.shape[axis] > 1 and close(got, np.flip(expected, axis)):
            return [f"reversed along axis {axis}"]
    return []


def _cotangent(got, jacobian, flat_u, u, close):
    """The cotangent not used, or used of one slice only."""
    if flat_u.size > 1 and close(got, jacobian.sum(axis=1)):
        return ["the rule ignores its cotangent g (as if it were ones)"]
    for axis, n in enumerate(u.shape):
        if n > 1:
            for index, which in ((0, "first"), (n - 1, "last")):
                one = np.zeros_like(u)
                one[(slice(None),) * axis + (index,)] = u[(slice(None),) * axis + (index,)]
                if close(got, jacobian @ one.ravel()):
                    return [f"only the {which} slice of axis {axis} of the result counts: the sum over a broadcast axis is missing"]
            if close(got, jacobian @ flat_u / n):
                return [f"the mean over axis {axis} of the result where its sum belongs"]
    return []


def _repeated(got, jacobian, flat_u, close):
    """Elements used several times, of which one use alone counts."""
    uses = np.abs(jacobian) > 1e-9
    if not (uses.sum(axis=1) > 1).any():
        return []
    columns = np.arange(flat_u.size)
    for which, pick in (("last", np.where(uses, columns, -1).max(axis=1)), ("first", np.where(uses, columns, columns.size).min(axis=1))):
        used = uses.any(axis=1)
        one = np.zeros_like(got)
        one[used] = jacobian[np.flatnonzero(used), pick[used]] * flat_u[pick[used]]
        if close(got, one):
            return [f"only the {which} use of each element counts: a repeated index overwrote instead of adding"]
    return []


def _gradient(f, xs, j, u):
    """The measured gradient of another argument."""
    from .gradients import slopes
    return np.array([u.ravel() @ slopes(f, xs, j, place)[0].ravel() for place in np.ndindex(xs[j].shape)])


def _masked(got, expected, close):
    """Right except where one of the two is 0."""
    zero, extra = (got == 0) & (expected != 0), (expected == 0) & (got != 0)
    rest = ~(zero | extra)
    if (zero | extra).any() and rest.any() and close(got[rest], expected[rest]):
        return ["right except where it is 0, or should be: a mask of other values (stale), or a condition with the wrong side"]
    return []
