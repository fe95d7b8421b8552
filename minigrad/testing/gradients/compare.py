"""Is a gradient right?  Compare it with slopes measured in double precision; if it is wrong, say of what and why.

A gradient of an array-valued f is checked through L(x) = Σ u f(x) with a *random* cotangent u: with ones, a rule that
hands slopes to the wrong places can still give the right sum.  Along a random direction v, dL is measured once and must
be gradient · v; only where it isn't are slopes measured element by element, to show where, and to recognise the mistake
(diagnosis.py).

A gradient is itself a function of (x, u), so the second order is the same check again, applied to that function.
"""
from dataclasses import dataclass, field

import numpy as np

from ...engine.tensor import Tensor, grad_mode, tape_of
from .explain import Evidence, diagnose, misshapen
from .functions import of_arrays
from .numerical import complex_step, derivative, kink

EVERY = 128         # so many elements are measured one by one; among more, the wrong ones are first found by halving
CLEAR = 1e-6        # a slope that is uncertain by more than this part of its size is no evidence
ROUNDING = 1e-15    # of what cancels inside f, relative to the step in x: it can't be seen from outside
VISIBLE = 1e9       # an error is relative to the slope, or to so many times its rounding if that is more


@dataclass
class Report:
    """What a check found.

    worst   the largest relative error; where a gradient is 0, or next to it, relative to what the values of f can show
    slopes  how many were measured
    kinks   where f has no slope
    """
    worst: float = 0.0
    slopes: int = 0
    kinks: list = field(default_factory=list)

    def add(self, other):
        self.worst, self.slopes = max(self.worst, other.worst), self.slopes + other.slopes
        self.kinks += other.kinks


class GradientError(AssertionError):
    """A gradient is wrong: of which function and argument, where, by how much; `words` for what may be the mistake."""

    def __init__(self, text, function, argument=None, index=None, got=None, expected=None, words=(), seed=None):
        super().__init__(text)
        self.function, self.argument, self.index, self.got, self.expected = function, argument, index, got, expected
        self.words, self.seed = list(words), seed

    @property
    def ratio(self):
        return self.got / self.expected if self.expected else np.nan

    def __str__(self):
        likely = "".join(f"\n  likely: {w}" for w in self.words[:3])
        return self.args[0] + likely + (f"\n  (random cotangent, seed={self.seed})" if self.seed is not None else "")


def check_gradients(f, *inputs, order=2, rtol=1e-9, seed=0, params=None, explain=True):
    """Check the gradients of f at the inputs, up to an order; a Report, or GradientError.

    f           a function made of minigrad's operations (an op, a layer, a loss); it returns a tensor or a tree of them
    inputs      arrays, tensors, numbers or trees of them; floating-point ones are differentiated, in float64 whatever
                they were, others (indices, masks) are passed as they are
    order       1: gradients; 2: also the gradients of the gradients, and so on
    rtol        relative to the size of the gradient; what measuring is unsure of is added to it
    seed        of the cotangents and directions; it is part of the message of a failure
    params      what else f takes, by name
    explain     find the wrong operation and the likely mistake; False: only say that something is wrong, faster

        mg.testing.check_gradients(lambda a, b: mg.tanh(a @ b), np.ones((2, 3)), np.ones((3, 4)))

    Where f has a kink there, the gradient must lie between the slopes on its two sides; kinks are listed in the Report.
    TypeError where f can't be checked: it returns no tensor, or rounds to float32.
    """
    f, xs = of_arrays(f, inputs, params or {})
    if not xs:
        raise TypeError(f"check_gradients: no input of {f.name} is floating-point: nothing to differentiate")
    with np.errstate(all="ignore"):
        return _Check(f, xs, rtol, seed, explain=explain).up_to(order)


class _Check:
    """The check of one function at one point: f at xs, its values ys with random cotangents us; backward says got."""

    def __init__(self, f, xs, rtol, seed, rng=None, explain=True):
        self.f, self.xs, self.rtol, self.seed, self.explain = f, xs, rtol, seed, explain
        self.rng = rng or np.random.default_rng(seed)
        self.ys = f.values(xs)
        for y in self.ys:
            if not np.isfinite(y).all():
                raise ValueError(f"check_gradients: {f.name} is not finite at these inputs ({(~np.isfinite(y)).sum()} "
                                 f"of {y.size} elements): choose them inside its domain")
        if any((a != b).any() for a, b in zip(self.ys, f.values(xs))):
            raise ValueError(f"check_gradients: {f.name} gives two values at the same inputs; if it draws random "
                             "numbers, as dropout does, fix them inside it, with mg.seed")
        self.us = [self.rng.standard_normal(y.shape) for y in self.ys]
        self.u = np.concatenate([u.ravel() for u in self.us])
        self.total = sum(np.abs(u * y).sum() for u, y in zip(self.us, self.ys))     # the terms of what is measured
        self.report, self.got = Report(), None

    def up_to(self, order):
        f, xs = self.f, self.xs
        try:
            self.got = [np.asarray(g) for g in self.or_explain(lambda: f.gradients(xs, self.us))]
            for k in range(len(xs)):
                self.argument(k)
            if order > 1 and all(np.isfinite(g).all() for g in self.got):
                self.recorded()
                of_gradients = _Check(f.pullback(), [*xs, *self.us], self.rtol, self.seed, self.rng, self.explain)
                self.report.add(of_gradients.up_to(order - 1))
        except GradientError as error:
            if f.op or f.depth or not self.explain:
                raise
            culprit = _culprit(f, xs, order, self.rtol, self.seed)
            if culprit is None:             # no operation that was recorded is wrong, so something was not recorded
                error.words.insert(0, "each operation on the tape is right by itself: part of the computation is not "
                                      "on it (.numpy(), np.asarray, .data, .detach())")
            raise culprit or error from None
        return self.report

    # -- one slope along a random direction tells whether a gradient is right ----------------------------------------
    def argument(self, k):
        self.report.slopes += 1
        x = self.xs[k]
        if x.size and self.u.size:
            direction = self.rng.choice([-1, 1], x.shape) * self.rng.uniform(0.5, 1.5, x.shape)
            said, measured, allowed, scale = self.along(k, direction)
            if not abs(said - measured) <= allowed:
                self.look_closer(k, self.suspects(k, direction))
            elif scale:
                self.report.worst = max(self.report.worst, float(abs(said - measured) / scale))

    def along(self, k, direction):
        """(gradient · v, the measured slope along v, by how much they may differ, what a difference is relative to).

        v is in the scales of x, which are tried until gradient and slope agree: by chance they hardly would.
        """
        least = None
        for scale in _scales(self.xs[k]):
            v = direction * scale
            terms = (self.got[k] * v)[v != 0]
            said, size = terms.sum(), np.abs(terms).sum()
            measured, doubt = self.measured(k, v)
            size = max(size, abs(measured)) if np.isfinite(size) else abs(measured)
            lost = ROUNDING * np.abs(v).max() * np.abs(self.u).sum()
            clear = doubt <= CLEAR * size + 1e3 * lost + self.negligible
            allowed = self.rtol * size + 20 * doubt + lost if clear else -1.0
            if least is None or doubt / (abs(measured) + 1e-300) < least or abs(said - measured) <= allowed:
                scale = size + VISIBLE * (lost + ROUNDING * self.total)
                least, found = doubt / (abs(measured) + 1e-300), (said, measured, allowed, scale)
            if abs(said - measured) <= allowed:
                break
        return found

    @property
    def negligible(self):
        """A slope lost in the rounding of what it is measured by."""
        return 1e-9 * self.total

    def measured(self, k, v):
        """(the derivative of Σ u f(x + t v) at t = 0, its uncertainty)."""
        def phi(t):
            ys = self.moved(k, t * v)
            return np.asarray(sum((u * y).sum() for u, y in zip(self.us, ys)))
        exact = complex_step(phi)           # to be trusted only if differences say the same, less precisely
        if exact is not None:
            slope, doubt = derivative(phi, enough=1e-5)
            if abs(exact - slope) <= 10 * doubt + 1e-9 * abs(exact) and doubt <= 1e-3 * abs(slope) + self.negligible:
                return exact, 1e-13 * abs(exact)
        return derivative(phi)

    def moved(self, k, step):
        """The values of f with argument k moved."""
        return self.f.values([*self.xs[:k], self.xs[k] + step, *self.xs[k + 1:]])

    # -- where it is wrong -------------------------------------------------------------------------------------------
    def suspects(self, k, direction):
        """The flat indices of at most EVERY elements among which the gradient is wrong, found by halving."""
        shape, chosen = direction.shape, np.arange(direction.size)
        while chosen.size > EVERY:
            halves, excess = np.array_split(chosen, 2), []
            for half in halves:
                part = np.zeros(direction.size)
                part[half] = direction.ravel()[half]
                said, measured, allowed, _ = self.along(k, part.reshape(shape))
                excess.append(abs(said - measured) - allowed if np.isfinite(said) and np.isfinite(measured) else np.inf)
            chosen = halves[int(np.argmax(excess))]
        return chosen

    def look_closer(self, k, chosen):
        """Measure dy/dx element by element; GradientError unless only kinks stood in the way."""
        f, u = self.f, self.u
        name = f"the gradient of {f.name}" if f.depth else f.name
        self.report.slopes += len(chosen)
        wrong, unsure, rows = [], None, []
        for i in chosen:
            row, doubt, phi = self.row(k, i)
            rows.append(row)
            said, expected, size = self.got[k].flat[i], row @ u, np.abs(row) @ np.abs(u)
            doubt, lost = np.abs(u) @ doubt, ROUNDING * np.abs(u).sum()
            clear = doubt <= CLEAR * size + 1e3 * lost + 1e-9 * np.abs(u) @ np.abs(phi(0.0))
            if clear and abs(said - expected) <= 10 * self.rtol * max(size, abs(said)) + 20 * doubt + lost:
                continue
            left, right, differ = kink(phi)
            if differ.any() and not np.isnan(said):
                self.report.kinks.append(f"{name} has no slope at {self.place(k, i)}, but {left @ u:.6g} on its left "
                                         f"and {right @ u:.6g} on its right; the rule says {said:.6g}")
                if _between(said, left * u, right * u, 1e-3 * size):
                    continue
            elif not clear and np.isfinite(said):
                unsure = i
                continue
            wrong.append(len(rows) - 1)
            if not self.explain:
                break
        if wrong:
            raise self.error(k, chosen[:len(rows)], np.array(rows).reshape(len(rows), u.size), wrong)
        if unsure is not None:
            raise ValueError(f"check_gradients: the slope of {name} at {self.place(k, unsure)} can't be measured: "
                             "differences scatter (noise, or very fast oscillation); choose other inputs")

    def place(self, k, i):
        return f"{self.f.arguments[k]}{_index(self.xs[k], i)} = {self.xs[k].flat[i]:.6g}"

    def row(self, k, i):
        """(dy/dx for one element of argument k and all of y, its uncertainty, the function that was measured)."""
        least = None
        for scale in _scales(self.xs[k]):
            unit = np.zeros(self.xs[k].shape)
            unit.flat[i] = scale.flat[i]

            def phi(t, unit=unit, step=scale.flat[i]):
                return np.concatenate([y.ravel() for y in self.moved(k, t * unit)]) / step
            slope, doubt = derivative(phi)
            unclear = doubt.max(initial=0) / max(np.abs(slope).max(initial=0), 1e-300)
            if least is None or unclear < least:
                least, found = unclear, (slope, doubt, phi)
            if unclear <= 1e-8:
                break
        return found

    def error(self, k, chosen, jacobian, wrong):
        f, shape = self.f, self.xs[k].shape
        got, expected = self.got[k].ravel()[chosen], jacobian @ self.u
        off = np.abs(got - expected)[wrong]
        worst = wrong[int(np.argmax(np.where(np.isfinite(off), off, np.inf)))]
        whole = self.explain and len(chosen) == self.xs[k].size
        words = diagnose(Evidence(f, self.xs, self.us, k, got, expected, jacobian)) if whole else []
        index = _index(self.xs[k], chosen[worst])
        ratio = f", ratio {got[worst] / expected[worst]:.6g}" if expected[worst] and np.isfinite(got[worst]) else ""
        lines = [f"{f.derivative_in(k)}, shape {shape}, is wrong in {len(wrong)} of {len(chosen)} elements",
                 f"  worst at {index}: got {got[worst]:.8g}, expected {expected[worst]:.8g}{ratio}",
                 *(f"  {text}" for text in self.report.kinks[:1])]
        return GradientError("\n".join(lines), f.name, f.arguments[k], tuple(index), float(got[worst]),
                             float(expected[worst]), words, self.seed)

    # -- other ways to be wrong --------------------------------------------------------------------------------------
    def recorded(self):
        """What backward records, to be differentiated again, must have the values that it computes."""
        recorded = self.or_explain(lambda: self.f.gradients(self.xs, self.us, create_graph=True))
        for k, (g, h) in enumerate(zip(self.got, recorded)):
            h = h._data if isinstance(h, Tensor) else h
            if not np.allclose(g, h, rtol=1e-9, atol=1e-9 * np.abs(g[np.isfinite(g)]).max(initial=1e-3)):
                i = int(np.argmax(np.where(np.isfinite(h), np.abs(g - h), np.inf)))
                index = _index(g, i)
                raise GradientError(
                    f"{self.f.derivative_in(k)} depends on how it is computed: at {index} {g.flat[i]:.8g} from arrays, "
                    f"but {h.flat[i]:.8g} where backward is recorded (create_graph)",
                    self.f.name, self.f.arguments[k], tuple(index), float(h.flat[i]), float(g.flat[i]),
                    ["the rule computes something else from tensors than from arrays"], self.seed)

    def or_explain(self, gradients):
        """The gradients; or, where the vjp raises, that as a GradientError."""
        try:
            return gradients()
        except Exception as error:
            text = f"{self.f.name}: its vjp raises {type(error).__name__}: {error}"
            raise GradientError(text, self.f.name, words=misshapen(self.f, self.xs, self.us)) from error


def _scales(x):
    """How far each element may move: as it is large; or as the array is, if that is lost in rounding; or by 1."""
    magnitude = np.abs(x)
    overall = float(np.sqrt(np.mean(magnitude ** 2))) or 1.0
    return np.where(magnitude > 0, magnitude, overall), np.maximum(magnitude, overall), np.ones(x.shape)


def _between(said, left, right, slack):
    """May a rule say this at a kink?  Whatever lies between the slopes, or anything where one side has none."""
    if np.isinf([left, right]).any() or np.isnan([left, right]).any():
        return True
    return np.minimum(left, right).sum() - slack <= said <= np.maximum(left, right).sum() + slack


def _index(x, i):
    return list(map(int, np.unravel_index(i, x.shape)))


def _culprit(f, xs, order, rtol, seed):
    """Which operation is wrong, if f is made of several: each on its tape is checked alone, at the values it had."""
    with grad_mode(True):
        ys = f.call([Tensor(x, requires_grad=True) for x in xs])
    tape = {t: None for y in ys if y.requires_grad for t in tape_of(y) if t.node}
    for t in tape:
        node = t.node
        real = [isinstance(x, Tensor) and x.requires_grad for x in node.inputs]
        alone, inputs = of_arrays(node.op, node.args, node.params, real)
        try:
            _Check(alone, inputs, rtol, seed).up_to(order)
        except GradientError as error:
            return error
        except (ValueError, TypeError):
            continue                        # a pole, say: not this one
    return None
