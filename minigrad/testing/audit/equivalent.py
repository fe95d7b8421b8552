"""Is a change that no check noticed a mistake at all?  Measured: its gradients beside those of the rule as it is.

Many changes leave every gradient as it is: what is done to a zero, an operand of which only the shape is used, another
way to the same numbers.  No list of them is kept, which would excuse real mistakes some day.  A mutant is no mistake
where first and second derivatives agree with those of the rule to nine digits on eight times as many cases as are
checked, of another seed, on some of them far out and close to 0, and at the conventions.  No input is infinite there.
"""
import numpy as np

from ...engine.tensor import Tensor, backpropagate
from ..arrays import alike
from ..ops.choose import choose
from ..ops.properties import Trial

TIMES = 8                                   # as many cases as are checked
SCALES = (1e6, 1e-6)                        # and some of them so much larger and smaller


def wide_cases(op, examples, seed=0):
    """Cases that the checks do not look at, larger and smaller ones too, and the points that have conventions."""
    cases = choose(op, None, TIMES * examples, seed + 1).cases
    scaled = [([x * factor if x.dtype.kind == "f" else x for x in inputs], params)
              for factor in SCALES for inputs, params in cases[:examples]]
    at_conventions = [([np.asarray(x) for x in inputs], params) for inputs, params, _ in op.conventions]
    return cases + scaled + at_conventions


def same_gradients(op, broken, cases):
    """On how many cases a mutant gives the gradients of the op; 0 if it does not on one of them."""
    compared = 0
    for number, case in enumerate(cases):
        try:
            right = derivatives(Trial(op, *case), number)
        except Exception:
            continue                        # the op itself does not go there
        try:
            found = derivatives(Trial(broken, *case), number)
        except Exception:
            return 0
        if not all(map(_equal, found, right)):
            return 0
        compared += 1
    return compared


def _equal(a, b):
    if a is None or b is None:
        return a is b
    return a.dtype == b.dtype and alike(a, b)


def derivatives(trial, seed):
    """The gradients for a random cotangent, and the slopes of a function of them: the second order."""
    leaves, y, _ = trial.recorded()
    wanted = [x for x, r in zip(leaves, trial.real) if r]
    cotangent = Tensor(np.asarray(np.random.default_rng(seed).standard_normal(y.shape)), requires_grad=True)
    found = backpropagate(y, cotangent, create_graph=True)
    first = [found.get(x) for x in wanted]
    slope = sum(((d * d * 0.5 + d).sum() for d in first if d is not None), start=Tensor(np.zeros(())))
    second = backpropagate(slope) if slope.requires_grad else {}
    return [*(None if d is None else d._data for d in first),
            *(np.asarray(second.get(x, np.zeros(x.shape))) for x in (*wanted, cotangent))]
