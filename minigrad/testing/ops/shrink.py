"""The smallest case that shows a failure: found by Hypothesis, or made from one that failed."""
import numpy as np
from hypothesis import HealthCheck, Phase, given, seed as seeded, settings

from ..arrays import kept
from ..gradients.compare import CannotTell
from .properties import Trial, Undefined


def shrunk(op, property, failed, strategy, how):
    """(case, error): the smallest case on which an op lacks a property; failed: some, with their errors."""
    smallest = min(failed, key=lambda f: (sum(x.size for x in f[0][0]), len(f[0][1])))
    tries = [smallest]
    if strategy is not None:
        tries.append(by_hypothesis(op, property, strategy, how, smallest[1]))
    tries.append(one_element(op, property, smallest, how))
    return min((t for t in tries if t), key=lambda t: length(t[0][0]))


def length(inputs):
    """How long a case is to read: its elements and axes, then the digits of its numbers."""
    digits = sum(len(f"{v:g}") for x in inputs for v in x.ravel()[:8])
    return sum(max(x.size, 0.5) + x.ndim for x in inputs) + 0.01 * digits


def lacks(op, property, case, how, like):
    """The error if an op lacks a property on a case in the same way, or None; like: the error that was seen."""
    try:
        with kept(case[0]):
            property(Trial(op, *case, **how))
    except (CannotTell, Undefined):
        return None
    except Exception as error:
        same = type(error) is type(like) and (error.__cause__ is None) == (like.__cause__ is None)
        return error if same else None
    return None


def by_hypothesis(op, property, strategy, how, like):
    """What Hypothesis finds and makes small, if it finds anything."""
    found = []

    @seeded(how["seed"])
    @settings(max_examples=100, deadline=None, database=None, print_blob=False, report_multiple_bugs=False,
              phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck))
    @given(strategy)
    def holds(case):
        error = lacks(op, property, case, quick, like)
        if error:
            found.append(case)
            raise AssertionError
    quick = {**how, "explain": False}
    try:
        holds()
    except Exception:
        error = lacks(op, property, found[-1], how, like)       # none where it lacks it now and then
        return (found[-1], error) if error else None
    return None


def one_element(op, property, failed, how):
    """Of an elementwise op, one element of a case that failed, with as few digits as show it."""
    (inputs, params), like = failed
    try:
        spread = np.broadcast_arrays(*inputs)
    except ValueError:
        return None
    if not op.elementwise or len({x.shape for x in spread}) > 1:
        return None
    for i in np.ndindex(spread[0].shape):
        case = [np.asarray(x[i]) for x in spread], params
        error = lacks(op, property, case, how, like)
        if error:
            for k in [k for k, x in enumerate(case[0]) if x.dtype.kind != "b"]:
                for shorter in (1.0, 2.0, 0.5, *(np.round(case[0][k], n) for n in range(2))):
                    trial = [np.asarray(shorter, x.dtype) if j == k else x for j, x in enumerate(case[0])], params
                    less = lacks(op, property, trial, how, like)
                    if less:
                        case, error = trial, less
                        break
            return case, error
    return None
