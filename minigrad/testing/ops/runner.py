"""check_op: every property of an operation, on inputs that Hypothesis draws from its domain.

The first case that breaks a property is shrunk to the smallest that does, and shown as a few lines that reproduce it.
"""
import time
from dataclasses import dataclass

import numpy as np

from ..gradients.compare import GradientError
from .cases import cases, in_small_pieces
from .properties import PROPERTIES, Trial
from .snippets import snippet


@dataclass
class Verdict:
    """What check_op found of one op."""
    name: str
    properties: int = 0
    examples: int = 0
    worst: float = 0.0          # the largest relative error of a gradient (gradients.Report)
    seconds: float = 0.0
    failure: str = ""           # "" if every property held

    @property
    def passed(self):
        return not self.failure


class Failed(AssertionError):
    """An operation lacks a property; the message names it and shows the smallest case."""


def check_op(op, *, inputs=None, reference=None, examples=50, seed=0, order=2, properties=PROPERTIES):
    """Check every property of an op on inputs from its domain; a Verdict, or Failed with the smallest counterexample.

    inputs      what to feed it: a Hypothesis strategy, or a list, of cases (list of arrays, dict of params);
                default: drawn as the op's own declaration says, from its domain and shapes
    reference   a function of arrays with the same value; default: NumPy's of the same name, for minigrad's ops
    examples    how many cases to draw;  seed: of the draw, so that the same cases come each time
    order       1: first derivatives only

        mg.testing.check_op(my_op)
    """
    result = run(op, inputs=inputs, reference=reference, examples=examples, seed=seed, order=order,
                 properties=properties)
    if result.failure:
        raise Failed(result.failure)
    return result


def run(op, *, inputs=None, reference=None, examples=50, seed=0, order=2, properties=PROPERTIES, shrink=True):
    """As check_op, but a failure comes back in the Verdict; without shrinking, of the first case that shows it."""
    from hypothesis import HealthCheck, Phase, given, seed as seeded, settings, strategies as st
    if isinstance(inputs, list):
        examples, inputs = len(inputs), st.sampled_from(inputs)
    strategy = cases(op) if inputs is None else inputs
    reference = reference or reference_of(op)
    result, broken, mistakes = Verdict(op.name, len(properties)), {}, []
    start = time.perf_counter()

    @seeded(seed)
    @settings(max_examples=examples, deadline=None, database=None, print_blob=False, report_multiple_bugs=False,
              phases=[Phase.generate, Phase.shrink][:1 + shrink], suppress_health_check=list(HealthCheck))
    @given(strategy)
    def holds(case):
        trial = Trial(op, *case, reference=reference, order=order, seed=seed)
        result.examples += not broken
        with np.errstate(all="ignore"):
            for property in properties:
                try:
                    property(trial)
                except Exception as error:
                    broken.update(property=property, case=case, error=error)
                    if isinstance(error, GradientError):
                        mistakes.append((error.argument, {_general(w): w for w in error.words}))
                    raise
        result.worst = max(result.worst, trial.worst)

    try:
        with in_small_pieces():
            holds()
    except Exception:
        if not broken:
            raise
        result.failure = _explain(op, broken["property"], broken["case"], broken["error"], mistakes, seed)
    result.seconds = time.perf_counter() - start
    return result


def reference_of(op):
    """What the op's values are compared with: its declared reference, or NumPy's function of the same name."""
    return op.reference or (getattr(np, op.name, None) if op.native else None)


# -- what to say of a failure ----------------------------------------------------------------------------------------
def _general(words):
    """Words without what depends on the case."""
    return words.partition(" (")[0]


def _common(error, mistakes):
    """Of the mistakes that explain the smallest case, those that explain all that failed in the same argument."""
    others = [found for argument, found in mistakes if argument == error.argument]
    return [w for w in error.words if all(_general(w) in found for found in others)]


def _explain(op, property, case, error, mistakes, seed):
    """Which property, the error, and lines that reproduce it."""
    if isinstance(error, GradientError):
        error.words = _common(error, mistakes)
    words = str(error) if isinstance(error, AssertionError) else f"{type(error).__name__}: {error}"
    return (f"{op.name} lacks a property: {' '.join(property.__doc__.split())}.\n{words.rstrip()}\n"
            f"The smallest case that shows it (seed={seed}):\n\n    " + "\n    ".join(snippet(op, *case, seed)) + "\n")
