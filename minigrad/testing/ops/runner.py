"""check_op: every property of an operation, on a covering set of cases and then on others, by chance.

All properties that fail are reported; the first with its smallest case, as a few lines that reproduce it, and with what
may be the mistake, which is told from an ordinary case: in one element at 0 anything fits.
"""
import re
import time
import warnings
from dataclasses import dataclass, field

import numpy as np

from ...engine.ops.conv import in_pieces
from ..adapters import adapted
from ..arrays import kept
from ..gradients.compare import CannotTell, GradientError
from ..gradients.functions import argument_names
from .choose import choose
from .properties import (
    ONCE,
    PROPERTIES,
    SPOILING,
    Trial,
    Undefined,
    adjoint,
    gradients,
    ties_share,
)
from .repairs import suggestion
from .shrink import shrunk
from .snippets import snippet
from .varied import oddness

AFTER = 12          # how many more cases are tried after the first that fails, to see what else fails and how


@dataclass
class Verdict:
    """What check_op found of one op."""
    name: str
    properties: int = 0
    examples: int = 0           # how many cases were tried; of an op that failed, up to the first that showed it
    worst: float = 0.0          # the largest relative error of a gradient (gradients.Report)
    seconds: float = 0.0
    failure: str = ""           # "" if every property held
    lacks: list = field(default_factory=list)       # the names of the properties that failed
    remarks: list = field(default_factory=list)     # what was not tried, or could not be told, in words

    @property
    def passed(self):
        return not self.failure


class Failed(AssertionError):
    """An operation lacks a property; the message names it and shows the smallest case."""


def check_op(op, *, inputs=None, reference=None, examples=50, seed=0, order=2, rtol=1e-9, skip=(),
             properties=PROPERTIES):
    """Check every property of an op on inputs from its domain; a Verdict, or Failed with the smallest counterexample.

    op          minigrad's or yours; or a torch.autograd.Function, a jax.custom_vjp, ... (adapters.py)
    inputs      what to feed it: a list, or a Hypothesis strategy, of cases (list of arrays, dict of params);
                default: made from the op's own declaration, its domain, shapes, cases and params (covering.py)
    reference   a function of arrays with the same value; default: what the op's declaration says
    examples    how many cases to try;  seed: of the draw, so that the same cases come each time, in every process
    order       1: first derivatives only; or as the op's declaration says (Op.describe: order, rtol)
    rtol        how far gradients may be off the measured slopes, relative to their size
    skip        names of properties to leave out

        mg.testing.check_op(my_op)

    Its blind spots, each of which passes: a mistake for inputs that no case has (a branch for x > 1e4 alone); one
    smaller than rtol, or hidden in rounding; features narrower than 1e-5 of the input; at a kink, any slope between
    those of both sides; a forward and a vjp that agree and are both not what you meant, where no reference is given;
    params whose values can't be guessed, and inputs that have no rule (remarks name both); what differs on a GPU or
    in float16.
    """
    __tracebackhide__ = True
    result = run(op, inputs=inputs, reference=reference, examples=examples, seed=seed, order=order, rtol=rtol,
                 skip=skip, properties=properties)
    if result.failure:
        raise Failed(result.failure)
    return result


def run(op, *, inputs=None, reference=None, examples=50, seed=0, order=2, rtol=1e-9, skip=(), properties=PROPERTIES,
        shrink=True, explain=True):
    """As check_op, but a failure comes back in the Verdict; without shrinking, of the first case that shows it, and
    without explaining, sooner."""
    start, op = time.perf_counter(), adapted(op)
    order = min(order, op.order or order, getattr(op, "highest_order", order))
    rtol = max(rtol, op.rtol or 0)
    reference = reference or reference_of(op)
    left_out = {*named(skip), *getattr(op, "left_out", ())}
    properties = [p for p in properties if p.__name__ not in left_out]
    with np.errstate(all="ignore"), in_pieces(), warnings.catch_warnings():
        for kind in (RuntimeWarning, UserWarning):              # "mean of empty slice": cases are meant to be hard
            warnings.simplefilter("ignore", kind)
        chosen = choose(op, inputs, examples, seed)
        result = Verdict(op.name, len(properties), remarks=list(chosen.remarks))
        search = Search(op, chosen, properties, result, dict(reference=reference, order=order, seed=seed, rtol=rtol,
                                                               explain=explain))
        search.through()
        if search.failures:
            result.failure = search.explained(shrink)
    result.seconds = time.perf_counter() - start
    return result


def named(skip):
    """The names of properties, checked."""
    known = [p.__name__ for p in PROPERTIES]
    skip = [skip] if isinstance(skip, str) else list(skip)
    unknown = [name for name in skip if name not in known]
    if unknown:
        raise ValueError(f"there is no property {unknown[0]!r} to skip; the properties are {', '.join(known)}")
    return skip


def reference_of(op):
    """What the op's values are compared with: its declared reference, or NumPy's function of the same name."""
    return op.reference or (getattr(np, op.name, None) if op.native else None)


class Search:
    """The walk through the cases: which properties failed, on which cases, and with which errors."""

    def __init__(self, op, chosen, properties, result, how):
        self.op, self.chosen, self.properties, self.result, self.how = op, chosen, properties, result, how
        self.failures = {}                  # property -> [(case, error)]
        self.undefined, self.untold, self.tried = 0, [], []

    def through(self):
        left = AFTER
        for number, case in enumerate(self.chosen.cases):
            if self.failures and not (left := left - 1):
                break
            self.tried.append(case)
            self.try_case(case, first=not number)
            self.result.examples += not self.failures or left == AFTER
        count = len(self.chosen.cases)
        self.result.lacks = [p.__name__ for p in self.properties if p in self.failures]
        if self.undefined == count and not self.failures:
            self.failures[undefined_everywhere] = [(self.chosen.cases[0], AssertionError(
                f"{self.op.name} is finite for none of the {count} cases that were tried: declare its domain="))]
        elif self.undefined > count / 5:
            self.result.remarks.append(f"not finite in {self.undefined} cases, which tell nothing of its derivative: "
                                       "declare its domain=")
        if names := without_rules(self.op, self.chosen.cases[0]):
            self.result.remarks.append(f"{', '.join(names)}: no rule, though the result depends on it: it gets no "
                                       "gradient")
        if self.untold:
            self.result.remarks.append(f"in {len(self.untold)} of {count} cases: {self.untold[0]}")

    def try_case(self, case, first):
        trial, undefined = Trial(self.op, *case, **self.how), False
        for property in self.properties:
            if property in ONCE and not first:
                continue
            try:
                with kept(case[0]):
                    property(trial)
            except Undefined:
                undefined = True
            except CannotTell as doubt:
                self.untold.append(str(doubt).removeprefix("check_gradients: "))
            except Exception as error:
                self.failures.setdefault(property, []).append((case, error))
        self.undefined += undefined
        self.result.worst = max(self.result.worst, trial.worst)

    # -- what to say of a failure ------------------------------------------------------------------------------------
    def explained(self, shrink):
        """Which properties, the error, what may be the mistake, and lines that reproduce it."""
        spoils = [p for p in SPOILING if p in self.failures and type(self.failures[p][0][1]) is AssertionError]
        first, *others = sorted(self.failures, key=[*spoils, *self.properties, undefined_everywhere].index)
        failed, wrong = of_least_order(self.failures[first]), of_least_order(self.failures.get(gradients, []))
        words, edit = self.words(wrong), ""
        ours = not hasattr(self.op, "framework")                # we edit no other framework's rule
        if ours and self.how["explain"] and wrong and isinstance(wrong[0][1], GradientError):
            edit = suggestion(self.op, [c for c, _ in wrong], self.fresh, self.how)
        case, error = shrunk(self.op, first, failed, self.chosen.strategy, self.how) if shrink else failed[0]
        text = error.args[0] if isinstance(error, GradientError) else \
            str(error) if isinstance(error, AssertionError) else f"{type(error).__name__}: {error}"
        where = (ours and wrong and unread(self.op, [c for c, _ in wrong])) or self.where(failed)
        likely = "".join(f"  likely: {w}\n" for w in words[:3 - bool(where)])
        advice = edit + (where + likely if np.isfinite(getattr(error, "got", None) or 0) else likely + where)
        code = "\n    ".join(snippet(self.op, *case, self.how["seed"]))
        also = "; ".join(doc(p) for p in others if self.tells_more(p, first))
        return (f"{self.op.name} lacks a property: {doc(first)}.\n{text.rstrip()}\n{advice}"
                f"The smallest case that shows it (seed={self.how['seed']}):\n\n    {code}\n"
                + (f"It also lacks: {also}.\n" if also else ""))

    def tells_more(self, property, first):
        """Is a failed property more than another sign of the first?"""
        mine, its = self.failures[property][0][1], self.failures[first][0][1]
        raises = its.__cause__ or its
        same = type(mine) is type(raises) and not isinstance(mine, AssertionError)
        return not (same or str(mine) == str(raises) or first is gradients and property in (ties_share, adjoint))

    def words(self, failed):
        """The mistakes that explain most ordinary cases in which the same argument is wrong."""
        failed = [(c, e) for c, e in sorted(failed, key=lambda f: oddness(f[0])) if isinstance(e, GradientError)]
        arguments = [e.argument for _, e in failed]
        mine = [(c, e) for c, e in failed if e.argument == max(arguments, key=arguments.count)]
        # of a few numbers anything can be said
        large = [e.words for c, e in mine if max(x.size for x in c[0]) > 3] or [e.words for _, e in mine]
        told = [words for words in large if words]
        said, least = [{general(w) for w in words} for words in told[:8]], min(2, len(large))
        count = {w: sum(general(w) in s for s in said) for w in (told[0] if told else ())}
        return sorted((w for w, n in count.items() if n >= max(least, 0.6 * len(said))), key=count.get, reverse=True)

    def where(self, failed):
        """Where the op lacks the property, if all these cases have something in common and no other has it."""
        wrong = [c for c, _ in failed]
        right = [c for c in self.tried if not any(c is w for w in wrong)]
        if len(wrong) + len(right) < 6 or len(right) < 3:
            return ""
        common = set.intersection(*(marks(self.op, c) for c in wrong)).difference(*(marks(self.op, c) for c in right))
        common -= {text for text in common if any(c.startswith(text.split(" is not ")[0] + "=") for c in common)}
        told = f" (each of {len(wrong)} such cases, none of {len(right)} others)\n"
        return f"  likely: it is wrong only where {' and '.join(sorted(common)[:2])}{told}" if common else ""

    def fresh(self):
        """Cases that were not looked at yet."""
        return choose(self.op, None, 24, self.how["seed"] + 1).cases if not self.chosen.given else self.chosen.cases


def of_least_order(failed):
    """Of failed cases those where the first derivative is wrong; where none is, the second."""
    orders = [getattr(error, "order", 1) for _, error in failed]
    return [f for f, order in zip(failed, orders) if order == min(orders)]


def unread(op, cases):
    """A line on params that the rule does not look at, if each of these cases has another value of one of them."""
    defaults = {n: p.default for n, p in op.__signature__.parameters.items() if n in op.param_names}

    def given(inputs, params):
        made = op.forward(*inputs, **params)
        y, saved = made if op.saves else (made, None)
        kept = {"saved": saved} if op.saves else {}

        def results(other):
            return [rule(np.ones(np.shape(y)), y, *inputs, **{**params, **other}, **kept) for rule in op.rules if rule]
        return {n for n, value in params.items() if not isinstance(value, np.ndarray) and value != defaults.get(n)
                and all(map(np.array_equal, results({n: defaults[n]}), results({})))}
    try:
        found = [given(*case) for case in cases]
    except Exception:
        return ""
    return f"  likely: the rule does not use {' and '.join(sorted(set().union(*found)))}\n" if all(found) else ""


def marks(op, case):
    """What is special about a case, in words."""
    inputs, params = case
    shapes, numbers = [x.shape for x in inputs], [x for x in inputs if x.dtype.kind == "f" and x.size]
    defaults = {n: p.default for n, p in op.__signature__.parameters.items()}
    said = {f"{n} is not {defaults[n]!r}, its default": isinstance(v, np.ndarray) or v != defaults[n]
            for n, v in params.items() if n in defaults}
    said |= {f"{n}={v!r}": v != defaults.get(n) for n, v in params.items() if not isinstance(v, np.ndarray)}
    return {text for text, true in (said | {
        "an input is empty": any(0 in s for s in shapes), "an axis has length 1": any(1 in s for s in shapes),
        "inputs are stretched to fit": len({s for s in shapes}) > 1 and op.elementwise,
        "the last axis has an even length": any(s and s[-1] and s[-1] % 2 == 0 for s in shapes),
        "the last axis has an odd length": any(s and s[-1] % 2 for s in shapes),
        "an input has more than 2 axes": any(len(s) > 2 for s in shapes), "an input is a number": () in shapes,
        "numbers are large (beyond 20)": any(np.abs(x).max() > 20 for x in numbers),
        "an input contains 0": any((x == 0).any() for x in numbers),
        "inputs are not contiguous in memory": not all(x.flags.c_contiguous for x in inputs)}).items() if true}


def without_rules(op, case):
    """The names of the real inputs that move the result and have no rule: forgotten, or meant as constants."""
    inputs, params = case
    if op.joint or not op.rules:
        return []

    def value(k, x):
        return np.asarray(op(*(x if i == k else v for i, v in enumerate(inputs)), **params))
    missing = [k for k, (x, rule) in enumerate(zip(inputs, op.rules)) if rule is None and x.dtype.kind == "f"]
    return [name for k, name in enumerate(argument_names(op, op.arity)) if k in missing
            and np.any(value(k, inputs[k]) != value(k, inputs[k] * (1 + 1e-6)))]


def undefined_everywhere(t):
    """it has a value that is a finite number for some inputs"""
    if not t.finite:
        raise AssertionError(f"{t.op.name} is not finite here: declare its domain=")


def doc(property):
    return " ".join(property.__doc__.split())


def general(words):
    """Words without what depends on the case, which stands in brackets at their end or behind a semicolon."""
    return re.sub(r" \([^()]*\)$", "", words).partition(";")[0]
