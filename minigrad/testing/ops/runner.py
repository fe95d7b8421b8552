"""check_op: every property of an operation, on a covering set of cases and then on others, by chance.

All properties that fail are reported; the first with its smallest case, as a few lines that reproduce it, and with what
may be the mistake, which is told from an ordinary case: in one element at 0 anything fits.
"""
import time
from dataclasses import dataclass, field

import numpy as np

from ..adapters import adapted
from ..gradients.compare import CannotTell, GradientError
from .cases import in_small_pieces
from .chance import oddness
from .choose import choose
from .properties import ONCE, PROPERTIES, Trial, Undefined, gradients, ties_share
from .repairs import suggestion
from .shrink import shrunk
from .snippets import snippet

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
    order       1: first derivatives only
    rtol        how far gradients may be off the measured slopes, relative to their size
    skip        names of properties to leave out

        mg.testing.check_op(my_op)

    Its blind spots, each of which passes: a mistake for inputs that no case has (a branch for x > 1e4 alone); one
    smaller than rtol, or hidden in rounding; features narrower than 1e-5 of the input; at a kink, any slope between
    those of both sides; a forward and a vjp that agree and are both not what you meant, where no reference is given;
    params whose values can't be guessed (a remark names them); what differs on a GPU or in float16.
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
    order = min(order, getattr(op, "highest_order", order))
    reference = reference or reference_of(op)
    properties = [p for p in properties if p.__name__ not in named(skip)]
    with np.errstate(all="ignore"), in_small_pieces():
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
        self.undefined, self.untold = 0, []

    def through(self):
        left = AFTER
        for number, case in enumerate(self.chosen.cases):
            if self.failures and not (left := left - 1):
                break
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
        if self.untold:
            self.result.remarks.append(f"in {len(self.untold)} of {count} cases: {self.untold[0]}")

    def try_case(self, case, first):
        trial, undefined = Trial(self.op, *case, **self.how), False
        for property in self.properties:
            if property in ONCE and not first:
                continue
            try:
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
        first, *others = sorted(self.failures, key=lambda p: self.properties.index(p) if p in self.properties else -1)
        failed = self.failures[first]
        words, edit = self.words(failed), ""
        ours = not hasattr(self.op, "highest_order")            # we edit no other framework's rule
        if ours and self.how["explain"] and isinstance(failed[0][1], GradientError):
            edit = suggestion(self.op, [c for c, _ in failed], self.fresh, self.how)
        case, error = shrunk(self.op, first, failed, self.chosen.strategy, self.how) if shrink else failed[0]
        if isinstance(error, GradientError):
            error.words = words
        text = str(error) if isinstance(error, AssertionError) else f"{type(error).__name__}: {error}"
        also = "".join(f"It also lacks: {doc(p)}.\n" for p in others if self.tells_more(p, first))
        at = next((i for i in map(text.find, ("\n  likely: ", "\n  (random ")) if i > 0), len(text.rstrip())) + 1
        code = "\n    ".join(snippet(self.op, *case, self.how["seed"]))
        return (f"{self.op.name} lacks a property: {doc(first)}.\n{text[:at].rstrip()}\n{edit}{text[at:].rstrip()}\n"
                f"The smallest case that shows it (seed={self.how['seed']}):\n\n    {code}\n{also}")

    def tells_more(self, property, first):
        """Is a failed property more than another sign of the first?"""
        mine, its = self.failures[property][0][1], self.failures[first][0][1]
        raises = its.__cause__ or its
        return not (str(mine) == str(raises) or first is gradients and property is ties_share)

    def words(self, failed):
        """The mistakes that explain all ordinary cases in which the same argument is wrong."""
        ordinary = [error for case, error in sorted(failed, key=lambda f: oddness(f[0]))
                    if isinstance(error, GradientError)]
        if not ordinary:
            return []
        alike = [e for e in ordinary[:4] if e.argument == ordinary[0].argument and e.words]
        return [w for w in ordinary[0].words if all(general(w) in map(general, e.words) for e in alike)]

    def fresh(self):
        """Cases that were not looked at yet."""
        return choose(self.op, None, 24, self.how["seed"] + 1).cases if not self.chosen.given else self.chosen.cases


def undefined_everywhere(t):
    """it has a value that is a finite number for some inputs"""
    if not t.finite:
        raise AssertionError(f"{t.op.name} is not finite here: declare its domain=")


def doc(property):
    return " ".join(property.__doc__.split())


def general(words):
    """Words without what depends on the case."""
    return words.partition(" (")[0]
