"""What mistake would explain a wrong gradient?  Each classic is a hypothesis: "then the result would be what we got".

A hypothesis is a function of the Evidence that yields words if it reproduces the wrong gradient exactly.  What stands
in brackets at the end of the words depends on the case; the rest is the same for all cases with this mistake.
"""
import itertools
import math
from dataclasses import dataclass

import numpy as np

from ...engine.recording import grad_mode
from ...engine.tensor import Tensor
from .formulas import formula, number_in_words
from .functions import raw_shapes
from .numerical import derivative, displaced


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

    @property
    def parts(self):
        """How long each of several results is in the cotangent."""
        return [u.size for u in self.us] if len(self.us) > 1 else getattr(self.f.op, "sizes", [])

    @property
    def elementwise(self):
        """Does each element of the argument alone make one of the result?"""
        aside = self.jacobian - np.diag(np.diag(self.jacobian)) if self.u.shape == self.shape else np.ones(1)
        return not aside.any()

    @property
    def alike(self):
        """The arguments and the result, by name and flat, of the shape of this argument."""
        named = [*zip(self.f.arguments, self.xs), ("y", self.f.values(self.xs)[0])]
        return {name: array.ravel() for name, array in named if array.shape == self.shape}

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


def result_forgotten(e):
    ends = np.cumsum(e.parts)
    for n, (size, end) in enumerate(zip(e.parts, ends)) if len(ends) > 1 else ():
        others = e.u.ravel().copy()
        others[end - size:end] = 0
        if e.is_got(e.jacobian @ others):
            yield f"the gradient of result [{n}] is missing (of {len(ends)})"


def shape_of_the_rule(e):
    """The engine sums what a rule returns to the shape of its argument, also what was never stretched."""
    if e.f.op and not e.f.depth:
        y = recorded(e.f, e.xs)
        shape = dict(zip(e.f.arguments, raw_shapes(y)))[e.f.arguments[e.k]] if y.node else None
        batch = any(len(x.shape) >= len(shape) for j, x in enumerate(e.xs) if j != e.k) if shape else False
        if shape is not None and shape not in (e.shape, y.shape) and len(shape) > len(y.shape) and not batch:
            yield (f"the rule returns too many axes (shape {shape} for an argument of shape {e.shape} and a result of "
                   f"shape {y.shape}: the engine sums them)")


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


def summed_over_the_wrong_axis(e):
    """Each place of the result holds one element of a vector, spread along the other axes."""
    if len(e.shape) != 1 or e.u.ndim < 2:
        return
    terms = (e.jacobian.sum(axis=0) * e.u.ravel()).reshape(e.u.shape)
    sums = {a: terms.sum(axis=tuple(b for b in range(e.u.ndim) if b != a)) for a in range(e.u.ndim)}
    right = [a for a, total in sums.items() if total.shape == e.shape and np.allclose(total, e.expected)]
    for axis, total in sums.items() if right else ():
        if axis not in right and e.is_got(total):
            yield (f"the sum is over the wrong axes (it leaves axis {axis} of the result, where axis {right[0]} holds "
                   f"{e.f.arguments[e.k]})")


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


def uses_left_out(e):
    """Of the places of the result that an element reaches some count, and others do not."""
    terms, left_out = e.jacobian * e.u.ravel(), set()
    for row, got, right in zip(terms, e.got, e.expected):
        places = np.flatnonzero(np.abs(row) > 1e-9)
        if abs(got - right) > 1e-6 * np.abs(row).sum():
            if not 1 < len(places) <= 8:
                return
            chosen = np.array([*itertools.product((False, True), repeat=len(places))])[1:]
            fits = np.abs(chosen @ row[places] - got) <= 1e-6 * np.abs(row).sum()
            if not fits.any():
                return
            left_out |= set(places[~chosen[np.argmax(fits)]].tolist())
    if left_out:
        yield f"some uses of an element do not count (those in the flat result at {sorted(left_out)[:4]}, ...)"


def factor(e):
    """A constant, or a constant times the argument, the result or another argument."""
    wanted = np.abs(e.expected) > 1e-9 * np.abs(e.expected).max(initial=0)
    if not wanted.any() or not e.got[wanted].all():
        return
    ratio = e.expected[wanted] / e.got[wanted]
    forms = [(ratio, "{}")]
    for name, array in ((name, array[wanted]) for name, array in e.alike.items()):
        forms += [(ratio / array, "{} " + name), (ratio * array, "{} / " + name)]
    for over, form in forms:
        constant = float(np.median(over))
        trivial = form == "{}" and abs(abs(constant) - 1) <= 1e-6
        if np.isfinite(constant) and np.allclose(over, constant, rtol=1e-5) and not trivial:
            words = f"the factor {form.format(number_in_words(constant))} is missing"
            yield words.replace("factor 1 /", "divisor").replace("factor 1 ", "factor ")
            for name, value in e.f.params.items() if form == "{}" else ():
                if isinstance(value, (int, float)) and abs(value) not in (0, 1):
                    for power, what in ((value, "factor"), (1 / value, "divisor")):
                        if math.isclose(constant, power, rel_tol=1e-5):
                            yield f"the {what} {name} is missing"


def size_factor(e):
    """1/n forgotten, or too many: a sum for a mean, a mean for a sum."""
    if e.elementwise:
        return
    sizes = {n: f"the length of axis {a} of {e.f.arguments[e.k]}" for a, n in enumerate(e.shape)}
    sizes |= {e.got.size: f"the number of elements of {e.f.arguments[e.k]}"}
    for n, what in sizes.items():
        if n > 1 and e.is_got(e.expected * n):
            yield f"the factor 1/n is missing, a sum where a mean belongs (n = {n}, {what})"
        if n > 1 and e.is_got(e.expected / n):
            yield f"a factor 1/n too many, a mean where a sum belongs (n = {n}, {what})"
        if n > 1 and e.is_got(e.expected * (n - 1) / n):
            yield f"a divisor n where n - 1 belongs (n = {n}, {what})"
        if n > 1 and e.is_got(e.expected * n / (n - 1)):
            yield f"a divisor n - 1 where n belongs (n = {n}, {what})"


def taken_elsewhere(e):
    """The right derivative, of another point; where f(y) = y, as for |x|, y says nothing."""
    def fits(*there):
        return there[0].any() and e.is_got(measured_gradient(e, e.k, there))
    x, y = e.xs[0], e.f.values(e.xs)[0]
    if len(e.xs) == 1 and not fits(0.7 * x) and not e.is_got(-e.expected):     # else it is the same at many places
        fixed = y.shape == e.shape and np.allclose(e.f.values([y])[0], y)
        for there, what in [(-x, "-x")] + [(y, "y")] * (y.shape == e.shape and not fixed):
            if fits(there):
                yield f"the derivative is taken at {what} where x belongs"
    for j, x in enumerate(e.xs):
        if x.ndim > 1 and x.shape[-1] == x.shape[-2]:
            turned = [v.swapaxes(-1, -2) if i == j else v for i, v in enumerate(e.xs)]
            if fits(*turned):
                yield f"{e.f.arguments[j]} where its transpose belongs, or the other way round"


def shifted(e):
    for axis, n in enumerate(e.u.shape):
        for by in (k for k in (1, -1, 2, -2) if abs(k) < n - 1):
            if e.is_got(e.jacobian @ np.roll(e.u, by, axis).ravel()):
                yield (f"shifted by {abs(by)} along an axis: a roll, slice or pad was not undone as it was made "
                       f"(axis {axis} of the result)")
                return


def term_missing(e):
    """What is missing is g times a simple form, or, row by row, a number times y, x or 1."""
    missing = (e.expected - e.got).reshape(e.shape)
    if e.elementwise:
        if form := formula(missing.ravel() / e.u.ravel(), e.alike):
            yield f"a term is missing: g times `{form}`"
    elif e.u.shape == e.shape:
        for axis, n in enumerate(e.shape):
            for name, array in ({"1": np.ones(e.shape)} | e.alike).items() if n > 2 else ():
                along = missing / array.reshape(e.shape)
                mean = along.mean(axis, keepdims=True)
                if np.isfinite(along).all() and np.allclose(along, mean, rtol=1e-5, atol=1e-9):
                    yield (f"a term is missing: {name} times a number for each row, as where a mean, norm or sum "
                           f"counts as fixed (along axis {axis})")
                    return


def slope_is(e):
    """The slope is a simple form of the inputs and the result: say which, and which the rule has."""
    if e.elementwise and (form := formula(e.expected / e.u.ravel(), e.alike)):
        found = formula(e.got / e.u.ravel(), e.alike)
        yield f"the slope is `{form}`" + (f"; the rule has `{found}`" if found else "")


def mask(e):
    same = np.isclose(e.got, e.expected, rtol=1e-5, atol=1e-9 * np.abs(e.expected).max(initial=0))
    if same.any() and ((e.got == 0) | (e.expected == 0) | same).all():
        yield ("right except where it is 0, or should be: a stale mask, made from other values, or one with the wrong "
               "side")


def where_wrong(e):
    """Right but where an input or the result is negative, say."""
    wrong = ~np.isclose(e.got, e.expected, rtol=1e-5, atol=1e-9 * np.abs(e.expected).max(initial=0))
    if not 2 <= wrong.sum() <= wrong.size - 2:
        return
    many = math.comb(wrong.size, int(wrong.sum())) > 60         # of few elements anything can be said
    for name, x in e.alike.items():
        for where, what in ((x < 0, "< 0"), (x > 0, "> 0"), (x == 0, "= 0")):
            if np.array_equal(where, wrong):
                yield f"right but where {name} {what}"
                return
        for where, what in ((wrong, "large"), (~wrong, "small")) if many else ():
            border = np.abs(x[~where]).max(), np.abs(x[where]).min()
            if border[0] < border[1]:
                yield f"right but where |{name}| is {what} (the border is between {border[0]:.3g} and {border[1]:.3g})"
                return


def misplaced(e):
    if np.ptp(e.expected) and np.allclose(np.sort(e.got), np.sort(e.expected), rtol=1e-5):
        yield "the right numbers in the wrong places: a permutation, shift or order was not undone"


def rounded(e):
    if np.allclose(e.got, e.expected, rtol=3e-5, atol=1e-6 * np.abs(e.expected).max(initial=0)):
        yield "right to about 6 digits: the rule rounds to float32, or has a constant with few digits"


HYPOTHESES = (shape_of_the_rule, detached, result_forgotten, sign, cotangent_ignored, wrong_argument,
              transposed, reversed_along, shifted, sum_missing, summed_over_the_wrong_axis, mean_for_sum, overwritten,
              factor, size_factor, taken_elsewhere, mask, where_wrong, misplaced)


def diagnose(evidence):
    """Words for each mistake that reproduces the wrong gradient; the most specific first."""
    if evidence.f.depth and np.isfinite(evidence.got).all():
        part = "part of the rule" if evidence.got.any() else "the rule"
        return [f"the first order is right, so {part} is detached: it takes values past the tape (._data, np.asarray, "
                "a saved array); or it is made of an operation that is itself wrong"]
    with np.errstate(all="ignore"):
        for alternatives in (rounded,), (not_finite,), HYPOTHESES, (uses_left_out,), (term_missing,), (slope_is,):
            if words := [w for hypothesis in alternatives for w in hypothesis(evidence)]:
                return words
    return []


def measured_gradient(e, j, xs):
    """Σ u dy/dx of argument j at xs, measured."""
    x = xs[j]
    gradient = np.empty(x.shape)
    for place in np.ndindex(x.shape):
        unit = np.zeros(x.shape)
        unit[place] = 1.0

        def phi(t, unit=unit):
            ys = e.f.values([*xs[:j], displaced(x, t * unit), *xs[j + 1:]])
            return np.asarray(sum((u * y).sum() for u, y in zip(e.us, ys)))
        slope, doubt = derivative(phi)
        gradient[place] = slope if doubt <= 1e-4 * abs(slope) + 1e-6 else np.nan       # at a jump, say
    return gradient


# -- gradients that don't fit ----------------------------------------------------------------------------------------
def misshapen(f, xs):
    """Words for a rule of an op alone that returns the wrong shape."""
    y = recorded(f, xs)
    if y.node is None or any(isinstance(x, Tensor) and x.node for x in y.node.inputs):
        return []
    shapes = [np.shape(x) for x in y.node.args]
    return [w for k, got in enumerate(raw_shapes(y)) if got is not None for w in _about_shape(got, shapes, k)]


def recorded(f, xs):
    with grad_mode(True):
        return f.call([Tensor(x, requires_grad=True) for x in xs])[0]


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
