"""Is a gradient right?  Compare it with slopes measured in double precision; if it is wrong, say of what and why.

A gradient of an array-valued f is checked through L(x) = Σ u f(x) with a *random* cotangent u: with ones, a rule that
hands slopes to the wrong places can still give the right sum.  Along a random direction v, dL is measured once and must
be gradient · v; only where it isn't are slopes measured element by element, to show where, and to recognise the mistake
(explain.py).  Before a gradient is called wrong, the rounding inside f and inside the rule is measured too: where it
could explain the difference, the answer is CannotTell, with the reason.

A gradient is itself a function of (x, u), so the second order is the same check again, applied to that function.
"""
from dataclasses import dataclass, field

import numpy as np

from ...engine.recording import grad_mode
from ...engine.tensor import Tensor, tape_of
from ...support.explaining import explained
from .explain import Evidence, diagnose, misshapen
from .functions import of_arrays
from .numerical import between, complex_step, confirmed, derivative, displaced, jumps, noise, scales, sides, steps

ONE_BY_ONE = 128    # so many elements are measured one by one; among more, the wrong ones are first found by halving
UNCERTAIN = 1e-6    # a slope that is uncertain by more than this part of its size is no evidence
ROUNDING = 1e-15    # of what cancels inside f, relative to the step in x: it can't be seen from outside
RELATIVE_TO = 1e9   # an error is relative to the slope, or to so many times its rounding if that is more


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


class CannotTell(ValueError):
    """Whether a gradient is right can't be measured at these inputs; the message says why."""


class GradientError(AssertionError):
    """A gradient is wrong: of which function and argument, where, by how much; `words` for what may be the mistake."""

    def __init__(self, text, function, argument=None, index=None, got=None, expected=None, words=(), seed=None):
        super().__init__(text)
        self.function, self.argument, self.index, self.got, self.expected = function, argument, index, got, expected
        self.words, self.seed, self.order = list(words), seed, 0

    @property
    def ratio(self):
        return self.got / self.expected if self.expected else np.nan

    def __str__(self):
        likely = "".join(f"\n  likely: {w}" for w in self.words[:3])
        return self.args[0] + likely + (f"\n  (random cotangent, seed={self.seed})" if self.seed is not None else "")


@explained
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
    __tracebackhide__ = True                # pytest's word for: show the line that called
    f, xs = of_arrays(f, inputs, params or {})
    if not xs:
        raise TypeError(f"check_gradients: no input of {f.name} is floating-point: nothing to differentiate")
    with np.errstate(all="ignore"):
        try:
            return _Check(f, xs, rtol, seed, explain=explain).up_to(order)
        except (GradientError, CannotTell) as error:
            raise error.with_traceback(None) from error.__cause__       # where it was raised tells nobody anything


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
            error.order = error.order or f.depth + 1
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
            by_rule, slope, allowed, scale = self.along(k, direction)
            if not abs(by_rule - slope) <= allowed:
                self.look_closer(k, self.suspects(k, direction))
            elif scale:
                self.report.worst = max(self.report.worst, float(abs(by_rule - slope) / scale))

    def along(self, k, direction):
        """(gradient · v, the measured slope along v, by how much they may differ, what a difference is relative to).

        v is in the scales of x, which are tried until gradient and slope agree: by chance they hardly would.
        """
        least = None
        for scale in scales(self.xs[k]):
            v = direction * scale
            terms = (self.got[k] * v)[v != 0]
            by_rule, size = terms.sum(), np.abs(terms).sum()
            lost = ROUNDING * np.abs(v).max() * np.abs(self.u).sum()
            slope, doubt = self.measured(k, v, lost)
            size = max(size, abs(slope)) if np.isfinite(size) else abs(slope)
            clear = doubt <= UNCERTAIN * size + 1e3 * lost + self.negligible
            allowed = self.rtol * size + 20 * doubt + lost if clear else -1.0
            if least is None or doubt / (abs(slope) + 1e-300) < least or abs(by_rule - slope) <= allowed:
                scale = size + RELATIVE_TO * (lost + ROUNDING * self.total)
                least, found = doubt / (abs(slope) + 1e-300), (by_rule, slope, allowed, scale)
            if abs(by_rule - slope) <= allowed:
                break
        return found

    @property
    def negligible(self):
        """A slope lost in the rounding of what it is measured by."""
        return 1e-9 * self.total

    def measured(self, k, v, lost):
        """(the derivative of Σ u f(x + t v) at t = 0, its uncertainty)."""
        def phi(t):
            return np.asarray(sum((u * y).sum() for u, y in zip(self.us, self.moved(k, t, v))))
        exact = complex_step(phi)
        if exact is not None and confirmed(phi, exact, self.negligible):
            return exact, 1e-13 * abs(exact)
        return derivative(phi, noise=ROUNDING * self.total / 8, lost=lost)

    def moved(self, k, t, v):
        """The values of f with argument k moved by t v; where t is complex, all arguments are."""
        if not t:
            return self.ys
        moved = displaced(self.xs[k], t * v)
        return self.f.values([moved if j == k else x.astype(moved.dtype, copy=False) for j, x in enumerate(self.xs)])

    # -- where it is wrong -------------------------------------------------------------------------------------------
    def suspects(self, k, direction):
        """The flat indices of at most ONE_BY_ONE elements among which the gradient is wrong, found by halving."""
        shape, chosen = direction.shape, np.arange(direction.size)
        while chosen.size > ONE_BY_ONE:
            halves, excess = np.array_split(chosen, 2), []
            for half in halves:
                part = np.zeros(direction.size)
                part[half] = direction.ravel()[half]
                by_rule, slope, allowed, _ = self.along(k, part.reshape(shape))
                off = abs(by_rule - slope) - allowed
                excess.append(off if np.isfinite(off) else np.inf)
            chosen = halves[int(np.argmax(excess))]
        return chosen

    def look_closer(self, k, chosen):
        """Measure dy/dx element by element; GradientError unless kinks or rounding alone stood in the way."""
        self.report.slopes += len(chosen)
        wrong, rows, reasons = [], [], []
        for i in chosen:
            row, verdict = self.look_at(k, i)
            rows.append(row)
            if verdict == "wrong":
                wrong.append(len(rows) - 1)
                if not self.explain:
                    break
            elif verdict:
                reasons.append(verdict)
        if reasons:                         # next to elements of which nothing can be told, believe what is plain alone
            off = np.abs(self.got[k].ravel()[chosen[:len(rows)]] - np.array(rows) @ self.u)
            wrong = [n for n in wrong if not off[n] <= 1e-3 * np.abs(rows[n]) @ np.abs(self.u)]
        if wrong:
            raise self.error(k, chosen[:len(rows)], np.array(rows).reshape(len(rows), self.u.size), wrong)
        if reasons:
            raise CannotTell(f"check_gradients: {reasons[0]}; choose other inputs")

    def look_at(self, k, i):
        """(dy/dx of one element, "" if the gradient is right there, "wrong", or why that can't be told)."""
        row, doubt, phi = self.row(k, i)
        right, clear = self.fits(k, i, row, doubt, phi)
        if right:
            return row, ""
        left, right, unsure, differ = sides(phi)
        got, size = self.got[k].flat[i], np.abs(row) @ np.abs(self.u)
        if differ.any() and (not np.isnan(got) or steps(phi)):      # at a step nan is as good as any number
            self.report.kinks.append(
                f"{self.name} has no slope at {self.place(k, i)}, but {left @ self.u:.6g} on its left and "
                f"{right @ self.u:.6g} on its right; the rule says {got:.6g}")
            fair = np.isnan(got) or between(got, left * self.u, right * self.u, 1e-3 * size) or \
                self.is_a_slope_nearby(k, i, got, 1e-3 * size)
            return row, "" if fair else "wrong"
        if not clear:                       # where a higher derivative jumps, each side by itself is smooth
            middle, apart = (left + right) / 2, np.abs(left - right) + unsure
            row, doubt = np.where(apart < doubt, middle, row), np.minimum(apart, doubt)
            right, clear = self.fits(k, i, row, doubt, phi, 1e-4)
            if right:
                return row, ""
        return row, self.excuse(k, i, row, phi, clear) or "wrong"

    def is_a_slope_nearby(self, k, i, got, slack):
        """Does f have slopes around a kink between which this lies?  Where three elements are equal, say, the slopes on
        both sides of one of them are not all."""
        scale, unit, found = scales(self.xs[k])[1], np.zeros(self.xs[k].shape), []
        unit.flat[i] = step = 1e-7 * scale.flat[i]
        for _ in range(24):
            aside = 1e-4 * scale * self.rng.uniform(-1, 1, unit.shape)
            up, down = (self.moved(k, 1.0, aside + side * unit) for side in (1, -1))
            found.append(sum((u * (a - b)).sum() for u, a, b in zip(self.us, up, down)) / (2 * step))
        return min(found) - slack <= got <= max(found) + slack

    def fits(self, k, i, row, doubt, phi, uncertain=UNCERTAIN):
        """(does the gradient equal the slope of this element, is that slope known well enough to tell?)"""
        got, expected, size = self.got[k].flat[i], row @ self.u, np.abs(row) @ np.abs(self.u)
        doubt, lost = np.abs(self.u) @ doubt, ROUNDING * np.abs(self.u).sum()
        clear = doubt <= uncertain * size + 1e3 * lost + 1e-9 * np.abs(self.u) @ np.abs(phi(0.0))
        allowed = 10 * self.rtol * max(size, abs(got)) + 20 * doubt + lost
        return bool(clear and abs(got - expected) <= allowed), bool(clear)

    def excuse(self, k, i, row, phi, clear):
        """Why the difference between gradient and slope tells nothing here, or "": what rounding could explain it?"""
        got, size, where = self.got[k].flat[i], np.abs(row) @ np.abs(self.u), self.place(k, i)
        if not np.isfinite(got):
            return ""

        def rule(t):
            xs = [*self.xs[:k], displaced(self.xs[k], t * unit), *self.xs[k + 1:]]
            return np.atleast_1d(np.asarray(self.f.gradients(xs, self.us)[k], float).flat[i])
        unit = np.zeros(self.xs[k].shape)
        unit.flat[i] = step = scales(self.xs[k])[1].flat[i]
        of_values = noise(phi)
        row, doubt, _ = self.row(k, i, of_values)
        off = abs(got - row @ self.u)
        if off <= 20 * np.abs(self.u) @ doubt or not clear and not np.isfinite(doubt).all():
            lost = float(np.abs(self.u) @ (np.zeros(row.shape) + of_values)) * step
            return (f"the slope of {self.name} at {where} can't be told, because differences scatter: " + (
                f"rounding or noise of about {lost:.1g} inside it hides slopes" if lost > 1e-15 * self.total else
                "noise, or features far narrower than the input is large"))
        if self.f.rounds(self.xs, self.us):
            return ""                       # to float32: that is the mistake
        of_rule = float(noise(rule)[0])
        if off <= 20 * of_rule:
            return (f"whether the gradient of {self.name} is right at {where} can't be told, because the rule itself "
                    f"is uncertain by about {of_rule:.1g} there: something cancels inside it (got {got:.6g}, measured "
                    f"{row @ self.u:.6g})")
        if off <= 1e-3 * size:              # as of a solver that stops when it is precise enough
            jump = max(float(np.max(np.abs(self.u) @ jumps(phi))), float(jumps(rule).max()))
            if off <= 100 * jump:
                return (f"whether the gradient of {self.name} is right at {where}, better than by {off / size:.0e}, "
                        f"can't be told, because values jump nearby, by about {jump:.1g}: a loop that stops early?")
        return ""

    @property
    def name(self):
        return f"the gradient of {self.f.name}" if self.f.depth else self.f.name

    def place(self, k, i):
        return f"{self.f.arguments[k]}{_index(self.xs[k], i)} = {self.xs[k].flat[i]:.6g}"

    def row(self, k, i, noisy=0.0):
        """(dy/dx for one element of argument k and all of y, its uncertainty, the function that was measured)."""
        least = None
        for scale in scales(self.xs[k]):
            unit = np.zeros(self.xs[k].shape)
            unit.flat[i] = scale.flat[i]

            def phi(t, unit=unit, step=scale.flat[i]):
                return np.concatenate([y.ravel() for y in self.moved(k, t, unit)]) / step
            slope, doubt = derivative(phi, noise=noisy, lost=ROUNDING)
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
                self.same_but_for_rounding(k, g, h)
                i = int(np.argmax(np.where(np.isfinite(h), np.abs(g - h), np.inf)))
                index = _index(g, i)
                raise GradientError(
                    f"{self.f.derivative_in(k)} depends on how it is computed: at {index} {g.flat[i]:.8g} from arrays, "
                    f"but {h.flat[i]:.8g} where backward is recorded (create_graph)",
                    self.f.name, self.f.arguments[k], tuple(index), float(h.flat[i]), float(g.flat[i]),
                    ["the rule computes something else from tensors than from arrays"], self.seed)

    def same_but_for_rounding(self, k, g, h):
        """CannotTell where gradients differ by no more than the rounding inside the rule."""
        direction = scales(self.xs[k])[0]
        lost = noise(lambda t: np.asarray(self.f.gradients(
            [x + t * direction if j == k else x for j, x in enumerate(self.xs)], self.us)[k], float))
        if (np.abs(g - h) <= 20 * lost).all() and not self.f.rounds(self.xs, self.us):
            raise CannotTell(f"check_gradients: whether the gradient of {self.name} is right can't be told here: the "
                             f"rule is uncertain by {np.max(lost):.1g}, because something cancels inside it")

    def or_explain(self, gradients):
        """The gradients; or, where the vjp raises, that as a GradientError."""
        try:
            return gradients()
        except Exception as error:
            text, mine = str(error), f"{self.f.name}: its vjp "
            text = text if text.startswith(mine) else f"{mine}raises {type(error).__name__}: {text}"
            raise GradientError(text, self.f.name, words=misshapen(self.f, self.xs)) from error


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
