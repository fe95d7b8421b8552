"""What mistake would explain a wrong gradient?  Each classic is a hypothesis: "then the result would be what we got".

A hypothesis is a function of the Evidence that yields words if it reproduces the wrong gradient exactly.  What stands
in brackets in the words depends on the case; the rest is the same for all cases with this mistake.
"""
import itertools
import math
from dataclasses import dataclass

import numpy as np

from ...engine.recording import grad_mode
from ...engine.tensor import Tensor
from .numerical import derivative


@dataclass
class Evidence:
    """A wrong gradient of argument k of f at xs, for cotangents us: got, expected, flat; jacobian[i, j] = dyⱼ/dxᵢ."""
    f: object
    xs: list
    us: list
    k: int
    got: np.ndarray
    expected: np.ndarray
    jacobian: np.ndarray

    @property
    def shape(self):
        return self.xs[self.k].shape

    @property
    def u(self):
        """The cotangent; flat if there are several results."""
        return self.us[0] if len(self.us) == 1 else np.concatenate([u.ravel() for u in self.us])

    def is_got(self, hypothesis):
        slack = 1e-6 * np.abs(self.expected).max(initial=0) + 1e-306
        return hypothesis.size == self.got.size and np.allclose(self.got, hypothesis.ravel(), rtol=1e-5, atol=slack)

    def is_gradient(self, hypothesis):
        """Is got made of a hypothetical array in the layout of the argument, transposed or not?"""
        return self.is_got(hypothesis) or hypothesis.ndim > 1 and self.is_got(hypothesis.T)


# -- hypotheses, the most specific first -----------------------------------------------------------------------------
def not_finite(e):
    if not np.isfinite(e.got).all():
        yield ("nan or infinity where the slope is finite: 0/0 or 0·∞ in the rule; where the condition is a where, "
               "make the branch that is not taken safe first")


def detached(e):
    if not e.got.any():
        yield ("detached: no gradient arrives (._data, np.asarray, .numpy() or .detach() on the way, or a rule that "
               "returns zeros)")


def sign(e):
    if e.is_got(-e.expected):
        yield "the sign is wrong"


def cotangent_ignored(e):
    if e.is_got(e.jacobian.sum(axis=1)):
        yield "the rule ignores its cotangent g, as if it were ones"


def wrong_argument(e):
    for j, x in enumerate(e.xs):
        if j != e.k and x.size == e.got.size and e.is_gradient(measured_gradient(e, j, e.xs)):
            yield f"this is the gradient of the wrong argument (of {e.f.arguments[j]})"


def transposed(e):
    """Axes exchanged, where the shape allows it; or a reshape, which reads the right numbers in the wrong order."""
    expected = e.expected.reshape(e.shape)
    for order in itertools.permutations(range(len(e.shape))):
        moved = expected.transpose(order)
        if e.is_got(moved) and not np.array_equal(moved.ravel(), e.expected):
            if moved.shape == e.shape:
                yield "transposed"
            yield "a reshape where a transpose belongs"
            return


def reversed_along(e):
    for axis, n in enumerate(e.shape):
        if n > 1 and e.is_got(np.flip(e.expected.reshape(e.shape), axis)):
            yield f"reversed (along axis {axis})"


def sum_missing(e):
    """The result repeats the argument along an axis, and one slice alone counts."""
    for axis, n in enumerate(e.u.shape):
        for which in ("first", "last") if n > 1 else ():
            slice_alone = np.zeros_like(e.u)
            index = (slice(None),) * axis + (0 if which == "first" else -1,)
            slice_alone[index] = e.u[index]
            if _repeats(e, axis) and e.is_got(e.jacobian @ slice_alone.ravel()):
                yield f"the sum over a broadcast axis is missing (only the {which} of axis {axis} of the result counts)"


def mean_for_sum(e):
    for axis, n in enumerate(e.u.shape):
        if n > 1 and _repeats(e, axis) and e.is_got(e.expected / n):
            yield f"a mean where a sum belongs (over axis {axis} of the result, of length {n})"


def _repeats(e, axis):
    """Does every element of the argument reach more than one place along this axis of the result?"""
    reached = np.abs(e.jacobian.reshape(-1, *e.u.shape)) > 1e-9
    along = tuple(a for a in range(1, reached.ndim) if a != axis + 1)
    return bool((reached.any(axis=along).sum(axis=1) > 1).all())


def overwritten(e):
    used = np.abs(e.jacobian) > 1e-9
    if not (used.sum(axis=1) > 1).any():
        return
    columns, rows = np.arange(e.u.size), np.arange(len(used))
    for which, pick in (("last", np.where(used, columns, -1).max(axis=1)),
                        ("first", np.where(used, columns, columns.size).min(axis=1) % columns.size)):
        if e.is_got(np.where(used.any(axis=1), e.jacobian[rows, pick] * e.u.ravel()[pick], 0)):
            yield f"a repeated index overwrote instead of adding (only the {which} use of an element counts)"


def factor(e):
    """A constant, or a constant times the argument, the result or another argument."""
    wanted = np.abs(e.expected) > 1e-9 * np.abs(e.expected).max(initial=0)
    if not wanted.any() or not e.got[wanted].all():
        return
    ratio = e.expected[wanted] / e.got[wanted]
    named = [*zip(e.f.arguments, e.xs), ("y", e.f.values(e.xs)[0])]
    forms = [(ratio, "{}")]
    for name, array in ((name, array.ravel()[wanted]) for name, array in named if array.shape == e.shape):
        forms += [(ratio / array, "{} " + name), (ratio * array, "{} / " + name)]
    for over, form in forms:
        constant = float(np.median(over))
        trivial = form == "{}" and abs(abs(constant) - 1) <= 1e-6
        if np.isfinite(constant) and np.allclose(over, constant, rtol=1e-5) and not trivial:
            words = f"the factor {form.format(_in_words(constant))} is missing"
            yield words.replace("factor 1 /", "divisor").replace("factor 1 ", "factor ")


def size_factor(e):
    """1/n forgotten, or too many: a sum for a mean, a mean for a sum."""
    sizes = {n: f"the length of axis {a} of {e.f.arguments[e.k]}" for a, n in enumerate(e.shape)}
    sizes |= {e.got.size: f"the number of elements of {e.f.arguments[e.k]}"}
    for n, what in sizes.items():
        if n > 1 and e.is_got(e.expected * n):
            yield f"the factor 1/n is missing, a sum where a mean belongs (n = {n}, {what})"
        if n > 1 and e.is_got(e.expected / n):
            yield f"a factor 1/n too many, a mean where a sum belongs (n = {n}, {what})"


CONSTANTS = {"ln 2": math.log(2), "ln 10": math.log(10), "π": math.pi, "π/180": math.pi / 180, "√2": math.sqrt(2)}


def _in_words(number):
    for text, value in CONSTANTS.items():
        for power, form in ((value, text), (1 / value, f"1/({text})")):
            if math.isclose(abs(number), power, rel_tol=1e-5):
                return "-" * (number < 0) + form
    whole = round(1 / number) if 1e-4 < abs(number) < 1 else 0
    return f"1/{whole}" if whole and math.isclose(1 / number, whole, rel_tol=1e-5) else f"{number:.5g}"


def taken_at_result(e):
    y = e.f.values(e.xs)[0]
    if len(e.xs) != 1 or y.shape != e.shape or np.allclose(e.f.values([y])[0], y):
        return                              # |x| of |x| is |x|: its slope at y says nothing
    if y.any() and e.is_got(measured_gradient(e, 0, [y])):
        yield "the derivative is taken at y where x belongs"


def mask(e):
    same = np.isclose(e.got, e.expected, rtol=1e-5, atol=1e-9 * np.abs(e.expected).max(initial=0))
    if same.any() and ((e.got == 0) | (e.expected == 0) | same).all():
        yield ("right except where it is 0, or should be: a stale mask, made from other values, or one with the wrong "
               "side")


def misplaced(e):
    if np.ptp(e.expected) and np.allclose(np.sort(e.got), np.sort(e.expected), rtol=1e-5):
        yield "the right numbers in the wrong places: a permutation, shift or order was not undone"


def rounded(e):
    if np.allclose(e.got, e.expected, rtol=3e-5, atol=1e-6 * np.abs(e.expected).max(initial=0)):
        yield "right to about 6 digits: the rule rounds to float32, or has a constant with few digits"


HYPOTHESES = (not_finite, detached, sign, cotangent_ignored, wrong_argument, transposed, reversed_along, sum_missing,
              mean_for_sum, overwritten, factor, size_factor, taken_at_result, mask, misplaced)


def diagnose(evidence):
    """Words for each mistake that reproduces the wrong gradient; the most specific first."""
    if evidence.f.depth:
        part = "part of the rule" if evidence.got.any() else "the rule"
        return [f"the first order is right, so {part} is detached: it takes values past the tape (._data, np.asarray, "
                "a saved array); or it is made of an operation that is itself wrong"]
    with np.errstate(all="ignore"):
        return list(rounded(evidence)) or [words for hypothesis in HYPOTHESES for words in hypothesis(evidence)]


def measured_gradient(e, j, xs):
    """Σ u dy/dx of argument j at xs, measured."""
    x = xs[j]
    gradient = np.empty(x.shape)
    for place in np.ndindex(x.shape):
        def phi(t, place=place):
            moved = np.array(x + 0 * t)         # complex where t is
            moved[place] += t
            return np.asarray(sum((u * y).sum() for u, y in zip(e.us, e.f.values([*xs[:j], moved, *xs[j + 1:]]))))
        gradient[place] = derivative(phi)[0]
    return gradient


# -- gradients that don't fit ----------------------------------------------------------------------------------------
def misshapen(f, xs, us):
    """Words for a rule of an op alone that returns the wrong shape."""
    with grad_mode(True):
        y = f.call([Tensor(x, requires_grad=True) for x in xs])[0]
    node = y.node
    if node is None or any(isinstance(x, Tensor) and x.node for x in node.inputs):
        return []
    params = {**node.params, **({"saved": node.saved} if node.op.saves else {})}
    rules = [node.op.vjp] if node.op.joint else [r for r in node.op.rules if r]
    words = []
    for i, rule in enumerate(rules):
        try:
            result = rule(us[0], y._data, *node.args, **params)
        except Exception:
            continue
        for n, g in enumerate(result if node.op.joint else [result]):
            k = n if node.op.joint else i
            words += _about_shape(np.shape(g), [np.shape(x) for x in node.args], k)
    return words


def _about_shape(got, shapes, k):
    wanted = shapes[k]
    if got == wanted or len(got) >= len(wanted) and all(a in (b, 1) for a, b in zip(wanted[::-1], got[::-1])):
        return []                           # as it should be, or the engine sums it
    if got == wanted[::-1]:
        return [f"transposed: shape {got} for an argument of shape {wanted}"]
    missing = [a for a in range(len(got)) if got[:a] + got[a + 1:] == wanted]
    if missing:
        return [f"the sum over an axis is missing: axis {missing[0]} of {got} for an argument of shape {wanted}"]
    if got in shapes:
        return [f"the shape is that of the wrong argument: {got}, not {wanted}"]
    return []
